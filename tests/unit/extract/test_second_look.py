"""What two reviews found: histories of several days that used to end in a playlist lost, deleted or never read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_extract.errors import NothingLandedError, RateLimitedError
from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import Answer, StandIn, World, faults
from tests.unit.extract.builders import document, extract, key_on, on_day, playlist, playlist_id, world
from tests.unit.extract.test_carried import outcomes


class Killed(BaseException):
    """Ends a run as a signal would."""


class DiesBefore(FolderStore):
    """A bucket whose process is killed when it is about to put some keys."""

    def __init__(self, store: FolderStore, *keys: str) -> None:
        super().__init__(store.root)
        self._keys = keys

    def put(self, key: str, content: Any) -> None:
        if key in self._keys:
            raise Killed
        super().put(key, content)


def state(store: FolderStore, letter: str) -> dict[str, Any]:
    return document(store, f"state/playlists/{playlist_id(letter)}.json")


def test_a_404_long_ago_is_not_the_first_of_two_in_a_row(store: FolderStore) -> None:
    seen = []
    with StandIn(world(playlist("a", 1), playlist("b", 2))) as standin:
        extract(standin, store, "mine", **on_day(1))
        for day, fault in ((2, faults.not_found()), (3, None), (4, faults.not_found())):
            standin.before = faults.on(playlist_id("b"), fault) if fault else None
            result = extract(standin, store, "mine", full=fault is not None, **on_day(day))
            seen.append(outcomes(result)[1])
    assert seen == ["stale", "unchanged", "stale"]


def test_what_a_killed_run_never_put_is_not_taken_for_up_to_date(store: FolderStore) -> None:
    served = world(playlist("a", 3, snapshot="v1"))
    with StandIn(served) as standin:
        extract(standin, store, "mine", user="me", **on_day(1))
        served.playlists[playlist_id("a")] = playlist("a", 5, snapshot="v2")
        with pytest.raises(Killed):
            extract(standin, DiesBefore(store, key_on(2, "a")), "mine", user="me", **on_day(2))
        standin.before = faults.on("/playlists/", faults.quota_exceeded())
        result = extract(standin, store, "mine", user="me", **on_day(9))
    assert (outcomes(result), result["rows"]) == (["stale"], 3)
    assert result["backlog"] == {"playlists": 1, "requests": 1}


def test_two_killed_runs_do_not_forget_the_last_good_extract(store: FolderStore) -> None:
    served = world(playlist("a", 3, snapshot="v0"))
    with StandIn(served) as standin:
        extract(standin, store, "a", **on_day(1))
        for day in (2, 3):
            served.playlists[playlist_id("a")] = playlist("a", 5, snapshot=f"v{day}")
            with pytest.raises(Killed):
                extract(standin, DiesBefore(store, key_on(day, "a")), "a", **on_day(day))
        standin.before = faults.on("/v1/", faults.server_error())
        result = extract(standin, store, "a", **on_day(4))
    assert (outcomes(result), result["rows"]) == (["stale"], 3)
    assert state(store, "a")["before"]["before"] is None


def test_one_whose_repeats_use_up_the_budget_comes_last_the_day_after(store: FolderStore) -> None:
    with StandIn(world(*(playlist(letter, 1) for letter in "xab"))) as standin:
        extract(standin, store, "xab", **on_day(1))
        standin.before = faults.on(playlist_id("x"), faults.server_error())
        told = [outcomes(extract(standin, store, "xab", budget=3, full=True, **on_day(day))) for day in (2, 3, 4)]
    assert told == [["stale"] * 3, ["stale", "fetched", "fetched"], ["stale", "fetched", "fetched"]]


def test_ids_that_are_gone_take_no_others_requests(store: FolderStore) -> None:
    served = world(*(playlist(letter, 1) for letter in "abcd"))
    with StandIn(served) as standin:
        extract(standin, store, "abcd", **on_day(1))
        del served.playlists[playlist_id("a")], served.playlists[playlist_id("b")]
        for day in (2, 3):
            extract(standin, store, "abcd", **on_day(day))
        told = outcomes(extract(standin, store, "abcd", budget=2, **on_day(4)))
    assert told == ["absent", "absent", "unchanged", "unchanged"]


def test_a_failed_run_over_a_list_does_not_hide_that_the_account_is_empty(store: FolderStore) -> None:
    with StandIn(World("me")) as standin:
        with pytest.raises(NothingLandedError, match="None of 1 playlists"):
            extract(standin, store, "z")
        with pytest.raises(NothingLandedError, match="owns no playlist"):
            extract(standin, store, "mine", **on_day(24))


def test_an_older_run_delivered_again_does_not_replace_the_last_one(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1))) as standin:
        extract(standin, store, "ab")
        extract(standin, store, "a", **on_day(24))
        standin.world.playlists[playlist_id("b")] = playlist("b", 1)
        extract(standin, store, "ab")
    assert document(store, "state/last_run.json")["run_id"] == "20261124T060000Z"


def test_a_second_delivery_without_news_tells_what_is_stored(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1))) as standin:
        first = extract(standin, store, "a")
        standin.before = faults.on("/v1/", faults.quota_exceeded())
        with pytest.raises(RateLimitedError):
            extract(standin, store, "b", **on_day(23, hour=7))
        again = extract(standin, store, "a", clock=on_day(23, hour=8)["clock"])
    assert {name: again[name] for name in ("halted", "extracted_at", "playlists")} == {
        name: first[name] for name in ("halted", "extracted_at", "playlists")
    }


def test_a_list_found_empty_by_one_run_is_doubted_by_that_run_again(store: FolderStore) -> None:
    served = world(playlist("a", 1))
    with StandIn(served) as standin:
        extract(standin, store, "mine")
        served.playlists.clear()
        for _ in range(2):
            assert outcomes(extract(standin, store, "mine", **on_day(24))) == ["stale"]
            for key in store.keys("raw_data/to_be_processed/extract_date=2026-11-24/"):
                (store.root / key).unlink()


def test_failures_count_in_a_row_only(store: FolderStore) -> None:
    letters = "abcdefghij"
    broken = [faults.on(f"playlists/{playlist_id(letter)}", faults.server_error()) for letter in letters[::2]]
    with StandIn(world(*(playlist(letter, 1) for letter in letters)), before=faults.in_turn(*broken)) as standin:
        extract(standin, store, letters)
        assert not [request for request in standin.requests if request.path.startswith("/v1/me")]


def test_an_unchanged_one_was_seen_and_not_read(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1))) as standin:
        extract(standin, store, "a")
        extract(standin, store, "a", **on_day(24))
    assert (state(store, "a")["extracted_at"][:10], state(store, "a")["seen_at"][:10]) == ("2026-11-23", "2026-11-24")


def test_a_404_of_the_same_run_counts_once(store: FolderStore) -> None:
    served = world(playlist("a", 1), playlist("b", 1))
    with StandIn(served) as standin:
        extract(standin, store, "ab")
        del served.playlists[playlist_id("b")]
        for _ in range(2):
            assert outcomes(extract(standin, store, "ab", **on_day(24)))[1] == "stale"
            for key in store.keys("raw_data/to_be_processed/extract_date=2026-11-24/"):
                (store.root / key).unlink()


def test_changed_ones_go_before_those_that_are_only_due(store: FolderStore) -> None:
    served = world(playlist("a", 1))
    with StandIn(served) as standin:
        extract(standin, store, "mine", user="me", **on_day(1))
        served.playlists[playlist_id("b")] = playlist("b", 1)
        extract(standin, store, "mine", user="me", **on_day(5))
        served.playlists[playlist_id("b")] = playlist("b", 2, snapshot="v2")
        assert outcomes(extract(standin, store, "mine", user="me", budget=2, **on_day(9))) == ["unchanged", "fetched"]


def test_a_long_one_asks_for_no_page_that_its_end_has_no_budget_for(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 150))) as standin:
        with pytest.raises(NothingLandedError, match="budget_spent"):
            extract(standin, store, "a", budget=2)
        assert len(standin.requests) == 1


@pytest.mark.parametrize(("blocked_until", "asked"), [("06:09:00", True), ("06:15:00", False)])
def test_a_block_that_is_nearly_over_does_not_cost_a_day(store: FolderStore, blocked_until: str, asked: bool) -> None:
    kept = {"requests": [{"at": "x", "requests": -900}], "blocked_until": f"2026-11-23T{blocked_until}+00:00"}
    store.put("state/requests.json", json.dumps(kept).encode())
    with StandIn(world(playlist("a", 1))) as standin:
        if asked:
            extract(standin, store, "a", budget=1)
        else:
            with pytest.raises(RateLimitedError):
                extract(standin, store, "a")
        assert bool(standin.requests) is asked


def test_a_retry_after_of_years_blocks_for_a_day(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1)), before=faults.on("/v1/", faults.throttled(999_999_999))) as standin:
        with pytest.raises(RateLimitedError):
            extract(standin, store, "a")
        standin.before = None
        assert outcomes(extract(standin, store, "a", **on_day(25))) == ["fetched"]


def test_a_scope_that_one_playlist_lacks_is_that_playlists_fault(store: FolderStore) -> None:
    two = world(playlist("a", 1), playlist("b", 1))
    with StandIn(two, before=faults.on(playlist_id("a"), faults.insufficient_scope())) as standin:
        result = extract(standin, store, "ab")
    assert outcomes(result) == ["missing", "fetched"]
    assert result["playlists"][0]["reason"].startswith("playlist_forbidden: ")


def test_the_secrets_are_not_sent_where_a_redirect_points(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1))) as thief, StandIn(world(playlist("a", 1))) as standin:
        standin.token_fault = Answer(307, {}, {"Location": thief.token_url})
        with pytest.raises(Exception, match="token"):
            extract(standin, store, "a")
        assert thief.token_requests == []


def test_the_job_may_move_an_object_between_two_looks(store: FolderStore) -> None:
    class MovesMeanwhile(FolderStore):
        def keys(self, prefix: str) -> set[str]:
            found = super().keys(prefix)
            if prefix.startswith("raw_data/to_be_processed/"):
                for key in found:
                    target = self.root / key.replace("to_be_processed", "processed")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    (self.root / key).replace(target)
            return found

    with StandIn(world(playlist("a", 1))) as standin:
        extract(standin, store, "a")
        asked = len(standin.requests)
        assert extract(standin, MovesMeanwhile(store.root), "a")["landed"] == 0
        assert len(standin.requests) == asked
