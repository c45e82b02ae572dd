"""What is asked again and what never is: the rules by themselves, and over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_extract import errors
from lambda_extract.handler import handle
from lambda_extract.retries import server_fault, short_throttle
from lambda_extract.settings import ExtractConfig
from lambda_extract.spotify import SpotifyClient
from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import Answer, StandIn, World, faults
from tests.unit.extract.builders import EVENT, NOW, client, extract, on_day, playlist, playlist_id, world
from tests.unit.extract.test_limits import Ticking

A = playlist_id("a")


@pytest.mark.parametrize(
    ("fault", "tries", "wait"),
    [
        (errors.RateLimitedError("", retry_after=0), 1, 0.0),
        (errors.RateLimitedError("", retry_after=30), 3, 30.0),
        (errors.RateLimitedError("", retry_after=30), 4, None),
        (errors.RateLimitedError("", retry_after=31), 1, None),
        (errors.RateLimitedError("", retry_after=None), 1, None),
        (errors.QuotaExceededError("", retry_after=1), 1, None),
        (errors.SpotifyUnavailableError(""), 1, None),
    ],
)
def test_a_throttle_is_waited_for_if_it_is_short(fault: errors.ExtractError, tries: int, wait: float | None) -> None:
    assert short_throttle(fault, tries) == wait


@pytest.mark.parametrize(
    "fault", [errors.SpotifyUnavailableError(""), errors.SpotifyTimeoutError(""), errors.TokenEndpointError("")]
)
def test_a_fault_of_the_server_is_waited_for_longer_and_longer(fault: errors.ExtractError) -> None:
    low, high = server_fault(lambda: 0.0), server_fault(lambda: 1.0)
    assert [low(fault, tries) for tries in range(1, 5)] == [0.5, 1.0, 2.0, None]
    assert [high(fault, tries) for tries in range(1, 5)] == [1.5, 3.0, 6.0, None]


@pytest.mark.parametrize(
    "fault",
    [
        errors.PlaylistForbiddenError(""),
        errors.PlaylistNotFoundError(""),
        errors.ConsentEndedError(""),
        errors.SpotifyAnswerError(""),
        errors.RateLimitedError("", retry_after=1),
    ],
)
def test_other_faults_are_none_of_the_servers(fault: errors.ExtractError) -> None:
    assert server_fault(lambda: 0.0)(fault, 1) is None


def run(standin: StandIn, store: FolderStore, **arguments: Any) -> tuple[dict[str, Any], list[float]]:
    slept: list[float] = []
    return extract(standin, store, "a", sleep=slept.append, **arguments), slept


@pytest.mark.parametrize(
    ("answer", "times", "slept"),
    [
        (faults.throttled(2), 2, [2.0, 2.0]),
        (faults.server_error(500), 3, [1.0, 2.0, 4.0]),
        (faults.server_error(502), 1, [1.0]),
        (faults.html_gateway_error(), 1, [1.0]),
        (faults.expired_token(), 1, []),
    ],
)
def test_it_comes_through_in_the_end(store: FolderStore, answer: Answer, times: int, slept: list[float]) -> None:
    with StandIn(world(playlist("a", 120)), before=faults.on(A, answer, times=times)) as standin:
        result, waited = run(standin, store)
        assert result["requests"] == len(standin.requests) == 3 + times
    assert result["outcomes"] == {"fetched": 1}
    assert waited == slept
    assert result["throttled_seconds"] == (sum(slept) if answer.status == 429 else 0)


def test_a_connection_that_breaks_in_the_middle_of_an_answer(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 120)), before=faults.on(A, faults.reset_mid_body(), times=2)) as standin:
        result, waited = run(standin, store)
    assert result["rows"] == 120
    assert waited == [1.0, 2.0]


def test_an_answer_that_comes_too_late(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambda_extract.spotify._READ_SECONDS", 0.2)
    with StandIn(world(playlist("a", 1)), before=faults.on(A, faults.slow(1.0), times=1)) as standin:
        assert run(standin, store)[1] == [1.0]
    with StandIn(world(playlist("b", 1)), before=faults.slow(1.0)) as standin:
        with pytest.raises(errors.NothingLandedError, match="spotify_timeout"):
            extract(standin, store, "b", **on_day(24))
        assert len(standin.requests) == 4


def test_a_wait_that_does_not_fit_the_time_is_not_begun(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1)), before=faults.on(A, faults.throttled(30))) as standin:
        with pytest.raises(errors.RateLimitedError, match="too many requests"):
            run(standin, store, context=Ticking(left=40))
        assert len(standin.requests) == 1


@pytest.mark.parametrize("answer", [faults.throttled(31), faults.throttled(None), faults.quota_exceeded(1)])
def test_a_429_that_is_not_short_is_never_repeated(store: FolderStore, answer: Answer) -> None:
    with StandIn(world(playlist("a", 1)), before=faults.on(A, answer)) as standin:
        with pytest.raises(errors.RateLimitedError):
            run(standin, store)
        assert len(standin.requests) == 1


@pytest.mark.parametrize(
    ("world_", "fault"),
    [
        (World("me", premium=False), errors.PremiumRequiredError),
        (World("me", allow_listed=False), errors.NotAllowListedError),
    ],
)
def test_what_nobody_but_a_person_can_help_ends_the_run(
    store: FolderStore, world_: World, fault: type[Exception]
) -> None:
    with StandIn(world_) as standin:
        with pytest.raises(fault):
            extract(standin, store, "mine")
        assert len(standin.requests) == 1


def test_the_token_endpoint_is_asked_again_too(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1))) as standin:
        standin.token_fault = faults.server_error(503)
        with pytest.raises(errors.TokenEndpointError):
            run(standin, store)
        assert len(standin.token_requests) == 4
        standin.token_fault = Answer(400, {"error": "invalid_grant"})
        with pytest.raises(errors.ConsentEndedError):
            run(standin, store)
        assert len(standin.token_requests) == 5
        assert standin.requests == []


@pytest.mark.parametrize(("answer", "kept"), [("absent", False), ("empty", False), ("null", False), ("rotated", True)])
def test_only_a_real_new_refresh_token_is_kept(answer: Any, kept: bool) -> None:
    given: list[str] = []
    with StandIn(world(playlist("a", 1))) as standin:
        standin.refresh_answer = answer
        with client(standin, on_new_refresh_token=given.append) as spotify:
            spotify.metadata(A)
            spotify.disconnect()
            spotify.metadata(A)
        assert (given[-1:] == [standin.refresh_token]) is kept
    assert len(given) == (2 if kept else 0)


def test_next_is_never_followed_to_another_host(store: FolderStore) -> None:
    with StandIn(World("thief")) as thief, StandIn(world(playlist("a", 230))) as standin:
        standin.world.next_host = thief.api_url.removesuffix("/v1/")
        assert run(standin, store)[0]["rows"] == 230
        assert thief.requests == []


def test_an_extended_app_reads_other_peoples_playlists_without_a_user(store: FolderStore) -> None:
    other = playlist("b", 130, owner="somebody")
    with StandIn(World("me", {other.playlist_id: other}, mode="extended")) as standin:
        app = replace(standin.credentials, refresh_token=None)
        with SpotifyClient(app, api_url=standin.api_url, token_url=standin.token_url) as spotify:
            arguments: dict[str, Any] = {"store": store, "spotify": spotify, "clock": lambda: NOW, "credentials": app}
            result = handle(EVENT, None, config=ExtractConfig((playlist_id("b"),)), **arguments)
            with pytest.raises(errors.SettingsError, match="have no user"):
                handle(EVENT, None, config=ExtractConfig(), **arguments)
    assert result["rows"] == 130
