"""How bytes come and go."""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
import requests

from spotify_etl.standin import Answer, Mode, ServedPlaylist, StandIn, World, faults, items_page
from tests.unit.standin.asking import ME, get, message, playlist, playlist_id, refresh, user_token, world

A = playlist_id("a")


def read_until_it_breaks(standin: StandIn, path: str, token: str) -> tuple[int, int, bytes]:
    """Return the status, the promised length and what came of the body before the reset."""
    connection = http.client.HTTPConnection(urlsplit(standin.api_url).netloc, timeout=5)
    try:
        connection.request("GET", f"/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        came = b""
        while byte := answer.read(1):
            came += byte
    except ConnectionResetError:
        return answer.status, int(answer.headers["Content-Length"]), came
    finally:
        connection.close()
    pytest.fail("The answer ended in good order.")


def test_a_normal_answer_is_cut() -> None:
    served = playlist("a", 50)
    with StandIn(world(served)) as standin:
        token = user_token(standin)
        whole = get(standin, f"playlists/{A}/items?limit=50", token).content
        standin.before = faults.reset_mid_body(1000)
        cut = read_until_it_breaks(standin, f"playlists/{A}/items?limit=50", token)
    assert cut == (200, len(whole), whole[:1000])


@pytest.mark.parametrize("after", [0, 1, 20])
def test_an_answer_of_ones_own_is_cut(after: int) -> None:
    body = b"x" * 100
    with StandIn(world(), before=lambda _: Answer(500, body, cut_after=after)) as standin:
        assert read_until_it_breaks(standin, "me", "") == (500, 100, body[:after])


def test_requests_sees_a_broken_body() -> None:
    with StandIn(world(), before=faults.reset_mid_body()) as standin:
        token = user_token(standin)
        with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
            get(standin, "me", token)
        standin.before = None
        assert get(standin, "me", token).status_code == 200, "and goes on"


def test_the_token_endpoint_may_be_cut_and_slow_too() -> None:
    with StandIn(world()) as standin:
        standin.token_fault = Answer(200, {"access_token": "hunter2"}, delay=0.05, cut_after=3)
        begun = time.monotonic()
        with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
            refresh(standin)
        assert time.monotonic() - begun >= 0.05


def test_headers_replace_what_would_be_sent() -> None:
    answer = Answer(200, b"a", {"Content-Type": "text/plain", "X-Own": "1"})
    with StandIn(world(), before=lambda _: answer) as standin:
        got = get(standin, "me")
    assert (got.headers["Content-Type"], got.headers["X-Own"]) == ("text/plain", "1")


class NeverGoneThrough(list[dict[str, Any]]):
    """Rows that break whoever looks at all of them."""

    def __iter__(self) -> NoReturn:
        raise AssertionError


@pytest.mark.parametrize("mode", ["dev", "extended"])
def test_ten_thousand_rows_cost_a_page_no_more_than_few(mode: Mode) -> None:
    long = playlist("a", 10_000)
    served = ServedPlaylist(long.metadata, NeverGoneThrough(long.rows))
    with StandIn(world(served, mode=mode)) as standin:
        token = user_token(standin)
        page = get(standin, f"playlists/{A}/items?limit=50&offset=9950", token).json()
        assert [each["item"]["id"] for each in page["items"]] == [f"a{number}" for number in range(9950, 10_000)]
        assert get(standin, f"playlists/{A}", token).json()["items"]["total"] == 10_000
        assert get(standin, "me/playlists", token).json()["items"][0]["items"]["total"] == 10_000


def test_many_ask_at_once() -> None:
    with StandIn(world()) as standin, ThreadPoolExecutor(32) as pool:
        token = user_token(standin)
        answers = list(pool.map(lambda _: get(standin, "me", token).status_code, range(96)))
    assert set(answers) == {200}
    assert len(standin.requests) == 96


def test_it_stops_and_leaves_nothing_running() -> None:
    before = threading.active_count()
    with StandIn(World(ME)) as standin:
        assert message(get(standin, "me", "wrong"))[0] == 401
    assert threading.active_count() == before
    with pytest.raises(requests.ConnectionError):
        get(standin, "me", "wrong")


def test_a_page_without_http_is_the_page_over_http() -> None:
    served = playlist("a", 120)
    with StandIn(world(served)) as standin:
        over_http = get(standin, f"playlists/{A}/items?limit=50&offset=50&additional_types=track,episode").json()
    assert over_http == json.loads(json.dumps(items_page(served, limit=50, offset=50)))
