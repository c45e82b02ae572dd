"""Everything that can go wrong does, when and as often as it is told to."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from spotify_etl.standin import Answer, Before, Request, StandIn, faults
from tests.unit.standin.asking import get, message, playlist, playlist_id, user_token, world

A, B = playlist_id("a"), playlist_id("b")


def statuses(before: Before, *paths: str) -> list[int]:
    with StandIn(world(playlist("a", 1), playlist("b", 1)), before=before) as standin:
        token = user_token(standin)
        return [get(standin, path, token).status_code for path in paths]


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (faults.throttled(1), 429, "API rate limit exceeded"),
        (faults.quota_exceeded(), 429, "Too many requests"),
        (faults.server_error(), 503, "Service Unavailable"),
        (faults.server_error(500), 500, "Internal Server Error"),
        (faults.forbidden(), 403, "Forbidden"),
        (faults.insufficient_scope(), 403, "Insufficient client scope"),
        (faults.not_found(), 404, "Resource not found"),
        (faults.premium_required(), 403, faults.PREMIUM_REQUIRED),
        (faults.not_allow_listed(), 403, faults.NOT_ALLOW_LISTED),
        (faults.expired_token(), 401, "The access token expired"),
        (faults.invalid_token(), 401, "Invalid access token"),
        (faults.no_user(), 401, "Unauthorized."),
    ],
)
def test_answers_by_name(answer: Answer, status: int, text: str) -> None:
    with StandIn(world(), before=lambda _: answer) as standin:
        assert message(get(standin, "me", "")) == (status, text)


@pytest.mark.parametrize(
    ("answer", "header", "reason"),
    [
        (faults.throttled(7), "7", None),
        (faults.throttled(None), None, None),
        (faults.quota_exceeded(), "48925", "QUOTA_EXCEEDED"),
        (faults.quota_exceeded(None), None, "QUOTA_EXCEEDED"),
    ],
)
def test_when_to_come_back(answer: Answer, header: str | None, reason: str | None) -> None:
    with StandIn(world(), before=lambda _: answer) as standin:
        told = get(standin, "me")
    assert told.headers.get("Retry-After") == header
    assert told.json()["error"].get("reason") == reason


def test_a_gateway_speaks_html() -> None:
    with StandIn(world(), before=lambda _: faults.html_gateway_error()) as standin:
        answer = get(standin, "me")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=UTF-8")
    assert "502 Bad Gateway" in answer.text


def test_on_some_paths_some_times() -> None:
    before = faults.on(f"{A}/items", faults.server_error(), times=2)
    items_a, items_b = f"playlists/{A}/items", f"playlists/{B}/items"
    assert statuses(before, items_b, items_a, "me", items_a, items_a) == [200, 503, 200, 503, 200]


def test_on_some_paths_always() -> None:
    before = faults.on("/me", faults.forbidden())
    assert statuses(before, "me", "me/playlists", f"playlists/{A}", "me") == [403, 403, 200, 403]


def test_a_time_is_counted_when_an_answer_is_given() -> None:
    def second_page(request: Request) -> Answer | None:
        return faults.server_error() if request.query.get("offset") == "50" else None

    paths = [f"playlists/{A}/items{query}" for query in ("", "", "?offset=50", "?offset=50")]
    assert statuses(faults.on("/items", second_page, times=1), *paths) == [200, 200, 503, 200]


def test_the_times_hold_for_many_at_once() -> None:
    def thoughtful(_: Request) -> Answer:
        time.sleep(0.001)  # long enough for the others to come in between
        return faults.server_error()

    before = faults.on("/me", thoughtful, times=10)
    with StandIn(world(), before=before) as standin, ThreadPoolExecutor(20) as pool:
        token = user_token(standin)
        answers = list(pool.map(lambda _: get(standin, "me", token).status_code, range(60)))
    assert (answers.count(503), answers.count(200)) == (10, 50)


def test_in_turn() -> None:
    before = faults.in_turn(
        faults.on("/me", faults.throttled(0), times=1),
        faults.on("/me", faults.server_error(), times=1),
        faults.on("/playlists", faults.not_found()),
    )
    assert statuses(before, f"playlists/{A}", "me", "me", "me") == [404, 429, 503, 200]


def test_a_slow_answer_is_the_normal_one() -> None:
    with StandIn(world(playlist("a", 1)), before=faults.on("/items", faults.slow(0.15), times=1)) as standin:
        token = user_token(standin)
        begun = time.monotonic()
        assert get(standin, f"playlists/{A}/items", token).json()["total"] == 1
        assert time.monotonic() - begun >= 0.15
        standin.before = faults.slow(5)
        with pytest.raises(requests.ReadTimeout):
            get(standin, "me", token, timeout=0.1)


def test_a_delay_does_not_keep_it_from_stopping() -> None:
    with ThreadPoolExecutor(1) as pool:
        with StandIn(world(), before=faults.slow(60)) as standin:
            waiting = pool.submit(get, standin, "me", "")
            while not standin.requests:
                time.sleep(0.005)
            begun = time.monotonic()
        assert time.monotonic() - begun < 2
        with pytest.raises(requests.ConnectionError):
            waiting.result()
