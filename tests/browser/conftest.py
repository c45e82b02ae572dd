"""A real browser, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.browser.devtools import Browser, executable, started
from tests.unit.report import libraries

Report = Callable[[Callable[[Path], Path]], Path]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = executable()
    if found is None:
        pytest.skip("no Chromium here: install one (Debian: chromium-headless-shell) or name it in CHROMIUM")
    with started(found, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Give the file of the report on a library, which is made once."""

    @cache
    def _report(make: Callable[[Path], Path]) -> Path:
        folder = tmp_path_factory.mktemp("report")
        path = folder / "report.html"
        path.write_text(libraries.html(make(folder / "lake")), encoding="utf-8")
        return path

    return _report
