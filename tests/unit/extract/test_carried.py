"""Playlists that are not read in a run land as they were last read, and say so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lambda_extract.errors import NothingLandedError, QuotaExceededError
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
        assert extract(standin, store, "mine", **on_day(24))["playlists"] == []
    assert store.keys("raw_data/to_be_processed/extract_date=2026-11-24/run-")


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
        assert "after 2026-11-24 19:35 UTC" in result["halted"]["message"]
        # Until then nobody asks, and from then on somebody does.
        asked = len(standin.requests)
        assert outcomes(extract(standin, store, "abc", **on_day(24, hour=18))) == ["stale"] * 3
        assert len(standin.requests) == asked
        standin.before = None
        assert outcomes(extract(standin, store, "abc", **on_day(24, hour=20))) == ["unchanged"] * 3
    assert slept == []


def test_a_quota_before_anything_was_read_is_the_runs_fault(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 2)), before=faults.on("/v1/", faults.quota_exceeded())) as standin:
        with pytest.raises(QuotaExceededError, match=r"QUOTA_EXCEEDED.*19:35 UTC"):
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
        assert not [request for request in standin.requests if playlist_id("f") in request.path]
        assert outcomes(result) == [*["missing"] * 5, *["stale"] * 3]
        assert json.loads(json.dumps(result)) == result
        assert document(store, "state/last_run.json")["halted"]["code"] == "spotify_unavailable"
