"""The queries that ship, asked of small lakes whose answers are counted by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.unit.sql.conftest import Answer
from tests.unit.sql.lakes import Lake, null_item, track

ODD = "Rock 'n' \"Roll\" 100% _ \\ 雨🌙; DROP TABLE songs --"


def _day(day: int, month: int = 1) -> dt.date:
    return dt.date(2026, month, day)


def _at(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day, 12)  # noqa: DTZ001


def _only(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


class TestPlaylistChurn:
    COLUMNS = ("change_date", "playlist_id", "added", "removed", "relinked", "songs_before", "songs_after")

    @pytest.fixture(autouse=True)
    def _history(self, lake: Lake) -> None:
        lake.day("2026-01-01", {"p": ["a", "b", "b", null_item()], "q": ["x"], "r": []})
        lake.day("2026-01-02", {"p": ["b", "a", null_item(), "c"], "q": [], "r": ["y", "z"]})
        lake.day("2026-01-03", {"p": ["b", "a", null_item(), "c"], "r": ["y", "z"]})
        lake.day("2026-01-04", {"p": ["b", "a", null_item(), "c"]})

    def test_counts_what_came_and_went_and_a_new_order_is_nothing(self, answer: Answer) -> None:
        assert _only(answer("playlist_churn"), *self.COLUMNS) == [
            (_day(4), "r", 0, 2, 0, 2, 0),
            (_day(3), "q", 0, 0, 0, 0, 0),
            (_day(2), "p", 1, 1, 0, 4, 4),
            (_day(2), "r", 2, 0, 0, 0, 2),
            (_day(2), "q", 0, 1, 0, 1, 0),
        ]

    def test_the_share_of_nothing_is_not_known(self, answer: Answer) -> None:
        rows = answer("playlist_churn", since="2026-01-02", until="2026-01-02")
        assert _only(rows, "playlist_id", "churn_percent") == [("p", 50.0), ("r", None), ("q", 100.0)]

    def test_since_and_until_are_of_the_answer_not_of_what_is_compared(self, answer: Answer) -> None:
        assert _only(answer("playlist_churn", since="2026-01-03", until="2026-01-03"), "playlist_id") == [("q",)]
        assert answer("playlist_churn", since="2026-01-05") == []

    def test_a_relinked_song_neither_came_nor_went(self, lake: Lake, answer: Answer) -> None:
        lake.day("2026-01-05", {"p": ["old"]}, songs={"old": {"isrc": "I"}})
        lake.day("2026-01-06", {"p": ["new"]}, songs={"new": {"isrc": "I"}})
        assert _only(answer("playlist_churn", since="2026-01-06"), *self.COLUMNS) == [(_day(6), "p", 0, 0, 1, 1, 1)]

    def test_a_playlist_by_its_odd_name(self, lake: Lake, answer: Answer) -> None:
        lake.day("2026-01-05", {"p": [], "s": []}, playlist_rows={"s": {"playlist_name": ODD}})
        lake.day("2026-01-06", {"p": ["a"], "s": ["a"]}, playlist_rows={"s": {"playlist_name": ODD}})
        rows = answer("playlist_churn", since="2026-01-06", playlist=ODD)
        assert _only(rows, "playlist_name", "added") == [(ODD, 1)]

    def test_a_playlist_without_a_name_is_there(self, lake: Lake, answer: Answer) -> None:
        for day, songs in ((5, ["a"]), (6, [])):
            lake.day(f"2026-01-0{day}", {"n": songs}, playlist_rows={"n": {"playlist_name": None}})
        rows = answer("playlist_churn", since="2026-01-06")
        assert _only(rows, "playlist_name", "playlist_id", "removed") == [(None, "n", 1)]


class TestLostAndUnplayableSongs:
    @pytest.fixture(autouse=True)
    def _history(self, lake: Lake) -> None:
        names = {"playlist_rows": {"odd": {"playlist_name": ODD}}}
        lake.day("2026-01-01", {"p": ["a", track("b", item_name=ODD)], "odd": ["c", null_item()]}, **names)  # type: ignore[arg-type]
        muted = track("c", is_playable=False, item_name="", item_artist_names=[""])
        lake.day("2026-01-02", {"p": ["a"], "odd": [muted, null_item()]}, **names)  # type: ignore[arg-type]
        lake.day("2026-01-03", {"p": [], "odd": [muted, null_item()]}, **names)  # type: ignore[arg-type]

    def test_each_with_the_last_known_name_the_newest_loss_first(self, answer: Answer) -> None:
        rows = answer("lost_and_unplayable_songs")
        assert _only(rows, "lost_date", "reason", "song_name", "artist_names", "playlist_name") == [
            (_day(3), "emptied", "Song a", "Artist of a", "Playlist p"),
            (_day(2), "removed", ODD, "Artist of b", "Playlist p"),
            (_day(2), "unplayable", "Song c", "Artist of c", ODD),
        ]
        assert _only(rows, "last_playable_date", "still_in_library") == [
            (_day(2), False),
            (_day(1), False),
            (_day(1), False),
        ]

    @pytest.mark.parametrize(
        ("given", "songs"),
        [
            ({"since": "2026-01-03"}, ["a"]),
            ({"reason": "unplayable"}, ["c"]),
            ({"reason": "%ed"}, ["a", "b"]),
            ({"playlist": ODD}, ["c"]),
            ({"playlist": "Playlist _"}, ["a", "b"]),
            ({"playlist": "' OR 1 = 1 --"}, []),
        ],
    )
    def test_its_parameters(self, answer: Answer, given: dict[str, str], songs: list[str]) -> None:
        assert _only(answer("lost_and_unplayable_songs", **given), "song_id") == [(song,) for song in songs]


class TestPopularity:
    @pytest.fixture(autouse=True)
    def _history(self, lake: Lake) -> None:
        for date, known in (
            ("2026-01-01", {"a": 10, "b": 90, "c": None, "d": 0}),
            ("2026-01-02", {"a": None, "b": 80, "c": 5, "d": 0}),
            ("2026-01-03", {"a": 41, "b": 60, "c": None, "d": None}),
            ("2026-01-04", {"a": None, "b": None, "c": None, "d": None}),
        ):
            lake.day(date, {"p": list(known)}, songs={song: {"popularity": value} for song, value in known.items()})

    def test_by_date_what_is_not_known_is_not_zero(self, answer: Answer) -> None:
        assert [tuple(row.values()) for row in answer("popularity_by_date")] == [
            (_day(4), 4, 0, 0.0, None, None, None),
            (_day(3), 4, 2, 50.0, 50.5, 41, 60),
            (_day(2), 4, 3, 75.0, 28.3, 0, 80),
            (_day(1), 4, 3, 75.0, 33.3, 0, 90),
        ]
        bounded = answer("popularity_by_date", since="2026-01-02", until="2026-01-03")
        assert _only(bounded, "as_of_date") == [(_day(3),), (_day(2),)]

    def test_of_songs_the_first_and_last_known_are_compared(self, answer: Answer) -> None:
        rows = answer("popularity_of_songs")
        assert [tuple(row.values()) for row in rows] == [
            ("Song a", "a", _day(1), 10, _day(3), 41, 31, 10, 41, 2),
            ("Song b", "b", _day(1), 90, _day(3), 60, -30, 60, 90, 3),
            ("Song d", "d", _day(1), 0, _day(2), 0, 0, 0, 0, 2),
        ]

    def test_of_songs_in_a_span(self, answer: Answer) -> None:
        rows = answer("popularity_of_songs", since="2026-01-02", until="2026-01-03")
        assert _only(rows, "song_id", "popularity_change") == [("b", -20)]

    def test_a_date_that_is_being_replaced_counts_once_and_an_unpublished_one_not(
        self, lake: Lake, answer: Answer
    ) -> None:
        again = {"a": {"popularity": 99}}
        lake.day("2026-01-04", {"p": ["a"]}, songs=again, report=False)
        lake.day("2026-01-05", {"p": ["a"]}, songs=again, report=False)
        rows = answer("popularity_by_date", since="2026-01-04")
        assert _only(rows, "as_of_date", "songs", "songs_known") == [(_day(4), 4, 0)]

    def test_an_empty_name_is_no_name(self, lake: Lake, answer: Answer) -> None:
        for day in (5, 6):
            songs = {"x": {"popularity": day, "song_name": ""}}
            lake.day(f"2026-01-0{day}", {"p": ["x"]}, songs=songs)
        assert _only(answer("popularity_of_songs", since="2026-01-05"), "song_name", "song_id") == [(None, "x")]


class TestDuplicates:
    @pytest.fixture(autouse=True)
    def _library(self, lake: Lake) -> None:
        local = {"item_type": "local", "item_uri": "spotify:local:x", "item_name": ODD, "item_artist_names": []}
        unknown = {"item_type": "track", "item_uri": "spotify:track:null", "item_artist_names": []}
        lake.day(
            "2026-01-01",
            {
                "p": ["a", "single", "a", local, null_item(), null_item(), "album", local, unknown, unknown],
                "q": ["single", unknown, track("e", item_type="episode", song_id=None, item_uri="spotify:episode:e")],
                "odd": [track("e", item_type="episode", song_id=None, item_uri="spotify:episode:e"), local, "a"],
            },
            songs={"single": {"isrc": "I1"}, "album": {"isrc": "I1"}},
            playlist_rows={"odd": {"playlist_name": ""}},
        )

    def test_within_a_playlist_the_same_recording_under_two_ids_counts(self, answer: Answer) -> None:
        rows = answer("duplicates_within_playlists")
        assert [tuple(row.values()) for row in rows] == [
            ("Playlist p", ODD, None, 2, 1, "3, 7", "spotify:local:x", "p"),
            ("Playlist p", "Song a", "Artist of a", 2, 1, "0, 2", "spotify:track:a", "p"),
            ("Playlist p", "Song single", "Artist of single", 2, 2, "1, 6", "I1", "p"),
        ]

    def test_across_playlists_what_cannot_be_told_apart_is_left_out(self, answer: Answer) -> None:
        columns = ("recording", "playlists", "placements", "versions", "playlist_names")
        assert _only(answer("duplicates_across_playlists"), *columns) == [
            ("spotify:local:x", 2, 3, 1, "Playlist p, odd"),
            ("spotify:track:a", 2, 3, 1, "Playlist p, odd"),
            ("I1", 2, 3, 2, "Playlist p, Playlist q"),
        ]

    @pytest.mark.parametrize(("least", "count"), [("1", 3), ("2", 3), ("3", 0)])
    def test_in_at_least_so_many_playlists(self, answer: Answer, least: str, count: int) -> None:
        assert len(answer("duplicates_across_playlists", min_playlists=least)) == count


def test_new_artists_count_in_the_month_of_their_first_song(lake: Lake, answer: Answer) -> None:
    lake.day("2026-01-01", {"p": [track("gone", added_at=_at(2001, 1, 1))]})
    lake.day(
        "2026-02-01",
        {
            "p": [track("a", added_at=_at(2020, 5, 31)), track("b", added_at=_at(2021, 1, 1)), track("undated")],
            "q": [track("a", added_at=_at(2020, 4, 1)), track("c", added_at=_at(2021, 1, 31)), null_item()],
        },
        songs={
            "a": {"artist_ids": ["x", "y"]},
            "b": {"artist_ids": ["y", "z", "w"]},
            "c": {"artist_ids": ["nameless"]},
            "undated": {"artist_ids": ["u"]},
        },
    )
    for path in lake.transformed.glob("artists_data/extract_date=2026-02-01/*"):
        path.unlink()
    lake.write(
        "artists_data",
        "2026-02-01",
        [{"artist_id": artist, "artist_name": artist.upper()} for artist in "wxyzu"]
        + [{"artist_id": "nameless", "artist_name": ""}],
        "load-0002",
    )
    assert [tuple(row.values()) for row in answer("new_artists_by_month")] == [
        (dt.date(2021, 1, 1), 3, 5, "W, Z"),
        (dt.date(2020, 4, 1), 2, 2, "X, Y"),
    ]


class TestStalePlaylists:
    @pytest.fixture(autouse=True)
    def _library(self, lake: Lake) -> None:
        lake.day("2026-01-01", {"fresh": ["a"], "stale": ["a"], "gone": ["a"], "kept": ["a"]})
        lake.day(
            "2026-01-20",
            {"fresh": ["a"], "stale": ["a"], "gone": None, "kept": ["a"], "never": None},
            playlist_rows={
                "fresh": {"fetched_at": _at(2026, 1, 20)},
                "stale": {
                    "fetched_at": _at(2026, 1, 18),
                    "fetch_status": "stale",
                    "fetch_reason": "timeout: no answer in 30 s",
                    "playlist_name": ODD,
                },
                "kept": {"fetched_at": _at(2026, 1, 12), "fetch_status": "unchanged"},
            },
        )

    def test_what_could_not_be_read_comes_first_with_its_last_known_name(self, answer: Answer) -> None:
        columns = ("playlist_name", "fetch_status", "fetch_reason", "read_on", "days", "item_count")
        assert _only(answer("stale_playlists"), *columns) == [
            ("Playlist gone", "missing", None, None, None, None),
            (None, "missing", None, None, None, None),
            ("Playlist kept", "unchanged", None, _day(12), 8, 1),
            (ODD, "stale", "timeout: no answer in 30 s", _day(18), 2, 1),
        ]

    def test_days_is_how_long_unchanged_is_believed(self, answer: Answer) -> None:
        listed = _only(answer("stale_playlists", days="8"), "playlist_id")
        assert listed == [("gone",), ("never",), ("stale",)]

    def test_without_runs_nothing_is_stale(self, lake: Lake, answer: Answer) -> None:
        lake.day("2026-01-21", {"fresh": ["a"]})
        assert answer("stale_playlists") == []


def test_dormant_playlists(lake: Lake, answer: Answer) -> None:
    lake.day(
        "2026-01-31",
        {
            "asleep": [track("a", added_at=_at(2025, 1, 1)), track("b", added_at=_at(2025, 1, 31)), track("c")],
            "undated": ["a"],
            "awake": [track("a", added_at=_at(2010, 1, 1)), track("b", added_at=_at(2026, 1, 30))],
            "empty": [],
        },
    )
    rows = answer("dormant_playlists")
    assert _only(rows, "playlist_id", "items", "last_added_on", "days") == [
        ("asleep", 3, dt.date(2025, 1, 31), 365),
        ("undated", 1, None, None),
    ]
    assert _only(answer("dormant_playlists", days="366"), "playlist_id") == [("undated",)]
    assert _only(answer("dormant_playlists", days="1"), "playlist_id") == [("asleep",), ("awake",), ("undated",)]


class TestDataQuality:
    COLUMNS = ("state", "loads", "rows_in", "rows_out", "rows_superseded", "rows_unexplained", "objects_quarantined")

    @pytest.fixture(autouse=True)
    def _reports(self, lake: Lake) -> None:
        lake.day("2026-01-01", {"p": ["a"]}, report=False)
        lake.report("2026-01-01", "load-1", rows_in=9, rows_out=9, rows_superseded=0, objects_quarantined=2)
        lake.report(
            "2026-01-01",
            "load-2",
            loaded_at="2026-01-01T09:00:00Z",
            rows_in=12,
            rows_out=10,
            rows_superseded=2,
            objects_quarantined=0,
            values_not_fitting={"release_date": 3, "duration_ms": 1},
            unknown_fields={"track.new": 7},
            warnings=["songs_data is much smaller", "so are albums"],
        )
        lake.report("2026-01-01", "load-3", rebuilt=False, objects_quarantined=1)
        lake.report("2026-01-02", "load-3", rebuilt=False, objects_quarantined=4)
        lake.report("2026-01-03", "load-3", rows_in=5, rows_out=5, rows_superseded=0)
        lake.report("2026-01-03", "load-4", rebuilt=False, gates_failed=["keys: 1 song twice", "rows: 1 lost"])
        lake.report("2026-01-04", "load-4", rebuilt=False, gates_failed=["keys: none"])
        lake.report("2026-01-04", "load-5", rows_in=7, rows_out=5, rows_superseded=1, gates_failed=[], warnings=[])

    def test_a_row_a_date_from_all_its_reports(self, answer: Answer) -> None:
        rows = answer("data_quality_by_date")
        assert _only(rows, "extract_date", *self.COLUMNS) == [
            ("2026-01-04", "published", 2, 7, 5, 1, 1, 0),
            ("2026-01-03", "held", 2, 5, 5, 0, 0, 0),
            ("2026-01-02", "quarantined only", 1, None, None, None, None, 4),
            ("2026-01-01", "published", 3, 12, 10, 2, 0, 3),
        ]

    def test_values_and_fields_are_those_of_the_newest_load_that_counts(self, answer: Answer) -> None:
        rows = answer("data_quality_by_date")
        assert _only(rows, "values_not_fitting", "unknown_fields") == [(0, 0), (0, 0), (0, 0), (4, 7)]

    def test_gates_and_warnings_are_those_of_the_newest_load_quarantine_apart(self, answer: Answer) -> None:
        rows = answer("data_quality_by_date")
        assert _only(rows, "gates_failed", "warnings") == [
            (None, None),
            ("keys: 1 song twice; rows: 1 lost", None),
            (None, None),
            (None, "songs_data is much smaller; so are albums"),
        ]
        assert _only(rows, "loaded_at") == [(None,), (None,), (None,), ("2026-01-01T09:00:00Z",)]

    def test_a_span(self, answer: Answer) -> None:
        rows = answer("data_quality_by_date", since="2026-01-02", until="2026-01-03")
        assert _only(rows, "extract_date") == [("2026-01-03",), ("2026-01-02",)]
