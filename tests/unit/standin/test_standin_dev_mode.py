"""The stand-in answers an app in development mode as Spotify does, asked with plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from spotify_etl.standin import StandIn
from spotify_etl.standin.faults import NOT_ALLOW_LISTED, PREMIUM_REQUIRED
from tests.unit.standin.asking import ME, app_token, get, message, playlist, playlist_id, user_token, world

A, B, C, D, E, F = (playlist_id(letter) for letter in "abcdef")


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    playlists = (
        playlist("a", 123),
        playlist("b", 1, owner="somebody"),
        playlist("c", 0, public=False),
        playlist("d", 2, owner="spotify"),
        playlist("e", 2, owner="spotify", followed=False),
        playlist("f", 2, owner="somebody", followed=False, collaborative=True),
    )
    with StandIn(world(*playlists)) as standin:
        yield standin


@pytest.fixture(scope="module")
def token(standin: StandIn) -> str:
    return user_token(standin)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("playlists/" + "z" * 22, 404, "Resource not found"),
        (f"playlists/{A}/images", 404, "Resource not found"),
        ("tracks", 404, "Resource not found"),
        (f"playlists/{A}/tracks", 403, "Forbidden"),
        (f"playlists/{B}/items", 403, "Forbidden"),
        (f"playlists/{D}", 404, "Resource not found"),
        (f"playlists/{D}/items", 404, "Resource not found"),
        (f"playlists/{E}", 404, "Resource not found"),
        (f"users/{ME}/playlists", 403, "Forbidden"),
        (f"playlists/{A}/items?limit=51", 400, "Invalid limit"),
        (f"playlists/{A}/items?limit=0", 400, "Invalid limit"),
        (f"playlists/{A}/items?limit=x", 400, "Invalid limit"),
        (f"playlists/{A}/items?offset=-1", 400, "Invalid offset"),
        ("me/playlists?limit=51", 400, "Invalid limit"),
    ],
)
def test_errors_look_like_spotifys(standin: StandIn, token: str, path: str, status: int, text: str) -> None:
    assert message(get(standin, path, token)) == (status, text)


def test_pages(standin: StandIn, token: str) -> None:
    page = get(standin, f"playlists/{A}/items?limit=50&offset=100", token).json()
    assert (len(page["items"]), page["offset"], page["limit"], page["total"]) == (23, 100, 50, 123)
    assert page["next"] is None
    assert page["previous"].endswith("/items?offset=50&limit=50")
    assert set(page["items"][0]) == {"item", "added_at", "is_local"}
    assert len(get(standin, f"playlists/{A}/items", token).json()["items"]) == 20
    assert get(standin, f"playlists/{A}/items?offset=500", token).json()["items"] == []


def test_addresses_are_spotifys_and_keep_the_types(standin: StandIn, token: str) -> None:
    page = get(standin, f"playlists/{A}/items?limit=50&additional_types=track,episode", token).json()
    here = f"https://api.spotify.com/v1/playlists/{A}/items"
    assert page["href"] == f"{here}?offset=0&limit=50&additional_types=track,episode"
    assert page["next"] == f"{here}?offset=50&limit=50&additional_types=track,episode"


def test_a_playlist_embeds_its_first_hundred_rows_unless_fields_say_otherwise(standin: StandIn, token: str) -> None:
    whole = get(standin, f"playlists/{A}", token).json()
    assert (len(whole["items"]["items"]), whole["items"]["limit"]) == (100, 100)
    assert "tracks" not in whole
    assert whole["followers"]["total"] == 3
    assert get(standin, f"playlists/{A}?fields=id,snapshot_id,none", token).json() == {"id": A, "snapshot_id": "v1"}


def test_of_other_peoples_playlists_there_is_metadata_only(standin: StandIn, token: str) -> None:
    whole = get(standin, f"playlists/{B}", token)
    assert whole.status_code == 200
    assert whole.json()["id"] == B
    assert "items" not in whole.json()
    assert len(get(standin, f"playlists/{F}/items", token).json()["items"]) == 2, "the user collaborates on it"


def test_the_user(standin: StandIn, token: str) -> None:
    user = get(standin, "me", token).json()
    assert user["id"] == ME
    assert not {"email", "country", "product"} & set(user)


def test_the_library(standin: StandIn, token: str) -> None:
    page = get(standin, "me/playlists?limit=2", token).json()
    assert [entry["id"] for entry in page["items"]] == [A, B]
    assert page["total"] == 4
    assert page["next"] == "https://api.spotify.com/v1/me/playlists?offset=2&limit=2"
    first = page["items"][0]
    assert first["items"] == {"href": f"https://api.spotify.com/v1/playlists/{A}/items", "total": 123}
    assert not {"followers", "tracks"} & set(first)
    rest = get(standin, "me/playlists?offset=2", token).json()
    assert [entry["id"] for entry in rest["items"]] == [C, D], "editorial lists are listed, what is not followed is not"


def test_an_app_without_a_user_sees_metadata_of_what_is_public(standin: StandIn) -> None:
    app = app_token(standin)
    for public in (A, B):
        whole = get(standin, f"playlists/{public}", app)
        assert whole.status_code == 200
        assert "items" not in whole.json()
        assert message(get(standin, f"playlists/{public}/items", app)) == (403, "Forbidden")
    assert get(standin, f"playlists/{C}", app).status_code == 404
    assert message(get(standin, "me", app)) == (401, "Unauthorized.")
    assert message(get(standin, "me/playlists", app)) == (401, "Unauthorized.")


@pytest.mark.parametrize(
    ("setting", "text"), [({"premium": False}, PREMIUM_REQUIRED), ({"allow_listed": False}, NOT_ALLOW_LISTED)]
)
def test_an_app_that_may_not_is_refused_everything(setting: dict[str, bool], text: str) -> None:
    with StandIn(world(playlist("a", 1), **setting)) as standin:
        for path in ("me", "me/playlists", f"playlists/{A}", f"playlists/{A}/items", "nothing"):
            assert message(get(standin, path)) == (403, text)
        assert message(get(standin, "me", "wrong"))[0] == 401, "the token comes first"


def test_the_next_page_may_be_somewhere_else() -> None:
    with StandIn(world(playlist("a", 120), playlist("b", 0), next_host="http://127.0.0.1:9")) as standin:
        pages = [
            get(standin, f"playlists/{A}/items").json(),
            get(standin, f"playlists/{A}").json()["items"],
            get(standin, "me/playlists?limit=1").json(),
        ]
    for page in pages:
        assert page["next"].startswith("http://127.0.0.1:9/v1/")
        assert page["href"].startswith("https://api.spotify.com/v1/")


@pytest.mark.parametrize(
    ("scopes", "listed", "items"),
    [
        (("playlist-read-private", "playlist-read-collaborative"), "abc", (200, 200, 200)),
        (("playlist-read-private",), "ab", (200, 200, 403)),
        (("playlist-read-collaborative",), "ac", (200, 403, 200)),
        ((), "a", (200, 403, 403)),
    ],
)
def test_without_its_scope_a_playlist_is_not_shown(
    scopes: tuple[str, ...], listed: str, items: tuple[int, ...]
) -> None:
    playlists = (playlist("a", 1), playlist("b", 1, public=False), playlist("c", 1, public=False, collaborative=True))
    with StandIn(world(*playlists, scopes=scopes)) as standin:
        token = user_token(standin)
        library = get(standin, "me/playlists", token).json()["items"]
        answers = [get(standin, f"playlists/{each}/items", token) for each in (A, B, C)]
        embedded = ["items" in get(standin, f"playlists/{each}", token).json() for each in (A, B, C)]
    assert [entry["id"] for entry in library] == [playlist_id(letter) for letter in listed]
    assert tuple(answer.status_code for answer in answers) == items
    assert embedded == [status == 200 for status in items]
    assert {message(answer)[1] for answer in answers if answer.status_code == 403} <= {"Insufficient client scope"}


def test_a_world_may_change_while_it_is_served() -> None:
    with StandIn(world()) as standin:
        assert get(standin, f"playlists/{A}").status_code == 404
        standin.world.playlists[A] = playlist("a", 1)
        assert get(standin, f"playlists/{A}").status_code == 200
        standin.world.premium = False
        assert get(standin, f"playlists/{A}").status_code == 403


def test_requests_are_those_to_the_web_api(standin: StandIn) -> None:
    asked = len(standin.requests)
    get(standin, "me/playlists?limit=1")
    requests.get(standin.authorize_url, timeout=5)
    (request,) = standin.requests[asked:]
    assert (request.method, request.path, request.query) == ("GET", "/v1/me/playlists", {"limit": "1"})
