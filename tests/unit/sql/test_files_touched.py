"""What a query reads is bounded as its header says: shown on a lake whose other files cannot be read.

A spoilt file keeps its footer, which every reader of Parquet reads first, and has no page that can be read any more. A
query that answers has read none of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

import athena
from load_transform.contract import DATASETS
from spotify_etl.catalog import connect, refresh
from spotify_etl.questions import shipped
from spotify_etl.sql import QueryError, run
from tests.unit.sql.lakes import Lake, track

NEWEST = "2026-01-04"
INSIDE = {"since": "2026-01-02", "until": "2026-01-03"}
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
            {"p": [track(song, added_at=None) for song in songs], "q": ["kept"]},
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


def _answers(lake: Lake, name: str, given: Mapping[str, str] | None = None) -> bool:
    """Ask with values bound and written into the statement; what is pruned is the same."""
    asked = shipped(name, given)
    told = []
    for sql, values in ((asked.sql, asked.values), (asked.with_literals(), {})):
        with closing(connect(lake.root)) as connection:
            try:
                run(connection, sql, values)
                told.append(True)
            except QueryError:
                told.append(False)
    assert len(set(told)) == 1
    return told[0]


def test_every_query_is_here() -> None:
    assert set(READS_OLD_DATES) == set(athena.queries())


@pytest.mark.parametrize("dataset", [dataset.name for dataset in DATASETS])
def test_which_tables_a_query_reads_beyond_the_newest_date(lake: Lake, dataset: str) -> None:
    _spoil(lake, dataset, *OLD)
    fails = {name for name in athena.queries() if not _answers(lake, name)}
    assert fails == {name for name, tables in READS_OLD_DATES.items() if dataset in tables}


@pytest.mark.parametrize("name", ["popularity_by_date", "popularity_of_songs"])
def test_since_and_until_bound_the_files_that_are_read(lake: Lake, name: str) -> None:
    _spoil(lake, "songs_data", "2026-01-01", NEWEST)
    assert not _answers(lake, name)
    assert _answers(lake, name, INSIDE)
    assert not _answers(lake, name, {**INSIDE, "until": NEWEST})


def test_the_newest_date_is_read_by_whoever_asks_for_it(lake: Lake) -> None:
    for dataset in DATASETS:
        _spoil(lake, dataset.name, NEWEST)
    assert [name for name in athena.queries() if _answers(lake, name)] == ["data_quality_by_date"]
