"""Every SQL file that ships, on Trino and on DuckDB, over what the job wrote: the sample's thirteen dates."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

import athena
from spotify_etl.catalog import TRANSFORMED, connect
from spotify_etl.parameters import Value
from spotify_etl.questions import shipped
from spotify_etl.sql import run
from tests.trino.both_engines import same
from tests.trino.catalogue import Catalogue, Database

FILES = sorted(path.relative_to(athena.FOLDER).as_posix() for path in athena.FOLDER.rglob("*.sql"))


@dataclass(frozen=True)
class Both:
    """The lake on both engines, and how many rows were compared of each file."""

    local: duckdb.DuckDBPyConnection
    remote: Database
    compared: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def both(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    root = tmp_path_factory.mktemp("sample") / "lake"
    command = Path(sys.executable).with_name("spotify-etl")
    subprocess.run([command, "run", "--sample", "--lake", root], check=True, capture_output=True)
    remote = catalogue.register(root / TRANSFORMED)
    remote.publish()
    with closing(connect(root)) as local:
        yield Both(local, remote)


def test_the_engine_publishes_what_the_command_does(both: Both) -> None:
    literals = both.remote.ask(athena.publication())
    here = run(both.local, athena.publication())
    assert same(here, literals, athena.publication()) == []
    assert literals.rows[0] != ("''",) * len(literals.columns)


@pytest.mark.parametrize("file", FILES)
def test_both_engines_answer_the_same(both: Both, file: str) -> None:
    sql, values, written = _asked(file)
    there = both.remote.ask(written)
    here = run(both.local, sql, values)
    assert same(here, there, written) == []
    both.compared[file] = len(here.rows)


def test_every_file_was_compared(both: Both) -> None:
    rows = sum(both.compared.values())
    print(f"\n{len(both.compared)} files, {rows} rows compared")  # noqa: T201  what the run is for
    assert sorted(both.compared) == FILES
    empty = {file for file, count in both.compared.items() if not count}
    # The sample has no stale playlist, and Spotify tells it no popularity; both have tests of their own with rows.
    assert empty == {"queries/popularity_of_songs.sql", "queries/stale_playlists.sql", "report/not_read.sql"}


def _asked(file: str) -> tuple[str, Mapping[str, Value], str]:
    """Return a file's statement, the values of its parameters, and the statement with these written into it."""
    folder, name = file.removesuffix(".sql").split("/")
    if folder == "views":
        sql = f"SELECT * FROM {name}"
    elif folder == "queries":
        asked = shipped(name)
        return asked.sql, asked.values, asked.with_literals()
    else:
        sql = (athena.FOLDER / file).read_text(encoding="utf-8")
        # The whole time, where the state machine gives a load's.
        for placeholder, value in {"since": "", "first_date": "2000-01-01", "last_date": "9999-12-31"}.items():
            sql = sql.replace(f"${{{placeholder}}}", value)
    return sql, {}, sql
