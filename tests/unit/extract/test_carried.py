"""Playlists that are not read in a run land as they were last read, and say so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lambda_extract.errors import NothingLandedError, QuotaExceededError, ScopeMissingError
from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import Answer, Request, ServedPlaylist, StandIn, World, faults
from tests.unit.extract.builders import (
    document,
    extract,
    key_on,
    lines,
    move,
    on_day,
    playlist,
    playlist_id,
    row,
    status_of,
    world,
)


def outcomes(result: dict[str, Any]) -> list[str]:
    return [entry["outcome"] for entry in result["playlists"]]


def renamed(served: ServedPlaylist, name: str) -> ServedPlaylist:
    return replace(served, metadata={**served.metadata, "name": name})


@pytest.mark.parametrize(("letters", "asked"), [("mine", 1), ("ab", 2)])
def test_what_did_not_change_lands_again_and_is_not_read(store: FolderStore, letters: str, asked: int) -> None:
    with StandIn(world(playlist("a", 130), playlist("b", 0))) as standin:
        extract(standin, store, letters, user="me")
        before = len(standin.requests)
        result = extract(standin, store, letters, user="me", **on_day(24))
        assert len(standin.requests) - before == asked == result["requests_made"]
    assert result["outcomes"] == {"unchanged": 2}
    first, again = lines(store, key_on(23, "a")), lines(store, key_on(24, "a"))
    changed = {"fetch_status": "unchanged", "carried_from": "2026-11-23", "run_id": "20261124T060000Z"}
    assert [{**line, **changed, "extracted_at": again[0]["extracted_at"]} for line in first] == again
    assert again[0]["extracted_at"].startswith("2026-11-24T06:00:02")
    assert again[0]["fetched_at"].startswith("2026-11-23T06:00:02")


@pytest.mark.parametrize("zone", ["raw_data/to_be_processed", "raw_data/processed"])
def test_it_comes_from_where_it_lies(store: FolderStore, zone: str) -> None:
    with StandIn(world(playlist("a", 3))) as standin:
        extract(standin, store, "mine")
        move(store, key_on(23, "a"), key_on(23, "a", zone))
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["unchanged"]
        # Carried on and on it still tells when it was read.
        assert extract(standin, store, "mine", **on_day(25))["playlists"][0]["carried_from"] == "2026-11-23"


def test_a_new_song_or_a_new_name_is_read(store: FolderStore) -> None:
    served = world(playlist("a", 3), playlist("b", 3), playlist("c", 3))
    with StandIn(served) as standin:
        extract(standin, store, "mine")
        served.playlists[playlist_id("a")] = playlist("a", 4, snapshot="v2")
        served.playlists[playlist_id("b")] = renamed(served.playlists[playlist_id("b")], "another")
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["fetched", "fetched", "unchanged"]


def test_full_reads_everything(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 3))) as standin:
        extract(standin, store, "mine")
        assert outcomes(extract(standin, store, "mine", **on_day(24), full=True)) == ["fetched"]


@pytest.mark.parametrize("letters", ["mine", "a"])
def test_every_seventh_day_it_is_read_although_nothing_moved(store: FolderStore, letters: str) -> None:
    with StandIn(world(playlist("a", 3))) as standin:
        extract(standin, store, letters, **on_day(1))
        seen = [outcomes(extract(standin, store, letters, **on_day(day)))[0] for day in range(2, 17)]
    assert [day for day, outcome in enumerate(seen, start=2) if outcome == "fetched"] == [8, 15]


def test_a_last_extract_that_is_gone_is_read_again(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 3))) as standin:
        extract(standin, store, "mine")
        (store.root / key_on(23, "a")).unlink()
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["fetched"]
        (store.root / key_on(24, "a")).unlink()
        assert outcomes(extract(standin, store, "a", **on_day(25))) == ["fetched"]


def test_one_that_fails_for_a_whole_run_lands_as_it_was(store: FolderStore) -> None:
    with StandIn(world(*(playlist(letter, 2) for letter in "abcde"))) as standin:
        extract(standin, store, "abcde")
        standin.before = faults.on(playlist_id("c"), faults.server_error(503))
        result = extract(standin, store, "abcde", **on_day(24), full=True)
    assert outcomes(result) == ["fetched", "fetched", "stale", "fetched", "fetched"]
    line = lines(store, key_on(24, "c"))[0]
    assert (line["fetch_status"], line["carried_from"]) == ("stale", "2026-11-23")
    assert line["fetch_reason"].startswith("spotify_unavailable: Spotify answers 503 for playlist cccc")
    assert line["page"]["items"] == [row("c", 0), row("c", 1)]
    assert len(store.keys("raw_data/to_be_processed/extract_date=2026-11-24/")) == 6


def test_not_found_once_is_stale_and_twice_in_a_row_is_gone(store: FolderStore) -> None:
    served = world(playlist("a", 2), playlist("b", 2))
    with StandIn(served) as standin:
        extract(standin, store, "ab")
        gone = served.playlists.pop(playlist_id("b"))
        assert outcomes(extract(standin, store, "ab", **on_day(24))) == ["unchanged", "stale"]
        assert outcomes(extract(standin, store, "ab", **on_day(24))) == ["unchanged", "stale"], "the same run again"
        result = extract(standin, store, "ab", **on_day(25))
        assert outcomes(result) == ["unchanged", "absent"]
        assert result["playlists"][1]["object"] is None
        assert not store.keys(key_on(25, "b"))
        served.playlists[playlist_id("b")] = gone
        assert outcomes(extract(standin, store, "ab", **on_day(26))) == ["unchanged", "unchanged"]
        del served.playlists[playlist_id("b")]
        assert outcomes(extract(standin, store, "ab", **on_day(27)))[1] == "stale", "the count begins anew"


def test_one_that_left_the_account_is_not_there(store: FolderStore) -> None:
    served = world(playlist("a", 2), playlist("b", 2))
    with StandIn(served) as standin:
        extract(standin, store, "mine")
        del served.playlists[playlist_id("b")]
        assert len(extract(standin, store, "mine", **on_day(24))["playlists"]) == 1


def test_a_list_that_cannot_be_read_is_the_one_of_the_run_before(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 2), playlist("b", 2))) as standin:
        extract(standin, store, "mine")
        standin.before = faults.on("/me/playlists", faults.server_error(500))
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["unchanged", "unchanged"]
        standin.before = faults.on("/v1/", faults.server_error(500))
        result = extract(standin, store, "mine", **on_day(25))
    assert outcomes(result) == ["stale", "stale"]


def test_a_list_that_changes_while_it_is_read_is_read_again(store: FolderStore) -> None:
    served = world(*(playlist(letter, 1) for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    assert len(served.playlists) == 52

    def first_leaves(request: Request) -> Answer | None:
        if request.path == "/v1/me/playlists" and request.query["offset"] == "50":
            served.playlists.pop(playlist_id("a"), None)
        return None

    with StandIn(served, before=first_leaves) as standin:
        result = extract(standin, store, "mine")
    assert len(result["playlists"]) == 51
    assert {entry["playlist_id"] for entry in result["playlists"]} == set(served.playlists)


def test_mine_are_those_that_i_own_or_collaborate_on(store: FolderStore) -> None:
    shared = playlist("c", 1, owner="somebody")
    shared.metadata["collaborative"] = True
    mine = world(playlist("a", 1), playlist("b", 1, owner="somebody"), shared, playlist("d", 1, owner="spotify"))
    with StandIn(mine) as standin:
        result = extract(standin, store, "mine")
        assert [request.path for request in standin.requests][:2] == ["/v1/me/", "/v1/me/playlists"]
    assert [entry["playlist_id"] for entry in result["playlists"]] == [playlist_id("a"), playlist_id("c")]


def test_an_account_without_playlists_is_told_so(store: FolderStore) -> None:
    with StandIn(World("me")) as standin, pytest.raises(NothingLandedError, match="owns no playlist"):
        extract(standin, store, "mine")


def test_the_last_playlist_that_went_leaves_an_empty_run(store: FolderStore) -> None:
    served = world(playlist("a", 1))
    with StandIn(served) as standin:
        extract(standin, store, "mine")
        served.playlists.clear()
        # At first nobody believes that a whole library is gone.
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["stale"]
        assert extract(standin, store, "mine", **on_day(25))["playlists"] == []
        assert extract(standin, store, "mine", **on_day(25))["playlists"] == [], "delivered twice"
    assert store.keys("raw_data/to_be_processed/extract_date=2026-11-25/run-")


@pytest.mark.parametrize("times", [0, 1])
def test_added_by_is_dropped_where_that_is_asked_for(store: FolderStore, times: int) -> None:
    served = playlist("a", 2)
    for each in served.rows:
        each["added_by"] = {"id": "somebody", "uri": "spotify:user:somebody"}
    with StandIn(world(served)) as standin:
        if times:
            extract(standin, store, "a", **on_day(22))
        extract(standin, store, "a", keep_added_by=False)
    landed = [item for line in lines(store, key_on(23, "a")) for item in line["page"]["items"]]
    assert [item["added_by"] for item in landed] == [None, None]
    assert [{**item, "added_by": None} for item in served.rows] == landed
    assert status_of(store, key_on(23, "a")) == ("unchanged" if times else "fetched")


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b'{"object": 3, "rows": "x"}'])
def test_a_damaged_state_is_as_none(store: FolderStore, damage: bytes) -> None:
    with StandIn(world(playlist("a", 2))) as standin:
        extract(standin, store, "mine")
        for key in store.keys("state/"):
            store.put(key, damage)
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["fetched"]


def test_a_quota_of_hours_ends_the_asking_at_once(store: FolderStore) -> None:
    slept: list[float] = []
    with StandIn(world(*(playlist(letter, 2) for letter in "abc"))) as standin:
        extract(standin, store, "abc")
        standin.before = faults.on("/v1/", faults.quota_exceeded(48_925))
        asked = len(standin.requests)
        result = extract(standin, store, "abc", **on_day(24), full=True, sleep=slept.append)
        assert len(standin.requests) - asked == 1
        assert outcomes(result) == ["stale"] * 3
        assert result["halted"]["code"] == "quota_exceeded"
        assert result["halted"]["retry_at"] == "2026-11-24T19:35:27.345Z"
        assert "after 2026-11-24 19:36 UTC" in result["halted"]["message"]
        # Until then nobody asks, and from then on somebody does.
        asked = len(standin.requests)
        assert outcomes(extract(standin, store, "abc", **on_day(24, hour=18))) == ["stale"] * 3
        assert len(standin.requests) == asked
        standin.before = None
        assert outcomes(extract(standin, store, "abc", **on_day(24, hour=20))) == ["unchanged"] * 3
    assert slept == []


def test_a_quota_before_anything_was_read_is_the_runs_fault(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 2)), before=faults.on("/v1/", faults.quota_exceeded())) as standin:
        with pytest.raises(QuotaExceededError, match=r"QUOTA_EXCEEDED.*19:36 UTC"):
            extract(standin, store, "mine")
        with pytest.raises(QuotaExceededError, match="was used up"):
            extract(standin, store, "mine", **on_day(23, hour=7))
        assert len(standin.requests) == 1


def test_five_that_fail_in_a_row_raise_the_question_whether_spotify_is_there(store: FolderStore) -> None:
    letters = "abcdefgh"
    broken = tuple(faults.on(f"playlists/{playlist_id(letter)}", faults.server_error()) for letter in "abcde")
    with StandIn(world(*(playlist(letter, 1) for letter in letters)), before=faults.in_turn(*broken)) as standin:
        assert outcomes(extract(standin, store, letters)) == [*["missing"] * 5, *["fetched"] * 3]
        assert [request.path for request in standin.requests].count("/v1/me/") == 1
    with StandIn(world(*(playlist(letter, 1) for letter in letters))) as standin:
        standin.before = faults.on("/v1/", faults.server_error())
        result = extract(standin, store, letters, **on_day(24))
        # Those that failed the last time come last.
        assert not [request for request in standin.requests if playlist_id("c") in request.path]
        assert outcomes(result) == [*["missing"] * 5, *["stale"] * 3]
        assert json.loads(json.dumps(result)) == result
        assert document(store, "state/last_run.json")["halted"]["code"] == "spotify_unavailable"


def test_a_run_over_a_list_does_not_change_what_mine_falls_back_to(store: FolderStore) -> None:
    with StandIn(world(*(playlist(letter, 1) for letter in "abcd"))) as standin:
        extract(standin, store, "mine")
        extract(standin, store, "a", **on_day(23, hour=12))
        standin.before = faults.on("/me/playlists", faults.server_error())
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["unchanged"] * 4


def test_an_older_extract_never_follows_a_newer_one(store: FolderStore) -> None:
    class Killed(BaseException):
        """Ends the run as a signal would."""

    class DiesBeforeTheObject(FolderStore):
        def put(self, key: str, content: Any) -> None:
            if key == key_on(23, "a"):
                raise Killed
            super().put(key, content)

    served = world(playlist("a", 3, snapshot="v1"))
    with StandIn(served) as standin:
        extract(standin, store, "a", **on_day(22))
        served.playlists[playlist_id("a")] = playlist("a", 5, snapshot="v2")
        with pytest.raises(Killed):
            extract(standin, DiesBeforeTheObject(store.root), "a")
        standin.before = faults.on("/v1/", faults.server_error())
        result = extract(standin, store, "a", **on_day(23, hour=7))
        assert (outcomes(result), result["rows"]) == (["stale"], 3), "the state names what never landed"
        standin.before = None
        result = extract(standin, store, "a", **on_day(23, hour=8))
        assert (outcomes(result), result["rows"]) == (["fetched"], 5)
        assert extract(standin, store, "a", **on_day(23))["rows"] == 5, "the killed run, delivered again"
        standin.before = faults.on("/v1/", faults.server_error())
        assert extract(standin, store, "a", **on_day(23, hour=9))["rows"] == 5


def test_one_that_is_gone_stays_gone_until_it_can_be_read(store: FolderStore) -> None:
    served = world(playlist("a", 1), playlist("b", 2))
    seen = []
    with StandIn(served) as standin:
        extract(standin, store, "ab")
        gone = served.playlists.pop(playlist_id("b"))
        for day, fault in ((24, None), (25, None), (26, faults.server_error()), (27, None)):
            standin.before = faults.on(playlist_id("b"), fault) if fault else None
            seen.append(outcomes(extract(standin, store, "ab", **on_day(day)))[1])
        served.playlists[playlist_id("b")] = gone
        seen.append(outcomes(extract(standin, store, "ab", **on_day(28)))[1])
    assert seen == ["stale", "absent", "absent", "absent", "unchanged"]


def test_another_fault_between_two_404s_is_no_row(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1), playlist("b", 2))) as standin:
        extract(standin, store, "ab")
        for day, fault in ((24, faults.not_found()), (25, faults.server_error()), (26, faults.not_found())):
            standin.before = faults.on(playlist_id("b"), fault)
            assert outcomes(extract(standin, store, "ab", **on_day(day)))[1] == "stale"


@pytest.mark.parametrize("damage", ["cut", "empty", "torn", "foreign"])
def test_a_last_extract_that_is_damaged_never_lands_again(store: FolderStore, damage: str) -> None:
    served = world(playlist("a", 150), playlist("b", 1))
    with StandIn(served) as standin:
        extract(standin, store, "mine")
        whole = store.read(key_on(23, "a")) or b""
        first = whole.split(b"\n")[0] + b"\n"
        store.put(key_on(23, "a"), {"cut": first, "empty": b"", "torn": whole[:-9], "foreign": b"{}\n"}[damage])
        standin.before = faults.on(playlist_id("a"), faults.server_error())
        result = extract(standin, store, "mine", **on_day(24))
        assert outcomes(result) == ["missing", "unchanged"]
        standin.before = None
        assert outcomes(extract(standin, store, "mine", **on_day(25))) == ["fetched", "unchanged"]


def test_one_that_always_fails_takes_no_others_requests(store: FolderStore) -> None:
    with StandIn(world(playlist("y", 1), playlist("z", 1))) as standin:
        with pytest.raises(NothingLandedError):
            extract(standin, store, "abcdefyz", budget=6, **on_day(22))
        assert outcomes(extract(standin, store, "abcdefyz", budget=6)) == [*["missing"] * 6, *["fetched"] * 2]


def test_rows_that_are_always_short_are_read_twice_and_not_three_times(store: FolderStore) -> None:
    served = playlist("a", 150)

    def before(request: Request) -> Answer | None:
        if not request.path.endswith("/items"):
            return None
        offset = int(request.query["offset"])
        return Answer(200, {"items": served.rows[offset : min(offset + 50, 149)], "offset": offset, "total": 150})

    with StandIn(world(served), before=before) as standin:
        with pytest.raises(NothingLandedError, match="149 of its 150 items came"):
            extract(standin, store, "a")
        assert len([request for request in standin.requests if not request.path.endswith("/items")]) == 2


def test_a_list_that_cannot_be_read_is_told(store: FolderStore) -> None:
    served = world(playlist("a", 1))
    with StandIn(served) as standin:
        assert extract(standin, store, "mine")["library_fault"] is None
        served.playlists[playlist_id("b")] = playlist("b", 1)
        standin.before = faults.on("/me/playlists", faults.forbidden())
        result = extract(standin, store, "mine", **on_day(24))
        assert (outcomes(result), result["library_fault"]["code"]) == (["unchanged"], "playlist_forbidden")


def test_a_consent_that_no_longer_covers_the_list_deletes_nothing(store: FolderStore) -> None:
    served = world(playlist("a", 1), playlist("b", 1))
    served.playlists[playlist_id("b")].metadata["public"] = False
    with StandIn(served) as standin:
        extract(standin, store, "mine")
        served.scopes = ()
        with pytest.raises(ScopeMissingError, match="playlist-read-private and playlist-read-collaborative"):
            extract(standin, store, "mine", **on_day(24))


def test_a_second_delivery_within_a_block_asks_nothing_and_forgets_nothing(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1), playlist("b", 1))) as standin:
        standin.before = faults.on(playlist_id("b"), faults.quota_exceeded())
        first = extract(standin, store, "ab")
        for key in store.keys("raw_data/to_be_processed/"):
            move(store, key, key.replace("to_be_processed", "processed"))
        asked = len(standin.requests)
        again = extract(standin, store, "ab")
        assert len(standin.requests) == asked
    assert again["backlog"] == first["backlog"] == {"playlists": 1, "requests": 1}
    assert again["halted"]["code"] == "quota_exceeded"
    assert not store.keys("raw_data/to_be_processed/"), "a marker would start the job for nothing"
    assert (again["landed"], again["landed_rows"]) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"object": "../../x"},
        {"playlist_id": playlist_id("b")},
        {"extracted_at": "2026-11-23"},
        {"rows": True},
        {"seen_at": 3},
    ],
)
def test_a_state_that_says_something_else_is_as_none(store: FolderStore, change: dict[str, Any]) -> None:
    key = f"state/playlists/{playlist_id('a')}.json"
    with StandIn(world(playlist("a", 2), playlist("b", 2))) as standin:
        extract(standin, store, "mine")
        store.put(key, json.dumps({**document(store, key), **change}).encode())
        for other in ("state/last_run.json", "state/library.json"):
            store.put(other, b'{"playlists": null}')
        assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["fetched", "unchanged"]


@pytest.mark.parametrize("entry", [None, {"id": {}}, {"id": None}, {"id": "../x"}])
def test_odd_entries_of_the_list_are_passed_over(store: FolderStore, entry: Any) -> None:
    def before(request: Request) -> Answer | None:
        if request.path != "/v1/me/playlists":
            return None
        entries = [entry, entry, playlist("a", 1).metadata]
        return Answer(200, {"items": entries, "offset": 0, "total": 3})

    with StandIn(world(playlist("a", 1)), before=before) as standin:
        assert outcomes(extract(standin, store, "mine", user="me")) == ["fetched"]
