from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.unit.report import libraries

Page = Callable[[Callable[[Path], Path]], str]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Give the page on a library, which is made once."""
    return cache(lambda make: libraries.html(make(tmp_path_factory.mktemp("library") / "lake")))
