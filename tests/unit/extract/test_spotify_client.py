"""The client by itself: what it sends, and what it makes of a token endpoint that does not work."""

from __future__ import annotations

import base64
import io
import json
import socket
from pathlib import Path

import pytest
import requests

from lambda_extract.errors import (
    AuthorisationError,
    ClientRefusedError,
    ConsentEndedError,
    RateLimitedError,
    SpotifyAnswerError,
    SpotifyUnreachableError,
    TokenEndpointError,
)
from lambda_extract.settings import Credentials
from lambda_extract.spotify import SpotifyClient
from spotify_etl.standin import Answer, Request, StandIn
from tests.unit.extract.builders import client, playlist, playlist_id, world

A = playlist_id("a")


def test_requests_are_the_documented_ones() -> None:
    with StandIn(world(playlist("a", 60))) as standin, client(standin) as spotify:
        spotify.metadata(A)
        spotify.page(A, 50)
        spotify.snapshot_id(A)
        spotify.playlist(A)
        spotify.my_playlists(50)
        metadata, page, snapshot, whole, library = standin.requests
    assert "items" not in metadata.query["fields"].split(",")
    assert "tracks" not in metadata.query["fields"].split(",")
    assert page == Request(
        "GET", f"/v1/playlists/{A}/items", {"limit": "50", "offset": "50", "additional_types": "track,episode"}
    )
    assert snapshot.query["fields"] == "snapshot_id"
    assert whole == Request("GET", f"/v1/playlists/{A}", {"additional_types": "track,episode"})
    assert library == Request("GET", "/v1/me/playlists", {"limit": "50", "offset": "50"})


def test_metadata_never_carries_items() -> None:
    served = playlist("a", 3)

    def before(request: Request) -> Answer:
        embedded = {"items": {"items": served.rows, "total": 3}, "tracks": {"items": served.rows, "total": 3}}
        return Answer(200, {**served.metadata, **embedded, "new_field": 1})

    with StandIn(world(served), before=before) as standin, client(standin) as spotify:
        assert spotify.metadata(A) == {**served.metadata, "new_field": 1}


def test_another_playlist_than_asked_for_is_refused() -> None:
    def before(request: Request) -> Answer:
        return Answer(200, playlist("b", 0).metadata)

    with (
        StandIn(world(), before=before) as standin,
        client(standin) as spotify,
        pytest.raises(SpotifyAnswerError, match="another one"),
    ):
        spotify.metadata(A)


def test_another_page_than_asked_for_is_refused() -> None:
    def before(request: Request) -> Answer:
        return Answer(200, {"items": [], "offset": 0, "limit": 50, "total": 60})

    with (
        StandIn(world(), before=before) as standin,
        client(standin) as spotify,
        pytest.raises(SpotifyAnswerError, match="at offset 50"),
    ):
        spotify.page(A, 50)


def test_proxies_do_not_get_between_us_and_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with StandIn(world(playlist("a", 1))) as standin, client(standin) as spotify:
        assert spotify.metadata(A)["id"] == A


class _Recorder(requests.adapters.BaseAdapter):
    """Answers in place of the real Spotify and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.sent.append(request)
        response = requests.Response()
        response.status_code = 200
        response.request = request
        response.url = request.url or ""
        response.raw = io.BytesIO(json.dumps({"id": A, "access_token": "given", "expires_in": 3600}).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""


def test_a_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    recorder = _Recorder()
    with SpotifyClient(Credentials("id", "secret", "refresh")) as spotify:
        spotify._session.mount("https://", recorder)
        spotify.metadata(A)
    token, metadata = recorder.sent
    assert (token.url, token.headers["Authorization"]) == (
        "https://accounts.spotify.com/api/token",
        "Basic " + base64.b64encode(b"id:secret").decode(),
    )
    assert str(metadata.url).startswith(f"https://api.spotify.com/v1/playlists/{A}?")
    assert metadata.headers["Authorization"] == "Bearer given"


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    here = f"http://127.0.0.1:{port}/"
    with (
        SpotifyClient(Credentials("id", "secret", "refresh"), api_url=here, token_url=here) as spotify,
        pytest.raises(TokenEndpointError, match="could not be asked"),
    ):
        spotify.metadata(A)


def test_the_api_hangs_up() -> None:
    with StandIn(world(playlist("a", 1))) as standin, client(standin) as spotify:
        spotify.metadata(A)
        spotify._spotify.prefix = "http://127.0.0.1:9/v1/"  # type: ignore[union-attr]
        with pytest.raises(SpotifyUnreachableError, match="connection to Spotify failed"):
            spotify.metadata(A)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(400, {"error": "invalid_grant", "error_description": "Refresh token expired"}), ConsentEndedError),
        (Answer(400, {"error": "invalid_client"}), ClientRefusedError),
        (Answer(400, {"error": "unauthorized_client"}), AuthorisationError),
        (Answer(429, {}), RateLimitedError),
        (Answer(503, b"<html>hunter2</html>"), TokenEndpointError),
        (Answer(400, {"error": {"status": 400}}), TokenEndpointError),
        (Answer(200, b"hunter2"), TokenEndpointError),
        (Answer(200, b"[]"), TokenEndpointError),
        (Answer(200, {"access_token": ""}), TokenEndpointError),
        (Answer(200, {"access_token": None, "expires_in": 3600}), TokenEndpointError),
    ],
)
def test_a_token_endpoint_that_gives_no_token(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, error: type[Exception]
) -> None:
    with StandIn(world(playlist("a", 1))) as standin, client(standin) as spotify:
        monkeypatch.setattr(standin, "_token", lambda *_: answer)
        with pytest.raises(error) as raised:
            spotify.metadata(A)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert not standin.requests


def test_credentials_do_not_show_themselves() -> None:
    shown = repr(Credentials("app", "hunter2", "hunter3"))
    assert "app" in shown
    assert "hunter" not in shown
