"""What a query reads is bounded as its header says: shown on a lake whose other files cannot be read.

A spoilt file keeps its footer, which every reader of Parquet reads first, and has no page that can be read any more. A
query that answers has read none of its rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

import athena
from load_transform.contract import DATASETS
from spotify_etl.catalog import connect, refresh
from spotify_etl.questions import shipped
from spotify_etl.sql import QueryError, run
from tests.unit.sql.lakes import Lake, track

NEWEST = "2026-01-04"
# Without it the footers alone would say that no row has been added.
ADDED = dt.datetime(2025, 6, 1)  # noqa: DTZ001
OLD = ("2026-01-01", "2026-01-02", "2026-01-03")

NOTHING: frozenset[str] = frozenset()
HISTORY = frozenset({"playlists_data"})
CHANGES = frozenset({"playlists_data", "playlist_items_data", "songs_data"})

# Tables of which a query reads dates other than the newest one. All queries are here: a new one has to say it.
READS_OLD_DATES: Mapping[str, frozenset[str]] = {
    "data_quality_by_date": NOTHING,
    "dormant_playlists": NOTHING,
    "duplicates_across_playlists": NOTHING,
    "duplicates_within_playlists": NOTHING,
    "explicit_share": NOTHING,
    "longest_standing_songs": NOTHING,
    "lost_and_unplayable_songs": CHANGES,
    "new_artists_by_month": NOTHING,
    "playlist_churn": CHANGES,
    "playlist_overlap": NOTHING,
    "popularity_by_date": frozenset({"songs_data", "playlists_data"}),
    "popularity_of_songs": frozenset({"songs_data", "playlists_data"}),
    "releases_per_decade": NOTHING,
    "songs_added_per_month": NOTHING,
    "stale_playlists": HISTORY,
    "top_artists": NOTHING,
}

FOOTER_LENGTH = 8
MAGIC = 4


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path)
    for number, date in enumerate((*OLD, NEWEST)):
        songs = [f"s{number}", "kept", "kept"]
        made.day(
            date,
            {"p": [track(song, added_at=ADDED) for song in songs], "q": ["kept"]},
            songs={song: {"popularity": number, "isrc": f"I-{song}", "explicit": True} for song in songs},
        )
    refresh(made.root)
    return made


def _spoil(lake: Lake, dataset: str, *dates: str) -> None:
    for date in dates:
        (path,) = (lake.transformed / dataset / f"extract_date={date}").glob("*.parquet")
        content = path.read_bytes()
        footer = int.from_bytes(content[-FOOTER_LENGTH:-MAGIC], "little") + FOOTER_LENGTH
        pages = len(content) - footer - MAGIC
        assert pages > 0
        path.write_bytes(content[:MAGIC] + b"\xff" * pages + content[-footer:])


def _answering(lake: Lake, queries: Iterable[str], **given: str) -> set[str]:
    """Return which of the queries answer, with values bound and written in alike; what is pruned is the same."""
    answering = set()
    with closing(connect(lake.root)) as connection:
        for name in queries:
            asked = shipped(name, given)
            told = {_answers(connection, asked.sql, asked.values), _answers(connection, asked.with_literals(), {})}
            assert len(told) == 1
            if told == {True}:
                answering.add(name)
    return answering


def _answers(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]) -> bool:
    try:
        run(connection, sql, values)
    except QueryError:
        return False
    return True


def test_every_query_is_here() -> None:
    assert set(READS_OLD_DATES) == set(athena.queries())


@pytest.mark.parametrize("dataset", [dataset.name for dataset in DATASETS])
def test_which_tables_a_query_reads_beyond_the_newest_date(lake: Lake, dataset: str) -> None:
    _spoil(lake, dataset, *OLD)
    fail = set(athena.queries()) - _answering(lake, athena.queries())
    assert fail == {name for name, tables in READS_OLD_DATES.items() if dataset in tables}


def test_since_and_until_bound_the_files_that_are_read(lake: Lake) -> None:
    names = ("popularity_by_date", "popularity_of_songs")
    _spoil(lake, "songs_data", "2026-01-01", NEWEST)
    assert not _answering(lake, names)
    assert _answering(lake, names, since="2026-01-02", until="2026-01-03") == set(names)
    assert not _answering(lake, names, since="2026-01-01", until="2026-01-03")
    assert not _answering(lake, names, since="2026-01-02", until=NEWEST)


def test_the_newest_date_is_read_by_whoever_asks_for_it(lake: Lake) -> None:
    for dataset in DATASETS:
        _spoil(lake, dataset.name, NEWEST)
    assert _answering(lake, athena.queries()) == {"data_quality_by_date"}
