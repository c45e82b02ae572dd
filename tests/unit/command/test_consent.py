"""The answer that a consent brings back, through the port or the clipboard."""

from __future__ import annotations

import pytest
import requests

from spotify_etl import consent
from spotify_etl.consent import Callback, DeniedError, NotAnAnswerError, authorise_address, pasted_code
from spotify_etl.errors import CommandError, RefusedError

STATE = "the-state"
ADDRESS = "http://127.0.0.1:8888/callback"


def test_the_address_is_on_the_host_that_gives_the_tokens() -> None:
    address = authorise_address("https://accounts.spotify.com/api/token", client_id="an id", port=9999, state="a&b")
    assert address == (
        "https://accounts.spotify.com/authorize?client_id=an+id&response_type=code"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A9999%2Fcallback"
        "&scope=playlist-read-private+playlist-read-collaborative&state=a%26b"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{ADDRESS}?code=AQ-x_9&state={STATE}",
        f"{ADDRESS}?state={STATE}&code=AQ-x_9#_=_",
        f"127.0.0.1:8888/callback?code=AQ-x_9&state={STATE}",
        f"code=AQ-x_9&state={STATE}",
        "AQ-x_9",
    ],
)
def test_what_may_be_pasted(text: str) -> None:
    assert pasted_code(text, STATE) == "AQ-x_9"


@pytest.mark.parametrize(
    "text",
    ["", "two words", ADDRESS, f"{ADDRESS}?code=x", f"{ADDRESS}?code=x&state=ü", f"{ADDRESS}?state={STATE}", "a=b"],
)
def test_what_is_no_answer(text: str) -> None:
    with pytest.raises(NotAnAnswerError):
        pasted_code(text, STATE)


def test_a_no() -> None:
    with pytest.raises(DeniedError, match="did not agree"):
        pasted_code(f"{ADDRESS}?error=access_denied&state={STATE}", STATE)
    with pytest.raises(DeniedError, match=r"refuses the consent \('invalid\\x1b"):
        pasted_code(f"{ADDRESS}?error=invalid%1b&state={STATE}", STATE)
    with pytest.raises(NotAnAnswerError):
        pasted_code(f"{ADDRESS}?error=access_denied&state=other", STATE)


def listen() -> tuple[Callback, str]:
    callback = Callback(0, STATE)
    return callback, f"http://127.0.0.1:{callback.port}"


def test_the_port_takes_the_one_answer_with_our_state() -> None:
    callback, address = listen()
    with callback:
        assert requests.get(f"{address}/callback?code=theirs&state=other", timeout=5).status_code == 400
        assert requests.get(f"{address}/callback?code=theirs", timeout=5).status_code == 400
        assert requests.get(f"{address}/else?code=theirs&state={STATE}", timeout=5).status_code == 404
        answer = requests.get(f"{address}/callback?code=ours&state={STATE}", timeout=5)
        assert answer.status_code == 200
        assert "close this window" in answer.text
        assert "ours" not in answer.text
        assert callback.wait(5) == "ours"


def test_a_no_through_the_port() -> None:
    callback, address = listen()
    with callback:
        requests.get(f"{address}/callback?error=access_denied&state={STATE}", timeout=5)
        with pytest.raises(DeniedError):
            callback.wait(5)


def test_nobody_comes() -> None:
    callback, _ = listen()
    with callback, pytest.raises(CommandError, match="--headless"):
        callback.wait(0.01)


def test_a_taken_port() -> None:
    callback, _ = listen()
    with callback, pytest.raises(RefusedError, match="--port"):
        consent.Callback(callback.port, STATE)
