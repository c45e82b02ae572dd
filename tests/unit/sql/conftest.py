from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from spotify_etl.catalog import connect
from spotify_etl.sql import run
from tests.unit.sql.lakes import Lake

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def ask(lake: Lake) -> Iterator[Ask]:
    """Ask the lake as it is at that moment."""
    with ExitStack() as connections:

        def _ask(sql: str) -> list[tuple[Any, ...]]:
            return run(connections.enter_context(closing(connect(lake.root))), sql).rows

        yield _ask
