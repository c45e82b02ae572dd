from __future__ import annotations

import datetime as dt
import re

import pytest

from spotify_etl.catalog import connect, refresh
from spotify_etl.sql import run
from tests.unit.sql.conftest import Ask
from tests.unit.sql.lakes import Lake, null_item, track

KEYS = {
    "songs": "song_id",
    "albums": "album_id",
    "artists": "artist_id",
    "playlists": "playlist_id",
    "playlist_items": "playlist_id, position",
    "playlist_songs": "playlist_id, position",
    "song_artists": "song_id, artist_position",
    "album_artists": "album_id, artist_position",
}
DAY1, DAY2, DAY3 = "2026-01-01", "2026-01-02", "2026-01-03"


def _keys(lake: Lake) -> dict[str, list[tuple[object, ...]]]:
    with connect(lake.root) as connection:
        return {view: run(connection, f"SELECT {key} FROM {view} ORDER BY {key}").rows for view, key in KEYS.items()}


def test_the_newest_run_is_the_latest_and_a_deleted_playlist_is_gone(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"kept": ["a"], "deleted": ["b"]})
    lake.day(DAY2, {"kept": ["a", "c"], "empty": []})
    refresh(lake.root)
    assert ask("SELECT playlist_id, item_count FROM playlists ORDER BY 1") == [("empty", 0), ("kept", 2)]
    assert ask("SELECT playlist_id, song_id, as_of_date FROM playlist_songs ORDER BY position") == [
        ("kept", "a", dt.date(2026, 1, 2)),
        ("kept", "c", dt.date(2026, 1, 2)),
    ]
    assert ask("SELECT song_id FROM songs ORDER BY 1") == [("a",), ("c",)]


def test_a_dropped_file_newer_than_the_newest_run_is_not_the_latest(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"p": ["a"]})
    lake.day(DAY2, {"foreign": ["b"]}, run=False)
    assert refresh(lake.root).latest_dates == (DAY1,)
    assert ask("SELECT playlist_id FROM playlists") == [("p",)]


def test_the_newest_report_of_a_date_decides_whether_it_holds_a_run(lake: Lake) -> None:
    lake.day(DAY1, {"p": ["a"]})
    lake.day(DAY2, {"foreign": ["b"]}, run=False)
    lake.day(DAY2, {"foreign": ["b"], "p": ["a"]})
    assert refresh(lake.root).latest_dates == (DAY2,)
    lake.report(DAY3, "load-9999", ["run-of-quarantined-objects"], rebuilt=False)
    assert refresh(lake.root).latest_dates == (DAY2,)


def test_a_run_that_found_no_playlist_at_all_empties_the_views(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"p": ["a"]})
    lake.day(DAY2, {})
    assert refresh(lake.root).latest_dates == (DAY2,)
    assert ask("SELECT * FROM playlists") == []
    assert ask("SELECT change FROM playlist_changes") == [("deleted",)]


def test_without_runs_each_playlist_has_its_own_newest_date(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"p": ["a", "b"], "old": ["o"]}, run=False)
    lake.day(DAY2, {"p": ["a", "c"]}, run=False)
    lake.day(DAY3, {"other": ["a"]}, run=False)
    assert refresh(lake.root).latest_dates == (DAY1, DAY2, DAY3)
    assert ask("SELECT playlist_id, position, song_id, as_of_date FROM playlist_items ORDER BY 1, 2") == [
        ("old", 0, "o", dt.date(2026, 1, 1)),
        ("other", 0, "a", dt.date(2026, 1, 3)),
        ("p", 0, "a", dt.date(2026, 1, 2)),
        ("p", 1, "c", dt.date(2026, 1, 2)),
    ]
    assert ask("SELECT song_id, as_of_date FROM songs ORDER BY 1") == [
        ("a", dt.date(2026, 1, 3)),
        ("b", dt.date(2026, 1, 1)),
        ("c", dt.date(2026, 1, 2)),
        ("o", dt.date(2026, 1, 1)),
    ]
    assert ask("SELECT playlist_id, as_of_date FROM playlists ORDER BY 1") == [
        ("old", dt.date(2026, 1, 1)),
        ("other", dt.date(2026, 1, 3)),
        ("p", dt.date(2026, 1, 2)),
    ]
    assert len(ask("SELECT * FROM playlist_songs")) == 4


def test_without_runs_a_playlist_that_is_empty_now_shows_no_older_items(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"p": ["a"], "other": ["o"]}, run=False)
    lake.day(DAY2, {"p": []}, run=False)
    refresh(lake.root)
    assert ask("SELECT playlist_id FROM playlist_items") == [("other",)]
    assert ask("SELECT playlist_id FROM playlist_songs") == [("other",)]


def test_without_runs_dates_that_no_playlist_needs_are_not_read(lake: Lake) -> None:
    lake.day(DAY1, {"p": ["a"]}, run=False)
    lake.day(DAY2, {"p": ["a"]}, run=False)
    assert refresh(lake.root).latest_dates == (DAY2,)


@pytest.mark.parametrize("with_run", [True, False])
def test_during_a_load_each_key_is_there_once(lake: Lake, ask: Ask, *, with_run: bool) -> None:
    old = lake.day(DAY1, {"p": ["a", "b", "c"], "q": ["a"]}, run=with_run)
    refresh(lake.root)
    before = _keys(lake)
    assert before["playlist_items"] == [("p", 0), ("p", 1), ("p", 2), ("q", 0)]

    # The new files are there, the old ones still: published rows win.
    renamed = [track(song, item_name="new") for song in ("a", "b", "c")]
    lake.day(DAY1, {"p": renamed, "q": ["a"]}, run=with_run)
    assert _keys(lake) == before
    assert ask("SELECT DISTINCT song_name FROM songs WHERE song_name LIKE 'new%'") == []

    # The old ones go one after the other: the new ones stand in.
    for dataset in ("songs", "playlist_items", "playlists", "albums", "artists"):
        lake.remove(old, dataset)
        assert _keys(lake) == before
    refresh(lake.root)
    assert _keys(lake) == before
    assert ask("SELECT item_name FROM playlist_items WHERE playlist_id = 'p' ORDER BY position") == [("new",)] * 3


@pytest.mark.parametrize("vanished", [0, 1, 2])
def test_no_key_is_missing_while_a_dataset_is_deleted_file_by_file(lake: Lake, ask: Ask, vanished: int) -> None:
    lake.day(DAY1, {"p": []})
    for load in ("load-1", "load-2"):
        for part in range(3):
            rows = [{"song_id": f"s{part}", "song_name": load}]
            lake.write("songs_data", DAY1, rows, load, part)
        lake.report(DAY1, load, ["run"])
        if load == "load-1":
            refresh(lake.root)
    for part in range(vanished):
        (path,) = lake.transformed.glob(f"songs_data/*/part-load-1-{part:05}*")
        path.unlink()
    expected = [(f"s{part}", "load-2" if part < vanished else "load-1") for part in range(3)]
    assert ask("SELECT song_id, song_name FROM songs ORDER BY 1") == expected
    refresh(lake.root)
    assert ask("SELECT song_id, song_name FROM songs ORDER BY 1") == [(f"s{part}", "load-2") for part in range(3)]


def test_names_that_are_empty_are_null(lake: Lake, ask: Ask) -> None:
    hollow = track("a", item_name="", item_album_name="", item_artist_names=[""])
    lake.day(
        DAY1,
        {"p": [hollow]},
        playlist_rows={"p": {"playlist_name": "", "description": ""}},
    )
    refresh(lake.root)
    assert ask("SELECT playlist_name, description FROM playlists") == [(None, None)]
    assert ask("SELECT playlist_name, item_name, item_album_name FROM playlist_items") == [(None, None, None)]
    assert ask("SELECT song_name FROM songs") == [(None,)]
    assert ask("SELECT playlist_name, song_name, artist_names FROM playlist_songs") == [(None, None, None)]
    assert ask("SELECT song_name FROM song_artists") == [(None,)]


def test_playlist_songs_has_a_row_for_every_item(lake: Lake, ask: Ask) -> None:
    local = {"item_type": "local", "item_uri": "spotify:local:x", "item_name": "Mine", "item_artist_names": ["Me"]}
    episode = {"item_type": "episode", "item_id": "e", "item_name": "Talk", "item_artist_names": ["Show"]}
    duo = track("a", item_artist_names=["One", "Two"], added_at=dt.datetime(2020, 1, 2, 3, 4, 5))  # noqa: DTZ001
    lake.day(DAY1, {"p": [duo, local, episode, null_item()]}, songs={"a": {"explicit": True}})
    refresh(lake.root)
    columns = "position, item_type, song_id, song_name, artist_names, album_name, release_year, explicit, added_at"
    assert ask(f"SELECT {columns} FROM playlist_songs ORDER BY position") == [
        (0, "track", "a", "Song a", "One, Two", "Album of a", 1999, True, dt.datetime(2020, 1, 2, 3, 4, 5)),  # noqa: DTZ001
        (1, "local", None, "Mine", "Me", None, None, None, None),
        (2, "episode", None, "Talk", "Show", None, None, None, None),
        (3, "unavailable", None, None, None, None, None, None, None),
    ]


def test_artists_keep_the_order_of_the_credits(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"p": ["a", "b"]}, songs={"a": {"artist_ids": ["y", "x"]}, "b": {"artist_ids": []}})
    refresh(lake.root)
    assert ask("SELECT song_id, artist_position, artist_id, artist_name FROM song_artists ORDER BY 1, 2") == [
        ("a", 1, "y", "Y"),
        ("a", 2, "x", "X"),
    ]
    assert ask("SELECT album_id, artist_position, artist_id, artist_name FROM album_artists ORDER BY 1, 2") == [
        ("album-a", 1, "artist-x", None),
        ("album-b", 1, "artist-x", None),
    ]


def test_a_missing_playlist_is_listed_with_nothing_known(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"p": ["a"], "m": None})
    refresh(lake.root)
    assert ask("SELECT playlist_id, playlist_name, item_count, fetch_status FROM playlists ORDER BY 1") == [
        ("m", None, None, "missing"),
        ("p", "Playlist p", 1, "fetched"),
    ]


@pytest.mark.parametrize("view", sorted(KEYS))
def test_the_latest_views_read_only_the_newest_partition(lake: Lake, view: str) -> None:
    for day in (DAY1, DAY2):
        lake.day(day, {"p": ["a"]})
    refresh(lake.root)
    with connect(lake.root) as connection:
        plan = str(connection.execute(f"EXPLAIN ANALYZE SELECT * FROM {view}").fetchall())
    assert set(re.findall(r"Scanning Files: (\d+/\d+)", plan)) == {"1/2"}


def test_a_playlist_is_shown_as_one_load_has_it_and_never_as_a_mix(lake: Lake, ask: Ask) -> None:
    lake.day(DAY1, {"p": ["a", "b"]})
    refresh(lake.root)
    lake.day(DAY1, {"p": ["new", "a", "b"]})

    shown = "SELECT item_name FROM playlist_items ORDER BY position"
    assert len(ask(shown)) == 2
    assert ask("SELECT count(*) FROM playlist_songs") == [(2,)]
    refresh(lake.root)
    assert len(ask(shown)) == 3
