from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from spotify_etl.catalog import connect, refresh
from spotify_etl.questions import shipped
from spotify_etl.sql import run
from tests.unit.sql.lakes import Lake

Ask = Callable[[str], list[tuple[Any, ...]]]
Answer = Callable[..., list[dict[str, Any]]]


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


@pytest.fixture
def answer(lake: Lake) -> Answer:
    """Publish the lake and ask it a query that ships: values bound, and written into it, which is the same."""

    def _answer(name: str, **given: str) -> list[dict[str, Any]]:
        refresh(lake.root)
        asked = shipped(name, given)
        with closing(connect(lake.root)) as connection:
            bound = run(connection, asked.sql, asked.values)
            assert run(connection, asked.with_literals()) == bound
        return [dict(zip(bound.columns, row, strict=True)) for row in bound.rows]

    return _answer
