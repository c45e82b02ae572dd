"""A small world, and plain HTTP to ask the stand-in with."""

from __future__ import annotations

from typing import Any

import requests

from spotify_etl.standin import ServedPlaylist, StandIn, World

ME = "me"
REDIRECT = "http://127.0.0.1:8888/callback"
BOTH = "playlist-read-private playlist-read-collaborative"


def playlist_id(letter: str) -> str:
    return letter * 22


def playlist(letter: str, rows: int, *, owner: str = ME, followed: bool = True, **metadata: Any) -> ServedPlaylist:
    identity = playlist_id(letter)
    whole = {
        "collaborative": False,
        "followers": {"href": None, "total": 3},
        "id": identity,
        "name": f"Playlist {letter}",
        "owner": {"id": owner},
        "public": True,
        "snapshot_id": "v1",
        **metadata,
    }
    return ServedPlaylist(whole, [row(letter, number) for number in range(rows)], followed=followed)


def row(letter: str, number: int) -> dict[str, Any]:
    item = {"id": f"{letter}{number}", "name": f"song {number}", "type": "track", "track": True, "episode": False}
    return {"added_at": "2026-01-01T00:00:00Z", "is_local": False, "item": item}


def world(*playlists: ServedPlaylist, **settings: Any) -> World:
    return World(ME, {each.playlist_id: each for each in playlists}, **settings)


def ask_for_token(standin: StandIn, *, secret: str | None = None, **form: str) -> requests.Response:
    client = (standin.credentials.client_id, standin.credentials.client_secret if secret is None else secret)
    return requests.post(standin.token_url, data=form, auth=client, timeout=5)


def refresh(standin: StandIn, refresh_token: str = "") -> requests.Response:
    token = refresh_token or standin.refresh_token
    return ask_for_token(standin, grant_type="refresh_token", refresh_token=token)


def user_token(standin: StandIn) -> str:
    return str(refresh(standin).json()["access_token"])


def app_token(standin: StandIn) -> str:
    return str(ask_for_token(standin, grant_type="client_credentials").json()["access_token"])


def get(standin: StandIn, path: str, token: str | None = None, *, timeout: float = 5) -> requests.Response:
    """Ask the Web API; without a token in the user's name."""
    bearer = user_token(standin) if token is None else token
    return requests.get(standin.api_url + path, headers={"Authorization": f"Bearer {bearer}"}, timeout=timeout)


def message(answer: requests.Response) -> tuple[int, str]:
    """Tell an error's status and text, after a look at its form."""
    error = answer.json()["error"]
    assert error["status"] == answer.status_code
    return answer.status_code, error["message"]
