"""The budget of requests and the Lambda's time: neither is ever passed, and nothing is lost by it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from lambda_extract.errors import NothingLandedError, OutOfTimeError, RequestBudgetError
from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import StandIn
from tests.unit.extract.builders import NOW, document, extract, key_on, lines, on_day, playlist, playlist_id, world


@dataclass
class Ticking:
    """A context whose time runs down by so many seconds whenever it is asked for."""

    left: float
    step: float = 0
    aws_request_id: str = "ticking"
    told: list[float] = field(default_factory=list)

    def get_remaining_time_in_millis(self) -> int:
        self.left -= self.step
        self.told.append(self.left)
        return int(self.left * 1000)


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {entry["playlist_id"][0]: entry["outcome"] for entry in result["playlists"]}


@pytest.mark.parametrize("budget", [1, 2, 3, 5, 8])
def test_the_budget_is_never_passed_over_all_runs_of_a_day(store: FolderStore, budget: int) -> None:
    with StandIn(world(*(playlist(letter, 120) for letter in "abc"))) as standin:
        for hour in (6, 7, 20):
            # With too small a budget nothing can land at all, which is an error and costs no request more.
            with suppress(NothingLandedError, RequestBudgetError):
                extract(standin, store, "mine", user="me", budget=budget, **on_day(23, hour=hour))
        assert len(standin.requests) <= budget


def test_never_read_ones_first_then_the_longest_unread_and_the_rest_tomorrow(store: FolderStore) -> None:
    served = world(*(playlist(letter, 1) for letter in "abcdef"))
    with StandIn(served) as standin:
        first = extract(standin, store, "mine", user="me", budget=4)
        assert outcomes(first) == {**dict.fromkeys("abc", "fetched"), **dict.fromkeys("def", "missing")}
        assert first["playlists"][3]["reason"].startswith("budget_spent: ")
        assert first["backlog"] == {"playlists": 3, "requests": 3}
        for letter in "abcdef":
            served.playlists[playlist_id(letter)] = playlist(letter, 2, snapshot="v2")
        second = extract(standin, store, "mine", user="me", budget=4, **on_day(24))
        assert outcomes(second) == {**dict.fromkeys("abc", "stale"), **dict.fromkeys("def", "fetched")}
        third = extract(standin, store, "mine", user="me", budget=4, **on_day(25))
        assert outcomes(third) == {**dict.fromkeys("abc", "fetched"), **dict.fromkeys("def", "unchanged")}


def test_a_playlist_that_is_only_due_does_not_become_stale_for_want_of_budget(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1), playlist("b", 1))) as standin:
        extract(standin, store, "mine", user="me", **on_day(1))
        assert outcomes(extract(standin, store, "mine", user="me", budget=2, **on_day(10))) == {
            "a": "fetched",
            "b": "unchanged",
        }


def test_one_that_takes_more_than_the_whole_budget_says_so(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1000), playlist("b", 1))) as standin:
        result = extract(standin, store, "ab", budget=10)
        assert len(standin.requests) == 2
    assert outcomes(result) == {"a": "missing", "b": "fetched"}
    assert "more than a whole budget of 10 a day has for it" in result["playlists"][0]["reason"]


def test_a_killed_run_has_counted_its_requests(store: FolderStore) -> None:
    class Killed(BaseException):
        """Ends the run as a signal would: nothing is settled on purpose."""

    calls = iter(range(100))

    def clock() -> Any:
        if next(calls) == 4:
            raise Killed
        return NOW

    with StandIn(world(*(playlist(letter, 1) for letter in "abcdef"))) as standin:
        with pytest.raises(Killed):
            extract(standin, store, "abcdef", clock=clock)
        assert document(store, "state/requests.json")["requests"][0]["requests"] >= len(standin.requests) == 3


def test_requests_count_for_a_day(store: FolderStore) -> None:
    with StandIn(world(*(playlist(letter, 1) for letter in "abcd"))) as standin:
        extract(standin, store, "abcd", budget=4)
        late: dict[str, Any] = {
            "event": {"time": "2026-11-24T05:00:00Z"},
            "clock": lambda: NOW + timedelta(hours=22, minutes=50),
        }
        assert set(outcomes(extract(standin, store, "abcd", budget=4, **late)).values()) == {"stale"}
        early: dict[str, Any] = {
            "event": {"time": "2026-11-24T05:30:00Z"},
            "clock": lambda: NOW + timedelta(hours=23, minutes=30),
        }
        assert set(outcomes(extract(standin, store, "abcd", budget=4, **early)).values()) == {"unchanged"}


def test_time_that_runs_out_in_the_middle_of_a_playlist(store: FolderStore) -> None:
    five = world(*(playlist(letter, 200) for letter in "abcde"))
    with StandIn(five) as standin:
        extract(standin, store, "abcde")
        for letter in "abcde":
            five.playlists[playlist_id(letter)] = playlist(letter, 200, snapshot="v2")
        context = Ticking(left=72, step=2)
        result = extract(standin, store, "abcde", context=context, **on_day(24))
        tomorrow = extract(standin, store, "abcde", **on_day(25))
    told = outcomes(result)
    assert told == {**dict.fromkeys("ab", "fetched"), **dict.fromkeys("cde", "stale")}
    assert context.left > 0, "never past the Lambda's time"
    assert lines(store, key_on(24, "c"))[0]["fetch_reason"].startswith("out_of_time: ")
    assert sum(len(line["page"]["items"]) for line in lines(store, key_on(24, "c"))) == 200
    assert result["halted"]["code"] == "out_of_time"
    # What was not reached comes first the day after, and nothing else has to be read.
    expected = {letter: "fetched" if outcome == "stale" else "unchanged" for letter, outcome in told.items()}
    assert outcomes(tomorrow) == expected


def test_no_time_at_all_is_the_runs_fault(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1))) as standin:
        with pytest.raises(OutOfTimeError, match="Lambda's time"):
            extract(standin, store, "a", context=Ticking(left=12, step=5))
        assert standin.requests == []


def test_a_short_timeout_still_reads_something(store: FolderStore) -> None:
    with StandIn(world(*(playlist(letter, 1) for letter in "abc"))) as standin:
        assert extract(standin, store, "abc", context=Ticking(left=20))["outcomes"] == {"fetched": 3}
