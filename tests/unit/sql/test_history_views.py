from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest

from spotify_etl.catalog import refresh
from tests.unit.sql.conftest import Ask
from tests.unit.sql.lakes import Lake, Row, null_item, track

D1, D2, D3, D4 = "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"
CHANGES = """
    SELECT CAST(change_date AS varchar), change, item_uri, copies
    FROM playlist_changes ORDER BY 1, 2, 3
"""
LOST = "SELECT playlist_id, song_name, reason, CAST(lost_date AS varchar) FROM lost_songs ORDER BY 1, 2"


def uri(song_id: str) -> str:
    return f"spotify:track:{song_id}"


def days(lake: Lake, *contents: Any, **kwargs: Any) -> None:
    """Runs of consecutive days over one playlist `p`; None: the run did not hold it."""
    for day, content in zip((D1, D2, D3, D4), contents, strict=False):
        lake.day(day, {"anchor": [], **({} if content is None else {"p": content})}, **kwargs)
    refresh(lake.root)


# --- playlist_changes ---


def test_the_first_snapshot_is_no_change(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b"])
    assert ask(CHANGES) == []


def test_added_and_removed(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b"], ["b", "c"])
    assert ask(CHANGES) == [(D2, "added", uri("c"), 1), (D2, "removed", uri("a"), 1)]
    columns = "playlist_name, previous_date, item_name, artist_names, song_id"
    assert ask(f"SELECT {columns} FROM playlist_changes ORDER BY change") == [
        ("Playlist p", dt.date(2026, 1, 1), "Song c", "Artist of c", "c"),
        ("Playlist p", dt.date(2026, 1, 1), "Song a", "Artist of a", "a"),
    ]


def test_a_reorder_is_no_change(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b", "a", "c"], ["c", "a", "a", "b"])
    assert ask(CHANGES) == []


def test_a_rename_is_no_change(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"p": ["a"]})
    lake.day(D2, {"p": ["a"]}, playlist_rows={"p": {"playlist_name": "New name"}})
    lake.day(D3, {"p": []}, playlist_rows={"p": {"playlist_name": "Newest name"}})
    refresh(lake.root)
    assert ask(CHANGES) == [(D3, "emptied", uri("a"), 1)]
    assert ask("SELECT playlist_name FROM playlist_changes") == [("Newest name",)]


def test_copies_are_counted(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b"], ["a", "a", "a", "b"], ["a", "a", "b"])
    assert ask(CHANGES) == [(D2, "added", uri("a"), 2), (D3, "removed", uri("a"), 1)]


def test_relinked_is_one_row_with_both_ids(lake: Lake, ask: Ask) -> None:
    songs: dict[str, Row] = {"a": {"isrc": "I"}, "b": {"isrc": "I"}, "c": {"isrc": "J"}}
    days(lake, ["a", "c"], ["c", "b"], songs=songs)
    assert ask("SELECT change, previous_item_uri, item_uri, item_name, copies FROM playlist_changes") == [
        ("relinked", uri("a"), uri("b"), "Song b", 1)
    ]


@pytest.mark.parametrize("isrc", [None, ""])
def test_an_unknown_isrc_relinks_nothing(lake: Lake, ask: Ask, isrc: str | None) -> None:
    days(lake, ["a", "x"], ["b", "x"], songs={"a": {"isrc": isrc}, "b": {"isrc": isrc}})
    assert ask(CHANGES) == [(D2, "added", uri("b"), 1), (D2, "removed", uri("a"), 1)]


def test_only_as_many_are_relinked_as_went(lake: Lake, ask: Ask) -> None:
    songs: dict[str, Row] = {song: {"isrc": "I"} for song in "abc"}
    days(lake, ["a", "a", "x"], ["b", "c", "b", "x"], songs=songs)
    assert sorted(ask("SELECT change, previous_item_uri, item_uri, copies FROM playlist_changes"), key=str) == [
        ("added", None, uri("c"), 1),
        ("relinked", uri("a"), uri("b"), 2),
    ]


def test_a_second_album_version_that_is_added_beside_the_first_is_added(lake: Lake, ask: Ask) -> None:
    days(lake, ["a"], ["a", "b"], songs={"a": {"isrc": "I"}, "b": {"isrc": "I"}})
    assert ask(CHANGES) == [(D2, "added", uri("b"), 1)]


def test_a_song_that_lost_its_isrc_before_it_was_relinked(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"p": ["a"]}, songs={"a": {"isrc": "I"}})
    lake.day(D2, {"p": [track("a", item_name="")]}, songs={"a": {"isrc": None}})
    lake.day(D3, {"p": ["b"]}, songs={"b": {"isrc": "I"}})
    refresh(lake.root)
    assert ask(CHANGES) == [(D3, "relinked", uri("b"), 1)]


def test_emptied_and_deleted_differ(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"e": ["a", "a"], "d": ["b"], "was_empty": []})
    lake.day(D2, {"e": []})
    refresh(lake.root)
    assert ask("SELECT playlist_id, playlist_name, change, item_uri, copies FROM playlist_changes ORDER BY 1") == [
        ("d", "Playlist d", "deleted", uri("b"), 1),
        ("e", "Playlist e", "emptied", uri("a"), 2),
        ("was_empty", "Playlist was_empty", "deleted", None, 0),
    ]


def test_deleted_is_told_once_and_a_return_adds_all(lake: Lake, ask: Ask) -> None:
    days(lake, ["a"], None, None, ["a"])
    assert ask(CHANGES) == [(D2, "deleted", uri("a"), 1), (D4, "added", uri("a"), 1)]


def test_a_missing_playlist_is_not_deleted(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"p": ["a"]})
    lake.day(D2, {"p": None})
    lake.day(D3, {"p": ["a", "b"]})
    refresh(lake.root)
    assert ask(CHANGES) == [(D3, "added", uri("b"), 1)]
    assert ask("SELECT previous_date FROM playlist_changes") == [(dt.date(2026, 1, 1),)]


def test_a_date_without_a_run_says_nothing_about_other_playlists(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"p": ["a"], "q": ["x"]})
    lake.day(D2, {"q": ["x", "y"]}, run=False)
    lake.day(D3, {"p": ["a"], "q": ["y"]})
    refresh(lake.root)
    assert ask(CHANGES) == [(D2, "added", uri("y"), 1), (D3, "removed", uri("x"), 1)]


def test_a_playlist_that_no_run_ever_held_is_not_deleted_by_one(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"dropped": ["a"]}, run=False)
    lake.day(D2, {"p": ["b"]})
    refresh(lake.root)
    assert ask(CHANGES) == []


def test_a_partial_file_removes_nothing(lake: Lake, ask: Ask) -> None:
    # The classic pipeline kept the first page only.
    lake.day(D1, {"p": ["a", "b", "c"]})
    lake.day(D2, {"p": ["a"]}, run=False, playlist_rows={"p": {"api_total": 3}})
    lake.day(D3, {"p": ["a", "b"]})
    refresh(lake.root)
    assert ask(CHANGES) == [(D3, "removed", uri("c"), 1)]
    assert ask("SELECT state FROM playlist_history ORDER BY as_of_date") == [
        ("complete",),
        ("partial",),
        ("complete",),
    ]


def test_null_items_are_copies_of_one_unknown_item(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", null_item()], [null_item(), null_item()])
    assert ask(CHANGES) == [(D2, "added", None, 1), (D2, "removed", uri("a"), 1)]


def test_a_playlist_of_null_items_is_not_emptied(lake: Lake, ask: Ask) -> None:
    days(lake, ["a"], [null_item()])
    assert {row[1] for row in ask(CHANGES)} == {"added", "removed"}


def test_an_item_without_a_uri_is_known_by_its_id(lake: Lake, ask: Ask) -> None:
    days(lake, ["a"], [track("a", item_uri=None)], [track("a", item_uri="")])
    assert ask(CHANGES) == []


def test_names_are_the_last_known(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b"], [track("a", item_name="", item_artist_names=[""]), "b"], ["b"])
    assert ask("SELECT change, item_name, artist_names FROM playlist_changes") == [("removed", "Song a", "Artist of a")]


def test_during_a_load_nothing_seems_to_change(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"p": ["a", "b"]})
    old = lake.day(D2, {"p": ["a", "b"]})
    refresh(lake.root)
    lake.day(D2, {"p": ["a", "b"]})
    assert ask(CHANGES) == []
    for dataset in ("songs", "playlist_items", "playlists"):
        lake.remove(old, dataset)
        assert ask(CHANGES) == []
    assert ask("SELECT count(*) FROM playlist_history") == [(2,)]


def test_the_books_balance(lake: Lake, ask: Ask) -> None:
    """Against a few lines of plain Python: many playlists, random days, duplicates, gone and back."""
    dice = random.Random(20260101)  # noqa: S311
    dates = [f"2026-01-{day:02}" for day in range(1, 8)]
    playlists = [f"p{number}" for number in range(25)]
    states: dict[str, list[tuple[str, list[str] | None]]] = {name: [] for name in playlists}
    for date in dates:
        content: dict[str, list[str]] = {}
        for name in playlists:
            there = dice.random() < 0.8
            items = dice.choices("abcd", k=dice.choice([0, 1, 2, 4, 6])) if there else None
            if items is not None:
                content[name] = items
            states[name].append((date, items))
        lake.day(date, content)
    refresh(lake.root)
    expected = set()
    for name, seen in states.items():
        expected |= _changes(name, seen)
    got = ask("SELECT playlist_id, CAST(change_date AS varchar), change, item_uri, copies FROM playlist_changes")
    assert len(got) == len(set(got))
    assert set(got) == expected
    assert {change for _, _, change, _, _ in got} == {"added", "removed", "emptied", "deleted"}


def _changes(name: str, seen: list[tuple[str, list[str] | None]]) -> set[tuple[str, str, str, str | None, int]]:
    found: set[tuple[str, str, str, str | None, int]] = set()
    before: list[str] | None = None
    known = False
    for date, items in seen:
        if known and not (before is None and items is None):
            old, new = Counter(before or []), Counter(items or [])
            went = "deleted" if items is None else "removed" if items else "emptied"
            found |= {(name, date, "added", uri(song), copies) for song, copies in (new - old).items()}
            found |= {(name, date, went, uri(song), copies) for song, copies in (old - new).items()}
            if before == [] and items is None:
                found.add((name, date, "deleted", None, 0))
        known = known or items is not None
        before = items
    return found


# --- lost_songs ---


def test_a_removed_song_is_lost_and_one_that_came_back_is_not(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b", "c"], ["c"], ["b", "c"])
    assert ask(LOST) == [("p", "Song a", "removed", D2)]
    columns = "playlist_name, artist_names, album_name, last_playable_date, song_id, item_uri, still_in_library"
    assert ask(f"SELECT {columns} FROM lost_songs") == [
        ("Playlist p", "Artist of a", "Album of a", dt.date(2026, 1, 1), "a", uri("a"), False)
    ]


@pytest.mark.parametrize(
    "gone",
    [
        track("a", is_playable=False),
        track("a", item_name="", item_artist_names=[""], item_album_name=""),
        track("a", item_type="unavailable", song_id=None),
    ],
    ids=["not playable", "hollow", "unavailable"],
)
def test_a_song_that_can_no_longer_be_played_is_lost_with_its_last_name(lake: Lake, ask: Ask, gone: Row) -> None:
    days(lake, ["a", "b"], [gone, "b"], songs={"a": {"isrc": "I"}})
    assert ask(LOST) == [("p", "Song a", "unplayable", D2)]
    assert ask("SELECT artist_names, album_name FROM lost_songs") == [("Artist of a", "Album of a")]


def test_a_song_that_became_a_null_item_is_lost(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b"], [null_item(), "b"])
    assert ask(LOST) == [("p", "Song a", "removed", D2)]


def test_playable_again_is_not_lost(lake: Lake, ask: Ask) -> None:
    days(lake, ["a"], [track("a", is_playable=False)], [track("a", is_playable=True)])
    assert ask(LOST) == []


def test_the_first_reason_and_date_stay(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b"], [track("a", is_playable=False), "b"], ["b"], None)
    assert ask(LOST) == [("p", "Song a", "unplayable", D2), ("p", "Song b", "deleted", D4)]


def test_lost_again_is_lost_since_the_last_time(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "b"], ["b"], ["a", "b"], ["b"])
    assert ask(LOST) == [("p", "Song a", "removed", D4)]


def test_unplayable_from_the_start(lake: Lake, ask: Ask) -> None:
    days(lake, [track("a", is_playable=False), track("b", item_name="")])
    assert ask("SELECT song_name, reason, lost_date, last_playable_date FROM lost_songs") == [
        ("Song a", "unplayable", dt.date(2026, 1, 1), None)
    ]


def test_emptied_deleted_and_missing(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"d": ["a"], "e": ["b"], "m": ["c"]})
    lake.day(D2, {"e": [], "m": None})
    refresh(lake.root)
    assert ask(LOST) == [("d", "Song a", "deleted", D2), ("e", "Song b", "emptied", D2)]


def test_a_relinked_song_is_not_lost(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "x"], ["b", "x"], songs={"a": {"isrc": "I"}, "b": {"isrc": "I"}})
    assert ask(LOST) == []


def test_a_song_in_another_playlist_is_lost_here_and_still_in_the_library(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"p": ["a", "b"], "q": [track("a"), track("b")]})
    lake.day(D2, {"p": [], "q": [track("a"), track("b", is_playable=False)]})
    refresh(lake.root)
    assert ask("SELECT playlist_id, song_name, still_in_library FROM lost_songs ORDER BY 1, 2") == [
        ("p", "Song a", True),
        ("p", "Song b", False),
        ("q", "Song b", False),
    ]


def test_a_partial_file_loses_nothing_and_finds_what_it_holds(lake: Lake, ask: Ask) -> None:
    lake.day(D1, {"p": ["a", "b", "c"]})
    lake.day(D2, {"p": ["b", "c"]})
    lake.day(D3, {"p": ["a"]}, run=False, playlist_rows={"p": {"api_total": 3}})
    refresh(lake.root)
    assert ask(LOST) == []


def test_local_files_are_songs_and_episodes_are_not(lake: Lake, ask: Ask) -> None:
    local = {
        "item_type": "local",
        "item_uri": "spotify:local:x",
        "item_name": "Mine",
        "item_artist_names": ["Me"],
        "is_playable": False,
    }
    episode = {"item_type": "episode", "item_uri": "spotify:episode:e", "item_id": "e", "item_name": "Talk"}
    days(lake, [local, episode], [local], [])
    assert ask(LOST) == [("p", "Mine", "emptied", D3)]


def test_one_row_for_a_song_that_was_there_twice(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "a", "b"], ["b"])
    assert ask(LOST) == [("p", "Song a", "removed", D2)]


def test_one_of_two_copies_gone_is_not_lost(lake: Lake, ask: Ask) -> None:
    days(lake, ["a", "a"], ["a"])
    assert ask(LOST) == []


def test_what_only_a_partial_file_shows_unplayable_is_not_in_the_library(lake: Lake, ask: Ask) -> None:
    songs: dict[str, Row] = {"a": {"isrc": "I"}}
    lake.day(D1, {"p": ["a", "b"]}, songs=songs)
    lake.day(D2, {"p": ["b"]}, songs=songs)
    unplayable = [track("a", is_playable=False)]
    lake.day(D3, {"q": unplayable}, run=False, playlist_rows={"q": {"api_total": 9}}, songs=songs)
    refresh(lake.root)
    assert ask("SELECT playlist_id, song_name, still_in_library FROM lost_songs") == [("p", "Song a", False)]


# --- playlist_history ---


def test_a_deletion_is_in_the_history_once_and_again_after_a_return(lake: Lake, ask: Ask) -> None:
    days(lake, ["a"], None, None, ["a"])
    lake.day("2026-01-05", {"anchor": []})
    lake.day("2026-01-06", {"anchor": []})
    refresh(lake.root)
    history = "SELECT CAST(as_of_date AS varchar), state, playlist_name, item_count FROM playlist_history"
    assert ask(f"{history} WHERE playlist_id = 'p' ORDER BY as_of_date") == [
        (D1, "complete", "Playlist p", 1),
        (D2, "deleted", "Playlist p", None),
        (D4, "complete", "Playlist p", 1),
        ("2026-01-05", "deleted", "Playlist p", None),
    ]
