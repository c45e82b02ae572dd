"""Surviving rows to the five datasets: item types, keys, one row per key, arrays, dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from load_transform.contract import DATASETS, PLAYLIST_ITEMS, PLAYLISTS
from load_transform.datasets import OF_ITEMS
from tests.builders import (
    ABSENT,
    DATE,
    MORNING,
    Dropped,
    ExtractRun,
    Json,
    album,
    artist,
    dropped,
    episode,
    extracted,
    json_lines,
    local_track,
    one_line,
    page,
    playlist,
    row,
    track,
    utc,
)
from tests.unit.job.cases import Cases, Transformed

RUN, LATER_RUN = ExtractRun(), ExtractRun(MORNING + timedelta(hours=2))
cases = Cases()


def of(*rows_: Any) -> str:
    return cases.of(extracted(RUN, rows_))


def test_every_dataset_of_the_registry_is_computed_and_no_other() -> None:
    assert {*OF_ITEMS, PLAYLISTS, PLAYLIST_ITEMS} == set(DATASETS)


def albums(*found: Json) -> str:
    return of(*(row(track(f"track{number}", album=one)) for number, one in enumerate(found)))


@pytest.fixture(scope="module")
def found(transformed: Callable[[Cases], Transformed]) -> Transformed:
    return transformed(cases)


# --- Item types: the first that fits ---

ITEM_TYPES: dict[str, tuple[str, str]] = {
    "a track": (of(row(track())), "track"),
    "a track without a type": (of(row(track(type=ABSENT))), "track"),
    "a track with an empty type": (of(row(track(type=""))), "track"),
    "a track that says that it is an episode": (of(row(track(episode=True))), "track"),
    "null": (of(row(None)), "unavailable"),
    "nothing": (of(row(ABSENT, shape="item"), {"added_at": None}), "unavailable"),
    "a boolean": (of({"track": True}), "unavailable"),
    "a text": (of(row("gone")), "unavailable"),
    "null in a local row": (of(row(None, is_local=True)), "unavailable"),
    "an episode": (of(row(episode())), "episode"),
    "an episode by its flag": (of(row(episode(type=ABSENT))), "episode"),
    "a local episode": (of(row(episode(uri="spotify:local:x"), is_local=True)), "episode"),
    "a local track": (of(row(local_track(), is_local=True)), "local"),
    "local by its row": (of(row(track(is_local=False), is_local=True)), "local"),
    "local by its item": (of(row(track(is_local=True))), "local"),
    "local by its address": (of(row(track(is_local=ABSENT, uri="spotify:local:::x:1"), is_local=ABSENT)), "local"),
    "local of another type": (of(row(track(is_local=True, type="chapter"))), "local"),
    "a track without an id": (of(row(track(None, uri="spotify:track:null"))), "unavailable"),
    "a track with an empty id": (of(row(track(""))), "unavailable"),
    "another type": (of(row(track(type="chapter"))), "unavailable"),
    "an empty object": (of(row({})), "unavailable"),
}


@pytest.mark.parametrize("what", ITEM_TYPES)
def test_item_types(what: str, found: Transformed) -> None:
    case, kind = ITEM_TYPES[what]
    assert found.items(case)[-1]["item_type"] == kind


@pytest.mark.parametrize("what", ITEM_TYPES)
def test_only_tracks_are_songs(what: str, found: Transformed) -> None:
    case, _ = ITEM_TYPES[what]
    tracks = [one for one in found.items(case) if one["item_type"] == "track"]
    assert found.column(case, "songs_data", "song_id") == [one["song_id"] for one in tracks]
    assert all(one["song_id"] is None for one in found.items(case) if one["item_type"] != "track")
    assert bool(found.rows(case, "albums_data")) == bool(found.rows(case, "artists_data")) == bool(tracks)


# --- Items ---

FULL_ITEM = of(
    row(
        track(
            "t",
            artists=[artist("a"), artist("b"), artist(None, name="c"), artist("d", name=None)],
            restrictions={"reason": "market"},
        )
    )
)
EPISODE_ITEM = of(row(episode("e")), row(episode("f", show=None)))
LOCAL_ITEM = of(row(local_track(), is_local=True, added_by=None))
NULL_ITEM = of(row(None, added_at=None, added_by={"id": ""}, is_local=ABSENT))


def test_an_item_has_every_column(found: Transformed) -> None:
    assert found.one(FULL_ITEM, "playlist_items_data") == {
        "playlist_id": "playlist1",
        "playlist_name": "Playlist playlist1",
        "snapshot_id": "snapshot-playlist1",
        "position": 0,
        "item_type": "track",
        "item_id": "t",
        "song_id": "t",
        "item_name": "Song t",
        "item_uri": "spotify:track:t",
        "item_artist_names": ["Artist a", "Artist b", "c"],
        "item_album_name": "Album album1",
        "duration_ms": 200_040,
        "is_local": False,
        "is_playable": True,
        "restriction_reason": "market",
        "added_at": utc(2024, 2, 3, 4, 5, 6),
        "added_by": "user1",
        "run_id": RUN.run_id,
        "extracted_at": utc(2026, 8, 3, 6, 0, 2),
    }


def test_an_episode_has_its_show_for_an_artist(found: Transformed) -> None:
    one, without_show = found.items(EPISODE_ITEM)
    assert (one["item_id"], one["song_id"], one["item_artist_names"]) == ("e", None, ["The Show"])
    assert (one["item_album_name"], one["duration_ms"]) == (None, 3_600_000)
    assert without_show["item_artist_names"] == []


def test_a_local_file_has_a_name_and_no_id(found: Transformed) -> None:
    one = found.one(LOCAL_ITEM, "playlist_items_data")
    assert (one["item_id"], one["item_name"], one["item_artist_names"]) == (None, "Home recording", ["Me"])
    assert (one["is_local"], one["added_by"]) == (True, None)


def test_a_null_item_is_a_row_of_nulls(found: Transformed) -> None:
    one = found.one(NULL_ITEM, "playlist_items_data")
    known = {name: value for name, value in one.items() if value is not None}
    assert set(known) == {
        *(
            "playlist_id",
            "playlist_name",
            "snapshot_id",
            "position",
            "item_type",
            "item_artist_names",
            "run_id",
            "extracted_at",
        )
    }
    assert one["item_artist_names"] == []


NAMED_LATER = cases.of(
    extracted(RUN, [row(track("a")), row(track("b"))], name="Named", snapshot_id="s1"),
    dropped(f"x {DATE} 12:00:00.json", page([row(track("z"))], offset=1)),
)
UNNAMED = cases.of(dropped("x.json", page([row(track())])))


def test_the_name_comes_from_the_playlist_also_for_a_bare_pages_rows(found: Transformed) -> None:
    assert [
        (one["song_id"], one["playlist_name"], one["snapshot_id"], one["run_id"]) for one in found.items(NAMED_LATER)
    ] == [
        ("a", "Named", "s1", RUN.run_id),
        ("z", "Named", "s1", None),
    ]
    assert found.one(NAMED_LATER, "playlists_data")["playlist_name"] == "Named"
    assert found.one(UNNAMED, "playlist_items_data")["playlist_name"] is None


# --- Added at, added by ---

ADDED = [
    ("2024-02-03T04:05:06Z", utc(2024, 2, 3, 4, 5, 6)),
    ("2024-02-03T04:05:06.789Z", utc(2024, 2, 3, 4, 5, 6, 789000)),
    ("2024-02-03T04:05:06+02:00", utc(2024, 2, 3, 2, 5, 6)),
    ("1970-01-01T00:00:00Z", None),
    ("1970-01-01T12:00:00Z", None),
    ("1970-01-02T00:00:00Z", utc(1970, 1, 2)),
    ("1969-12-31T23:59:59Z", utc(1969, 12, 31, 23, 59, 59)),
    ("2024-02-30T00:00:00Z", None),
    ("2024-02-03", None),
    ("04:05", None),
    ("now", None),
    ("", None),
    (None, None),
    (5, None),
]
ADDED_AT = of(*(row(track(), added_at=text) for text, _ in ADDED))
ADDED_BY = of(*(row(track(), added_by=by) for by in ({"id": "User"}, {"id": ""}, {"id": None}, {}, None)))
EARLIEST = cases.of(
    extracted(
        RUN, [row(track("a"), added_at="2024-03-01T00:00:00Z"), row(track("a"), added_at="2024-01-01T00:00:00Z")]
    ),
    extracted(
        RUN, [row(track("a"), added_at="2023-01-01T00:00:00Z"), row(track("b"), added_at=None)], playlist_id="other"
    ),
    dropped(f"x {DATE} 01:00:00.json", page([row(track("a"), added_at="2001-01-01T00:00:00Z")])),
)


def test_added_at(found: Transformed) -> None:
    assert found.column(ADDED_AT, "playlist_items_data", "added_at") == [moment for _, moment in ADDED]


def test_added_by(found: Transformed) -> None:
    assert found.column(ADDED_BY, "playlist_items_data", "added_by") == ["User", None, None, None, None]


def test_a_song_was_added_when_its_earliest_surviving_row_was(found: Transformed) -> None:
    songs = {one["song_id"]: one["song_added"] for one in found.rows(EARLIEST, "songs_data")}
    assert songs == {"a": utc(2023, 1, 1), "b": None}


# --- Release dates: the text decides ---

RELEASES: list[tuple[Any, Any, date | None, str | None]] = [
    ("1999-05-17", "day", date(1999, 5, 17), "day"),
    ("1981-12", "month", date(1981, 12, 1), "month"),
    ("1985", "year", date(1985, 1, 1), "year"),
    ("1981-12", "year", date(1981, 12, 1), "year"),
    ("1985", ABSENT, date(1985, 1, 1), "year"),
    ("1981-12", None, date(1981, 12, 1), "month"),
    ("1999-05-17", "century", date(1999, 5, 17), "day"),
    ("1564-02-29", "day", date(1564, 2, 29), "day"),
    ("0001", "year", date(1, 1, 1), "year"),
    ("9999-12-31", "day", date(9999, 12, 31), "day"),
    ("0000", "year", None, None),
    ("0000-00-00", "day", None, None),
    ("2023-02-30", "day", None, None),
    ("2023-13", "month", None, None),
    ("1999-05-17T00:00:00Z", "day", None, None),
    ("85", "year", None, None),
    ("soon", "year", None, None),
    ("", "day", None, None),
    (None, "day", None, None),
    (ABSENT, ABSENT, None, None),
    (1985, "year", date(1985, 1, 1), "year"),
]
RELEASED = albums(
    *(
        album(f"{number:02}", release_date=text, release_date_precision=given)
        for number, (text, given, _, _) in enumerate(RELEASES)
    )
)


def test_release_dates(found: Transformed) -> None:
    released = found.rows(RELEASED, "albums_data")
    for (text, given, day, precision), one in zip(RELEASES, released, strict=True):
        expected = (day, precision, day.year if day else None)
        assert (one["release_date"], one["release_date_precision"], one["release_year"]) == expected, (text, given)


# --- Dimensions ---

FULL = of(row(track("t", artists=[artist("b"), artist("a")], album=album("al", artists=[artist("c"), artist("a")]))))
NULL_IDS = of(
    row(track("t", album=album(None), artists=[artist(None), artist("a"), artist("")])),
    row(track("u", album=album("", artists=[artist(None)]), artists=[])),
    row(track("v", album=None, artists=None)),
    row(track("w", album=ABSENT, artists=ABSENT, external_ids=ABSENT, external_urls=ABSENT)),
)
ALBUM_ARTISTS = of(row(track("t", artists=[artist("a")], album=album(artists=[artist("z"), artist("b")]))))
UPPER_AND_LOWER = of(row(track("aB", album=album("aB"))), row(track("Ab", album=album("Ab"))))
EMPTY_ARRAYS = albums(album("al", artists=ABSENT, images=[]), album("am", artists=[], images=None))


def test_a_song_has_every_column(found: Transformed) -> None:
    assert found.one(FULL, "songs_data") == {
        "song_id": "t",
        "song_name": "Song t",
        "duration_ms": 200_040,
        "explicit": False,
        "popularity": 55,
        "isrc": "ISRCt",
        "disc_number": 1,
        "track_number": 3,
        "album_id": "al",
        "artist_id": "b",
        "artist_ids": ["b", "a"],
        "url": "https://open.spotify.com/track/t",
        "song_added": utc(2024, 2, 3, 4, 5, 6),
    }


def test_an_album_has_every_column(found: Transformed) -> None:
    assert found.one(FULL, "albums_data") == {
        "album_id": "al",
        "album_name": "Album al",
        "album_type": "album",
        "release_date": date(1999, 5, 17),
        "release_date_precision": "day",
        "release_year": 1999,
        "total_tracks": 11,
        "artist_ids": ["c", "a"],
        "url": "https://open.spotify.com/album/al",
        "image_url": "https://i.example/al",
    }


def test_artists_come_from_tracks_and_from_albums(found: Transformed) -> None:
    assert found.rows(FULL, "artists_data")[0] == {
        "artist_id": "a",
        "artist_name": "Artist a",
        "url": "https://open.spotify.com/artist/a",
    }
    assert found.column(FULL, "artists_data", "artist_id") == ["a", "b", "c"]
    assert found.column(ALBUM_ARTISTS, "artists_data", "artist_id") == ["a", "b", "z"]


def test_a_null_id_never_becomes_a_row(found: Transformed) -> None:
    assert found.rows(NULL_IDS, "albums_data") == []
    assert found.column(NULL_IDS, "artists_data", "artist_id") == ["a", "artist1"]
    songs = found.rows(NULL_IDS, "songs_data")
    assert [(one["song_id"], one["album_id"], one["artist_id"], one["artist_ids"]) for one in songs] == [
        ("t", None, "a", ["a"]),
        ("u", None, None, []),
        ("v", None, None, []),
        ("w", None, None, []),
    ]
    assert (songs[3]["isrc"], songs[3]["url"]) == (None, None)


def test_arrays_are_empty_rather_than_null(found: Transformed) -> None:
    assert found.column(EMPTY_ARRAYS, "albums_data", "artist_ids") == [[], []]
    assert found.column(EMPTY_ARRAYS, "albums_data", "image_url") == [None, None]


def test_ids_are_case_sensitive(found: Transformed) -> None:
    assert found.column(UPPER_AND_LOWER, "songs_data", "song_id") == ["Ab", "aB"]
    assert found.column(UPPER_AND_LOWER, "albums_data", "album_id") == ["Ab", "aB"]


# --- One row per key: one observed row wins whole ---


def twice(first: Json, second: Json) -> str:
    """Two albums of one id, the first in an older extraction."""
    older = dropped(f"x {DATE} 01:00:00.json", page([row(track("t1", album=first))], playlist_id="p1"))
    return cases.of(older, dropped(f"x {DATE} 02:00:00.json", page([row(track("t2", album=second))], playlist_id="p2")))


def at_once(*found: Json) -> tuple[str, str]:
    """Albums of one extraction, in this order and in the other."""
    return albums(*found), albums(*reversed(found))


WINNERS: dict[str, tuple[tuple[str, ...], Json]] = {
    "a name before a newer row without one": (
        (twice(album(total_tracks=1), album(name="", total_tracks=2)),),
        {"total_tracks": 1},
    ),
    "a name before a newer null": (
        (twice(album(total_tracks=1), album(name=None, total_tracks=2)),),
        {"total_tracks": 1},
    ),
    "a blank is a name": ((twice(album(total_tracks=1), album(name=" ", total_tracks=2)),), {"total_tracks": 2}),
    "the newer of two names": ((twice(album(name="A"), album(name="B")),), {"album_name": "B"}),
    "whole, with its nulls": (
        (twice(album(name="A"), album(name="B", total_tracks=None, images=[], artists=[])),),
        {"album_name": "B", "total_tracks": None, "image_url": None, "artist_ids": []},
    ),
    "of equally old the smallest name": (
        at_once(album(name="B", total_tracks=1), album(name="A", total_tracks=2)),
        {"total_tracks": 2},
    ),
    "capitals are smaller": (at_once(album(name="a"), album(name="Z")), {"album_name": "Z"}),
    "then the next column": (at_once(album(album_type="single"), album(album_type="album")), {"album_type": "album"}),
    "nulls last": (at_once(album(album_type=None, total_tracks=1), album(total_tracks=2)), {"total_tracks": 2}),
    "dates as dates": (at_once(album(release_date="1985"), album(release_date="1984-12-31")), {"release_year": 1984}),
    "numbers as numbers": (at_once(album(total_tracks=10), album(total_tracks=9)), {"total_tracks": 9}),
    "arrays element by element": (
        at_once(album(artists=[artist("a"), artist("c")]), album(artists=[artist("a"), artist("b"), artist("z")])),
        {"artist_ids": ["a", "b", "z"]},
    ),
}
FILE_TIMES = cases.of(
    Dropped("new.json", one_line(page([row(track("t", name="file"))], playlist_id="p1")), MORNING + timedelta(days=30)),
    dropped(f"old {DATE}.json", page([row(track("t", name="name"))], playlist_id="p2")),
)


@pytest.mark.parametrize("rule", WINNERS)
def test_one_observed_row_wins_whole(rule: str, found: Transformed) -> None:
    for case in WINNERS[rule][0]:
        winner = found.one(case, "albums_data")
        assert {name: winner[name] for name in WINNERS[rule][1]} == WINNERS[rule][1]


def test_a_stated_time_goes_before_a_newer_file_time(found: Transformed) -> None:
    assert found.column(FILE_TIMES, "songs_data", "song_name") == ["name"]


# --- Playlists ---

FULL_PLAYLIST = cases.of(extracted(RUN, [row(), row(None)], description="", public=False))
STALE = cases.of(
    Dropped(
        RUN.object_name(),
        json_lines([RUN.line(page([]), fetch_status="stale", fetch_reason="429", fetched_at="2026-08-01T06:00:02Z")]),
    )
)
FOREIGN = cases.of(dropped("x.json", playlist([row()], collaborative=True, public=None, followers=ABSENT, images=[])))
BARE = cases.of(dropped("x.json", page([row()], total=40)))
MARKED = cases.of(
    extracted(RUN, [], playlist_id="read"),
    dropped(
        RUN.marker_name, RUN.marker(("read", "missing", "late"), ("gone", "missing", "404"), ("stale", "stale", "429"))
    ),
    dropped(LATER_RUN.marker_name, LATER_RUN.marker(("gone", "missing", "403"))),
)


def test_a_playlist_has_every_column(found: Transformed) -> None:
    assert found.one(FULL_PLAYLIST, "playlists_data") == {
        "playlist_id": "playlist1",
        "playlist_name": "Playlist playlist1",
        "description": "",
        "owner_id": "user1",
        "is_public": False,
        "is_collaborative": False,
        "followers": 7,
        "url": "https://open.spotify.com/playlist/playlist1",
        "image_url": "https://i.example/playlist1",
        "snapshot_id": "snapshot-playlist1",
        "api_total": 2,
        "item_count": 2,
        "fetch_status": "fetched",
        "fetch_reason": None,
        "fetched_at": utc(2026, 8, 3, 6, 0, 2),
        "run_id": RUN.run_id,
        "extracted_at": utc(2026, 8, 3, 6, 0, 2),
    }


def test_an_empty_playlist_is_a_row(found: Transformed) -> None:
    one = found.one(STALE, "playlists_data")
    assert (one["item_count"], one["api_total"]) == (0, 0)
    assert (one["fetch_status"], one["fetch_reason"], one["fetched_at"]) == (
        "stale",
        "429",
        utc(2026, 8, 1, 6, 0, 2),
    )
    assert found.rows(STALE, "playlist_items_data") == []


def test_what_raw_does_not_tell_is_null(found: Transformed) -> None:
    foreign, bare = found.one(FOREIGN, "playlists_data"), found.one(BARE, "playlists_data")
    unknown = ("is_public", "followers", "image_url", "fetch_status", "fetch_reason", "fetched_at", "run_id")
    assert {name: foreign[name] for name in unknown} == dict.fromkeys(unknown)
    assert (foreign["is_collaborative"], foreign["api_total"]) == (True, 1)
    assert {name for name, value in bare.items() if value is not None} == {
        "playlist_id",
        "api_total",
        "item_count",
        "extracted_at",
    }
    assert (bare["api_total"], bare["item_count"]) == (40, 1)


def test_what_could_not_be_read_is_told_by_the_newest_marker_and_only_where_nothing_was_read(
    found: Transformed,
) -> None:
    gone, read = found.rows(MARKED, "playlists_data")
    assert (read["playlist_id"], read["fetch_status"], read["item_count"]) == ("read", "fetched", 0)
    assert {name: value for name, value in gone.items() if value is not None} == {
        "playlist_id": "gone",
        "fetch_status": "missing",
        "fetch_reason": "403",
        "run_id": LATER_RUN.run_id,
        "extracted_at": utc(2026, 8, 3, 8, 0, 2),
    }


# --- Values that do not fit, fields that nobody knows ---

FITTING: list[tuple[str, Any, Any]] = [
    ("duration_ms", 0, 0),
    ("duration_ms", 9_007_199_254_740_993, 9_007_199_254_740_993),
    ("duration_ms", "200040", 200_040),
    ("popularity", 2_147_483_647, 2_147_483_647),
    ("popularity", -1, -1),
    ("explicit", True, True),
    ("explicit", "false", False),
    ("popularity", None, None),
    ("popularity", ABSENT, None),
]
MISFITS: list[tuple[str, Any]] = [
    ("duration_ms", 1.5),
    ("duration_ms", "3:20"),
    ("duration_ms", [200]),
    ("duration_ms", 10**30),
    ("popularity", 2_147_483_648),
    ("popularity", "high"),
    ("popularity", ""),
    ("popularity", True),
    ("explicit", 1),
    ("explicit", "yes"),
    ("track_number", {"of": 3}),
    ("disc_number", "1.0"),
]
FIT = of(*(row(track(f"{number:02}", **{name: value})) for number, (name, value, _) in enumerate(FITTING)))
MISFIT = of(*(row(track(f"{number:02}", **{name: value})) for number, (name, value) in enumerate(MISFITS)))
ODD_SHAPES = of(
    row(track("a", album="Greatest Hits", artists="Queen")),
    row(track("b", album=[], artists=[artist("x"), "y", None, 5], external_ids=[], external_urls="https://x")),
    row(track("c", restrictions="market", images={}), added_by="me"),
    row(track("d")),
)
UNKNOWN = of(row(track(tempo=120, album=album(mood="blue"))), row(track(tempo=None), pinned=True))


def test_values_that_fit(found: Transformed) -> None:
    songs = found.rows(FIT, "songs_data")
    assert [one[name] for one, (name, _, _) in zip(songs, FITTING, strict=True)] == [value for _, _, value in FITTING]
    assert FIT not in found.misfits


def test_a_value_that_does_not_fit_is_null_and_counted(found: Transformed) -> None:
    songs = found.rows(MISFIT, "songs_data")
    assert [one[name] for one, (name, _) in zip(songs, MISFITS, strict=True)] == [None] * len(MISFITS)
    names = [name for name, _ in MISFITS]
    assert found.misfits[MISFIT] == {name: names.count(name) for name in set(names)}
    assert found.misfits[ADDED_AT] == {"added_at": 6}
    assert found.misfits[RELEASED] == {"release_date": 6}


def test_a_value_of_another_shape_spoils_nothing_beside_it(found: Transformed) -> None:
    songs = {one["song_id"]: one for one in found.rows(ODD_SHAPES, "songs_data")}
    assert list(songs) == ["a", "b", "c", "d"]
    assert (songs["a"]["album_id"], songs["a"]["artist_ids"], songs["a"]["duration_ms"]) == (None, [], 200_040)
    assert (songs["b"]["album_id"], songs["b"]["artist_ids"], songs["b"]["url"]) == (None, ["x"], None)
    assert songs["d"]["album_id"] == "album1"
    assert found.misfits[ODD_SHAPES] == {"page": 1}


def test_unknown_fields_are_named(found: Transformed) -> None:
    assert found.unknown == {"row.pinned": 1, "item.tempo": 2, "album.mood": 1}


def test_nothing_was_refused(found: Transformed) -> None:
    assert found.refused == {}
