from __future__ import annotations

import datetime as dt
import re
from contextlib import closing

import pytest

import athena
from spotify_etl.catalog import connect, refresh
from spotify_etl.questions import shipped
from spotify_etl.sql import run
from tests.unit.sql.conftest import Ask
from tests.unit.sql.lakes import Lake, Row, null_item, track


def _at(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day, 12)  # noqa: DTZ001


@pytest.fixture
def library(lake: Lake) -> Lake:
    lake.day("2026-01-01", {"mix": ["gone"]})
    local = {
        "item_type": "local",
        "item_uri": "spotify:local:x",
        "item_name": "Mine",
        "item_artist_names": [],
        "added_at": _at(2019, 5, 31),
    }
    lake.day(
        "2026-01-02",
        {
            "mix": [
                track("a", added_at=_at(2020, 1, 1)),
                track("b", added_at=_at(2020, 1, 31)),
                track("a", added_at=_at(2021, 6, 1)),
                local,
                null_item(added_at=_at(2018, 1, 1)),
            ],
            "best": [track("a", added_at=_at(2019, 6, 1)), track("c")],
            "empty": [],
        },
        songs={
            "a": {"artist_ids": ["x", "y"], "explicit": True},
            "b": {"artist_ids": ["y"], "explicit": False},
            "c": {"artist_ids": ["z"], "album_id": "unknown-album"},
        },
    )
    return lake


def test_top_artists(library: Lake, ask: Ask) -> None:
    refresh(library.root)
    everyone = [("y", "Y", 2, 4, 3), ("x", "X", 1, 3, 3), ("z", "Z", 1, 1, 3)]
    assert ask(shipped("top_artists").with_literals()) == everyone
    assert ask(shipped("top_artists", {"artists": "2"}).with_literals()) == everyone[:2]


def test_songs_added_per_month(library: Lake, ask: Ask) -> None:
    refresh(library.root)
    assert ask(athena.query("songs_added_per_month")) == [
        (dt.date(2021, 6, 1), 1, 1, 1),
        (dt.date(2020, 1, 1), 2, 2, 1),
        (dt.date(2019, 6, 1), 1, 1, 1),
        (dt.date(2019, 5, 1), 1, 1, 1),
    ]


def test_releases_per_decade(library: Lake, ask: Ask) -> None:
    for path in library.transformed.glob("albums_data/extract_date=2026-01-02/*"):
        path.unlink()
    albums: list[Row] = [
        {"album_id": "album-a", "release_year": 1999},
        {"album_id": "album-b", "release_year": 1990},
        {"album_id": "unknown-album", "release_year": None},
    ]
    library.write("albums_data", "2026-01-02", albums, "load-0002")
    refresh(library.root)
    assert ask(athena.query("releases_per_decade")) == [(1990, 2, 2), (None, 1, 1)]


def test_playlist_overlap(library: Lake, ask: Ask) -> None:
    refresh(library.root)
    pair = ("Playlist best", "Playlist mix", "best", "mix", 1, 2, 2, 50.0, 1)
    assert ask(shipped("playlist_overlap").with_literals()) == [pair]
    assert ask(shipped("playlist_overlap", {"pairs": "0"}).with_literals()) == []


def test_explicit_share(library: Lake, ask: Ask) -> None:
    refresh(library.root)
    everyone = [("best", "Playlist best", 1, 1, 100.0, 2), ("mix", "Playlist mix", 3, 2, 66.7, 2)]
    assert ask(shipped("explicit_share").with_literals()) == everyone
    assert ask(shipped("explicit_share", {"playlists": "1"}).with_literals()) == everyone[:1]


def test_longest_standing_songs(library: Lake, ask: Ask) -> None:
    refresh(library.root)
    rows = ask(f"SELECT song_name, playlist_name, added_on, days FROM ({athena.query('longest_standing_songs')})")
    assert rows == [
        ("Mine", "Playlist mix", dt.date(2019, 5, 31), 2408),
        ("Song a", "Playlist best", dt.date(2019, 6, 1), 2407),
        ("Song b", "Playlist mix", dt.date(2020, 1, 31), 2163),
    ]


@pytest.mark.parametrize("name", athena.queries())
def test_every_query_runs_on_an_empty_lake(lake: Lake, ask: Ask, name: str) -> None:
    assert ask(shipped(name).with_literals()) == []


@pytest.mark.parametrize("name", athena.queries())
def test_a_query_has_the_columns_of_its_header_in_that_order(lake: Lake, name: str) -> None:
    header = athena.query(name).partition("-- Columns:")[2].partition("\n-- P")[0]
    told = re.sub(r"\([^()]*\)", "", header.replace("\n--", " "))
    with closing(connect(lake.root)) as connection:
        columns = run(connection, shipped(name).with_literals()).columns
    places = [re.search(rf"\b{column}\b", told) for column in columns]
    assert all(places), f"not in the header: {[c for c, place in zip(columns, places, strict=True) if not place]}"
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts)
