"""Trino on an emulated AWS, started once; `ask` and `answer` of the tests on DuckDB, asked of both engines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from spotify_etl.catalog import connect, published, refresh
from spotify_etl.questions import shipped
from spotify_etl.sql import QueryResult, run
from tests.stack.emulator import PYTHON, REGION, Emulator
from tests.trino.both_engines import same, selects
from tests.trino.catalogue import Catalogue
from tests.trino.registered import Registered
from tests.trino.server import Trino
from tests.unit.sql.conftest import Answer, Ask
from tests.unit.sql.lakes import Lake
from tools.trino_server import TrinoMissingError, trino_server

AWS = Path(__file__).parents[1] / "stack" / "emulated_aws.py"
JAVA_PYTHON = Path(os.environ.get("TRINO_PYTHON", PYTHON.parents[2] / ".venv-trino" / "bin" / "python"))


@pytest.fixture(scope="session")
def catalogue() -> Iterator[Catalogue]:
    for python in (PYTHON, JAVA_PYTHON):
        if not python.exists():
            pytest.fail(f"{python} is not there: make test-trino makes it")
    try:
        home = trino_server()
    except TrinoMissingError as error:
        pytest.skip(str(error))
    with Emulator(program=AWS) as aws, Trino(home, JAVA_PYTHON, aws_url=aws.url, region=REGION) as trino:
        yield Catalogue(aws, trino)


@pytest.fixture(scope="session")
def registered(catalogue: Catalogue) -> Registered:
    return Registered(catalogue)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def ask(lake: Lake, registered: Registered) -> Ask:
    """Ask the lake as it is at that moment, with the views as DuckDB shows them, on both engines."""

    def _ask(sql: str) -> list[tuple[Any, ...]]:
        with closing(connect(lake.root)) as connection:
            here = run(connection, sql)
        if selects(sql):
            _agree(registered, lake, here, sql)
        return here.rows

    return _ask


@pytest.fixture
def answer(lake: Lake, registered: Registered) -> Answer:
    """Publish the lake and ask both engines a query that ships: values bound here, written into it there."""

    def _answer(name: str, **given: str) -> list[dict[str, Any]]:
        refresh(lake.root)
        asked = shipped(name, given)
        with closing(connect(lake.root)) as connection:
            here = run(connection, asked.sql, asked.values)
        _agree(registered, lake, here, asked.with_literals())
        return [dict(zip(here.columns, row, strict=True)) for row in here.rows]

    return _answer


def _agree(registered: Registered, lake: Lake, here: QueryResult, sql: str) -> None:
    there = registered.database(lake.root, published(lake.root)).ask(sql)
    assert same(here, there, sql, loosely=True) == []
