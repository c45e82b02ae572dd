"""In extended mode everything of before 2026 is there, beside what is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from spotify_etl.standin import ServedPlaylist, StandIn
from tests.unit.standin.asking import ME, app_token, get, message, playlist, playlist_id, row, user_token, world

A, B, C, D = (playlist_id(letter) for letter in "abcd")


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    playlists = (
        playlist("a", 123),
        playlist("b", 2, owner="somebody"),
        playlist("c", 2, owner="somebody", public=False),
        playlist("d", 2, owner="spotify", followed=False),
    )
    with StandIn(world(*playlists, mode="extended")) as standin:
        yield standin


@pytest.fixture(scope="module")
def token(standin: StandIn) -> str:
    return user_token(standin)


def test_rows_have_both_names_and_tracks_are_popular(standin: StandIn, token: str) -> None:
    first, again = (get(standin, f"playlists/{A}/{name}", token).json()["items"][:20] for name in ("items", "tracks"))
    assert first == again
    assert all(each["item"] == each["track"] for each in first)
    assert {type(each["track"]["popularity"]) for each in first} == {int}
    assert all(0 <= each["track"]["popularity"] <= 100 for each in first)
    assert len({each["track"]["popularity"] for each in first}) > 1


def test_odd_rows() -> None:
    known = row("a", 0)
    known["item"]["popularity"] = 7
    local = {**row("a", 1), "item": {"id": None, "type": "track"}}
    episode = {**row("a", 2), "item": {"id": "e", "type": "episode"}}
    gone = {**row("a", 3), "item": None}
    rows = [known, local, episode, gone]
    with StandIn(world(ServedPlaylist(playlist("a", 0).metadata, rows), mode="extended")) as standin:
        served = get(standin, f"playlists/{A}/items").json()["items"]
    items: list[Any] = [each["track"] for each in served]
    assert (items[0]["popularity"], items[1]["popularity"]) == (7, 0)
    assert "popularity" not in items[2]
    assert items[3] is None
    assert served[3]["item"] is None
    assert "track" not in rows[0], "the world is left as it was"


def test_a_playlist_embeds_both(standin: StandIn, token: str) -> None:
    whole = get(standin, f"playlists/{A}", token).json()
    for name in ("items", "tracks"):
        page = whole[name]
        assert page["href"] == f"https://api.spotify.com/v1/playlists/{A}/{name}?offset=0&limit=100"
        assert (len(page["items"]), page["total"]) == (100, 123)
    assert set(get(standin, f"playlists/{A}?fields=tracks", token).json()) == {"tracks"}


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("tracks", 100),
        ("tracks?limit=100&offset=100", 23),
        ("tracks?limit=7", 7),
        ("items", 20),
        ("items?limit=50", 50),
    ],
)
def test_limits(standin: StandIn, token: str, path: str, rows: int) -> None:
    assert len(get(standin, f"playlists/{A}/{path}", token).json()["items"]) == rows


@pytest.mark.parametrize("path", ["tracks?limit=101", "items?limit=51"])
def test_limits_have_an_end(standin: StandIn, token: str, path: str) -> None:
    assert message(get(standin, f"playlists/{A}/{path}", token)) == (400, "Invalid limit")


def test_the_library_has_both_and_points_to_the_user(standin: StandIn, token: str) -> None:
    page = get(standin, "me/playlists?limit=1", token).json()
    (entry,) = page["items"]
    assert entry["tracks"] == {"href": f"https://api.spotify.com/v1/playlists/{A}/tracks", "total": 123}
    assert entry["items"] == {"href": f"https://api.spotify.com/v1/playlists/{A}/items", "total": 123}
    assert page["next"] == f"https://api.spotify.com/v1/users/{ME}/playlists?offset=1&limit=1"
    following = get(standin, page["next"].removeprefix("https://api.spotify.com/v1/"), token).json()
    assert [each["id"] for each in following["items"]] == [B]


def test_the_user_has_a_product(standin: StandIn, token: str) -> None:
    assert get(standin, "me", token).json()["product"] == "premium"


def test_what_is_public_is_read_by_everybody(standin: StandIn, token: str) -> None:
    for bearer in (token, app_token(standin)):
        for public in (A, B, D):
            assert get(standin, f"playlists/{public}/items", bearer).json()["total"] > 0
            assert "items" in get(standin, f"playlists/{public}", bearer).json()
    assert message(get(standin, f"playlists/{C}/items", token)) == (403, "Forbidden")
    app = app_token(standin)
    assert get(standin, f"playlists/{C}", app).status_code == 404
    assert get(standin, "me/playlists", app).status_code == 401
