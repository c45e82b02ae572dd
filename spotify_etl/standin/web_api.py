"""The Web API: what a request is answered, given a world and who asks."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from spotify_etl.standin import faults
from spotify_etl.standin.accounts import Access
from spotify_etl.standin.messages import Answer, Request
from spotify_etl.standin.paging import API, EMBEDDED_ROWS, Listing, as_it_is
from spotify_etl.standin.world import ServedPlaylist, World

_MOST_TRACKS = 100
"""The most that the old `/tracks` gives at once, and what it gives unless told otherwise."""


def respond(world: World, access: Access, request: Request) -> Answer:
    """Answer a request to the Web API whose access token is good."""
    if not world.premium:
        return faults.premium_required()
    if not world.allow_listed:
        return faults.not_allow_listed()
    return _route(world, access, request)


def _route(world: World, access: Access, request: Request) -> Answer:
    match [part for part in request.path.split("/") if part]:
        case ["v1", "me"] | ["v1", "me", "playlists"] if not access.by_user:
            return faults.no_user()
        case ["v1", "me"]:
            return Answer(200, _user(world))
        case ["v1", "me", "playlists"]:
            return _library(world, access).answer(request)
        case ["v1", "users", user_id, "playlists"] if user_id == world.user_id:
            # Where the library's pages point to in extended mode. Development mode lost it.
            return _library(world, access).answer(request) if world.mode == "extended" else faults.forbidden()
        case ["v1", "playlists", playlist_id, *rest] if playlist_id in world.playlists:
            playlist = world.playlists[playlist_id]
            if world.there(playlist, by_user=access.by_user):
                return _playlist(world, access, playlist, rest, request)
    return faults.not_found()


def _library(world: World, access: Access) -> Listing[ServedPlaylist]:
    def simplified(playlist: ServedPlaylist) -> dict[str, Any]:
        metadata = {name: value for name, value in playlist.metadata.items() if name != "followers"}
        for name in _items_names(world):
            metadata[name] = {"href": _address(playlist, name), "total": len(playlist.rows)}
        return metadata

    seen = [each for each in world.playlists.values() if each.followed and _granted(access, each)]
    owner = "me" if world.mode == "dev" else f"users/{world.user_id}"
    return Listing(f"{API}/{owner}/playlists", seen, shape=simplified, next_host=world.next_host)


def _playlist(world: World, access: Access, playlist: ServedPlaylist, rest: list[str], request: Request) -> Answer:
    readable = world.readable(playlist, by_user=access.by_user)
    granted = not world.mine(playlist) or _granted(access, playlist)
    match rest:
        case []:
            whole = dict(playlist.metadata)
            if readable and granted:
                for name in _items_names(world):
                    whole[name] = _rows(world, playlist, name, request.query).page(limit=EMBEDDED_ROWS, offset=0)
            return Answer(200, _only(request.query.get("fields"), whole))
        case ["items" | "tracks"] if not readable or rest[0] not in _items_names(world):
            return faults.forbidden()
        case ["items" | "tracks"] if not granted:
            return faults.insufficient_scope()
        case ["items" as name]:
            return _rows(world, playlist, name, request.query).answer(request)
        case ["tracks" as name]:
            rows = _rows(world, playlist, name, request.query)
            return rows.answer(request, default=_MOST_TRACKS, most=_MOST_TRACKS)
    return faults.not_found()


def _rows(world: World, playlist: ServedPlaylist, name: str, query: Mapping[str, str]) -> Listing[dict[str, Any]]:
    shape = as_it_is if world.mode == "dev" else _with_the_old_names
    extra = {each: query[each] for each in ("additional_types",) if each in query}
    return Listing(_address(playlist, name), playlist.rows, shape=shape, extra=extra, next_host=world.next_host)


def _address(playlist: ServedPlaylist, name: str) -> str:
    return f"{API}/playlists/{playlist.playlist_id}/{name}"


def _granted(access: Access, playlist: ServedPlaylist) -> bool:
    return playlist.scope is None or playlist.scope in access.scopes


def _items_names(world: World) -> tuple[str, ...]:
    return ("items",) if world.mode == "dev" else ("items", "tracks")


def _with_the_old_names(row: dict[str, Any]) -> dict[str, Any]:
    """Add what development mode lost: the row's `track` and a track's popularity."""
    item = row.get("item")
    if isinstance(item, dict) and item.get("type") == "track" and "popularity" not in item:
        # Made up, but the same each time; what has no id, a local file, is not popular.
        item = {**item, "popularity": zlib.crc32(str(item["id"]).encode()) % 101 if item.get("id") else 0}
    return {**row, "item": item, "track": item}


def _only(fields: str | None, document: dict[str, Any]) -> dict[str, Any]:
    """Keep the named fields of the top level, which is as much of Spotify's `fields` as the extract uses."""
    return {name: document[name] for name in fields.split(",") if name in document} if fields else document


def _user(world: World) -> dict[str, Any]:
    return {
        "account_id": f"acc-{world.user_id}",
        "display_name": world.user_id,
        "external_urls": {"spotify": f"https://open.spotify.com/user/{world.user_id}"},
        "href": f"{API}/users/{world.user_id}",
        "id": world.user_id,
        "images": [],
        "type": "user",
        "uri": f"spotify:user:{world.user_id}",
        **({"product": "premium"} if world.mode == "extended" else {}),
    }
