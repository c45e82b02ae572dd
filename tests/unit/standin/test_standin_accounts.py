"""Consent and tokens, as the accounts service gives them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOAuth

from spotify_etl.standin import Answer, StandIn, TokenRequest
from spotify_etl.standin.accounts import RefreshAnswer
from tests.unit.standin.asking import (
    BOTH,
    ME,
    REDIRECT,
    app_token,
    ask_for_token,
    get,
    message,
    playlist,
    refresh,
    user_token,
    world,
)


def authorize(standin: StandIn, **query: str) -> requests.Response:
    asked = {
        "client_id": standin.credentials.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": BOTH,
        "state": "a state & more",
        **query,
    }
    return requests.get(standin.authorize_url, params=asked, allow_redirects=False, timeout=5)


def redirected(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302
    address = urlsplit(answer.headers["Location"])
    return {name: value for name, (value,) in parse_qs(address.query).items()}


def exchange(standin: StandIn, code: str, *, redirect_uri: str = REDIRECT) -> requests.Response:
    return ask_for_token(standin, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def test_consent_gives_a_code_and_the_code_gives_tokens_once() -> None:
    with StandIn(world()) as standin:
        answer = authorize(standin)
        assert answer.headers["Location"].startswith(REDIRECT + "?")
        outcome = redirected(answer)
        assert outcome["state"] == "a state & more"
        first = exchange(standin, outcome["code"])
        assert first.status_code == 200
        token = first.json()
        assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, BOTH)
        assert get(standin, "me", token["access_token"]).json()["id"] == ME
        assert token["refresh_token"] == standin.credentials.refresh_token != "stand-in-refresh"
        for refresh_token in (token["refresh_token"], "stand-in-refresh"):
            assert refresh(standin, refresh_token).status_code == 200
        second = exchange(standin, outcome["code"])
        assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")


def test_the_redirect_uri_has_to_be_the_same() -> None:
    with StandIn(world()) as standin:
        code = redirected(authorize(standin))["code"]
        answer = exchange(standin, code, redirect_uri=REDIRECT + "/")
        assert answer.status_code == 400
        assert answer.json() == {"error": "invalid_grant", "error_description": "Invalid redirect URI"}
        assert exchange(standin, "made-up").json()["error_description"] == "Invalid authorization code"


def test_a_user_who_says_no() -> None:
    with StandIn(world()) as standin:
        standin.consents = False
        assert redirected(authorize(standin)) == {"error": "access_denied", "state": "a state & more"}


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "http://[::1]:8888/callback", "https://example.org/x?y=z", "https://localhost/"]
)
def test_redirect_uris_that_are_taken(address: str) -> None:
    with StandIn(world()) as standin:
        answer = authorize(standin, redirect_uri=address)
    sent, asked = urlsplit(answer.headers["Location"]), urlsplit(address)
    assert (sent.scheme, sent.netloc, sent.path) == (asked.scheme, asked.netloc, asked.path)
    assert redirected(answer).items() >= parse_qs_flat(asked.query).items()
    assert "code" in redirected(answer)


def parse_qs_flat(query: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(query).items()}


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8888/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:port/",
        "http://127.0.0.1:8888@example.org/",
        "http://example.org:80/",
        "http://[::1/",
        "spotify-etl:callback",
        "https:///callback",
        "",
    ],
)
def test_redirect_uris_that_are_not(address: str) -> None:
    with StandIn(world()) as standin:
        answer = authorize(standin, redirect_uri=address)
    assert (answer.status_code, answer.text) == (400, "INVALID_CLIENT: Invalid redirect URI")
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"client_id": "another"}, "INVALID_CLIENT: Invalid client"),
        ({"response_type": "token"}, "response_type must be code"),
    ],
)
def test_an_authorization_that_is_wrong(query: dict[str, str], text: str) -> None:
    with StandIn(world()) as standin:
        answer = authorize(standin, **query)
    assert (answer.status_code, answer.text) == (400, text)


@pytest.mark.parametrize(
    ("asked", "granted", "scope"),
    [
        (BOTH, ("playlist-read-private",), "playlist-read-private"),
        ("playlist-read-private user-read-email", tuple(BOTH.split()), "playlist-read-private"),
        ("", tuple(BOTH.split()), ""),
        (BOTH, (), ""),
    ],
)
def test_the_scope_is_what_was_asked_for_and_granted(asked: str, granted: tuple[str, ...], scope: str) -> None:
    with StandIn(world(scopes=granted)) as standin:
        first = exchange(standin, redirected(authorize(standin, scope=asked))["code"]).json()
        assert first["scope"] == scope
        assert refresh(standin).json()["scope"] == scope, "and stays so"
        assert refresh(standin, "stand-in-refresh").json()["scope"] == " ".join(granted)


@pytest.mark.parametrize(
    ("grant", "refresh_token", "secret", "error"),
    [
        ("refresh_token", "wrong", "stand-in-secret", "invalid_grant"),
        ("refresh_token", "stand-in-refresh", "wrong", "invalid_client"),
        ("client_credentials", "", "wrong", "invalid_client"),
        ("authorization_code", "", "wrong", "invalid_client"),
        ("password", "", "stand-in-secret", "unsupported_grant_type"),
    ],
)
def test_what_is_wrong_is_refused(grant: str, refresh_token: str, secret: str, error: str) -> None:
    with StandIn(world()) as standin:
        answer = ask_for_token(standin, secret=secret, grant_type=grant, refresh_token=refresh_token)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_the_token_endpoint_takes_posts_only() -> None:
    with StandIn(world()) as standin:
        assert requests.get(standin.token_url, timeout=5).status_code == 405


@pytest.mark.parametrize(("kind", "shown"), [("absent", ()), ("empty", ("",)), ("null", (None,))])
def test_a_refresh_leaves_the_refresh_token_as_it_is(kind: RefreshAnswer, shown: tuple[str | None, ...]) -> None:
    with StandIn(world()) as standin:
        standin.refresh_answer = kind
        for _ in range(2):
            answer = refresh(standin, "stand-in-refresh")
            assert answer.status_code == 200
            assert tuple(answer.json()[name] for name in answer.json() if name == "refresh_token") == shown
        assert standin.credentials.refresh_token == "stand-in-refresh"


def test_a_refresh_that_rotates() -> None:
    with StandIn(world()) as standin:
        standin.refresh_answer = "rotated"
        seen = ["stand-in-refresh"]
        for _ in range(2):
            seen.append(refresh(standin, seen[-1]).json()["refresh_token"])
            assert standin.credentials.refresh_token == standin.refresh_token == seen[-1]
            assert refresh(standin, seen[-2]).json()["error"] == "invalid_grant"
        assert all(seen)
        assert len(set(seen)) == 3
        assert refresh(standin).json()["scope"] == BOTH


def test_access_tokens_are_distinct_and_expire() -> None:
    with StandIn(world()) as standin:
        first, second, app = user_token(standin), user_token(standin), app_token(standin)
        assert len({first, second, app}) == 3
        assert all(token.startswith("stand-in-access-token") for token in (first, second, app))
        standin.expire_tokens()
        third = user_token(standin)
        for token in (first, second, app):
            assert message(get(standin, "me", token)) == (401, "The access token expired")
        assert get(standin, "me", third).status_code == 200


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Bearer stand-in-access-token", "Basic eDp5", "", "{token}"])
def test_unknown_access_tokens(authorization: str) -> None:
    with StandIn(world()) as standin:
        headers = {"Authorization": authorization.format(token=user_token(standin))}
        answer = requests.get(standin.api_url + "me", headers=headers, timeout=5)
    assert message(answer) == (401, "Invalid access token")


def test_a_token_endpoint_with_a_fault() -> None:
    with StandIn(world()) as standin:
        standin.token_fault = Answer(503, b"<html>")
        answer = refresh(standin)
        assert (answer.status_code, answer.content) == (503, b"<html>")
        standin.token_fault = None
        assert refresh(standin).status_code == 200


def test_token_requests_are_told_without_secrets() -> None:
    with StandIn(world()) as standin:
        refresh(standin)
        app_token(standin)
        standin.token_fault = Answer(500, b"")
        ask_for_token(standin, secret="wrong", grant_type="refresh_token")
        assert standin.token_requests == [
            TokenRequest("refresh_token", has_refresh_token=True),
            TokenRequest("client_credentials", has_refresh_token=False),
            TokenRequest("refresh_token", has_refresh_token=False),
        ]
        assert "stand-in" not in repr(standin.token_requests)
        assert standin.requests == []


def test_a_test_may_answer_for_the_token_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn(world()) as standin:
        monkeypatch.setattr(standin, "_token", lambda *_: Answer(200, {"access_token": None}))
        assert refresh(standin).json() == {"access_token": None}


def test_spotipy_itself_gets_consent_and_reads() -> None:
    with StandIn(world(playlist("a", 3))) as standin, requests.Session() as session:
        oauth = SpotifyOAuth(
            client_id=standin.credentials.client_id,
            client_secret=standin.credentials.client_secret,
            redirect_uri=REDIRECT,
            scope=BOTH.split(),
            cache_handler=MemoryCacheHandler(),
            requests_session=session,
            requests_timeout=5,
            open_browser=False,
        )
        oauth.OAUTH_AUTHORIZE_URL, oauth.OAUTH_TOKEN_URL = standin.authorize_url, standin.token_url
        page = session.get(oauth.get_authorize_url(state="s"), allow_redirects=False, timeout=5)
        code = oauth.parse_response_code(page.headers["Location"])
        token = oauth.get_access_token(code, as_dict=False, check_cache=False)
        spotify = spotipy.Spotify(auth=token, requests_session=session)
        spotify.prefix = standin.api_url
        assert spotify.playlist_items("a" * 22)["total"] == 3
