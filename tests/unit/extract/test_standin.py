"""The stand-in answers as Spotify does, asked with plain HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import requests

from spotify_etl.standin import StandIn, World
from tests.unit.extract.builders import ME, playlist, playlist_id, world

A, B, C = (playlist_id(letter) for letter in "abc")


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn(world(playlist("a", 123), playlist("b", 1, owner="somebody"), playlist("c", 0))) as standin:
        yield standin


@pytest.fixture(scope="module")
def token(standin: StandIn) -> str:
    answer = requests.post(
        standin.token_url,
        data={"grant_type": "refresh_token", "refresh_token": standin.credentials.refresh_token},
        auth=(standin.credentials.client_id, standin.credentials.client_secret),
        timeout=5,
    )
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
    return str(answer.json()["access_token"])


def get(standin: StandIn, token: str, path: str) -> requests.Response:
    return requests.get(standin.api_url + path, headers={"Authorization": f"Bearer {token}"}, timeout=5)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("playlists/" + "z" * 22, 404, "Resource not found"),
        (f"playlists/{A}/images", 404, "Resource not found"),
        ("tracks", 404, "Resource not found"),
        (f"playlists/{A}/tracks", 403, "Forbidden"),
        (f"playlists/{B}/items", 403, "Forbidden"),
        (f"playlists/{A}/items?limit=51", 400, "Invalid limit"),
        (f"playlists/{A}/items?limit=0", 400, "Invalid limit"),
        (f"playlists/{A}/items?limit=x", 400, "Invalid limit"),
        (f"playlists/{A}/items?offset=-1", 400, "Invalid offset"),
        ("me/playlists?limit=51", 400, "Invalid limit"),
    ],
)
def test_errors_look_like_spotifys(standin: StandIn, token: str, path: str, status: int, message: str) -> None:
    answer = get(standin, token, path)
    assert answer.status_code == status
    assert answer.json() == {"error": {"status": status, "message": message}}


def test_a_wrong_token_is_refused(standin: StandIn) -> None:
    assert get(standin, "wrong", "me").status_code == 401


@pytest.mark.parametrize(
    ("grant", "refresh", "secret", "error"),
    [
        ("refresh_token", "wrong", "stand-in-secret", "invalid_grant"),
        ("refresh_token", "stand-in-refresh", "wrong", "invalid_client"),
        ("client_credentials", "", "stand-in-secret", "unsupported_grant_type"),
    ],
)
def test_a_wrong_consent_is_refused(standin: StandIn, grant: str, refresh: str, secret: str, error: str) -> None:
    form = {"grant_type": grant, "refresh_token": refresh}
    answer = requests.post(standin.token_url, data=form, auth=("stand-in-client", secret), timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_pages(standin: StandIn, token: str) -> None:
    page = get(standin, token, f"playlists/{A}/items?limit=50&offset=100").json()
    assert (len(page["items"]), page["offset"], page["limit"], page["total"]) == (23, 100, 50, 123)
    assert page["next"] is None
    assert page["previous"].endswith("/items?offset=50&limit=50")
    assert set(page["items"][0]) >= {"item", "added_at", "is_local"}
    assert len(get(standin, token, f"playlists/{A}/items").json()["items"]) == 20
    assert get(standin, token, f"playlists/{A}/items?offset=500").json()["items"] == []


def test_a_playlist_embeds_its_first_hundred_rows_unless_fields_say_otherwise(standin: StandIn, token: str) -> None:
    whole = get(standin, token, f"playlists/{A}").json()
    assert (len(whole["items"]["items"]), whole["items"]["limit"]) == (100, 100)
    assert get(standin, token, f"playlists/{A}?fields=id,snapshot_id,none").json() == {"id": A, "snapshot_id": "v1"}
    assert "items" not in get(standin, token, f"playlists/{B}").json()


def test_my_playlists(standin: StandIn, token: str) -> None:
    assert get(standin, token, "me").json()["id"] == ME
    page = get(standin, token, "me/playlists?limit=2").json()
    assert [(entry["id"], entry["items"]["total"]) for entry in page["items"]] == [(A, 123), (B, 1)]
    assert page["total"] == 3


def test_it_stops_and_leaves_nothing_running() -> None:
    before = threading.active_count()
    with StandIn(World(ME)) as standin:
        assert get(standin, "wrong", "me").status_code == 401
    assert threading.active_count() == before
    with pytest.raises(requests.ConnectionError):
        get(standin, "wrong", "me")
