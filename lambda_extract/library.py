"""Which playlists are wanted: those of the account, found by paging its list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambda_extract.errors import LibraryChangedError, SettingsError, SpotifyAnswerError
from lambda_extract.playlist_ids import is_playlist_id
from lambda_extract.spotify import PAGE_SIZE, PlaylistSource

_READS = 3


@dataclass(frozen=True)
class Wanted:
    """A playlist that is to land, and what its account's list told of it; nothing where it was named by its id."""

    playlist_id: str
    snapshot_id: str | None = None
    name: str | None = None
    total: int | None = None


def list_playlists(source: PlaylistSource) -> list[dict[str, Any]]:
    """Return every playlist of the account's library verbatim, those that it only follows too.

    Raises
    ------
    LibraryChangedError
        If the pages do not fit together, time after time: a playlist that slipped between two pages would look deleted.
    """
    for _ in range(_READS):
        found, totals = _read_list(source)
        ids = [entry["id"] for entry in found if isinstance(entry, dict) and is_playlist_id(entry.get("id"))]
        if totals == {len(found)} and len(set(ids)) == len(ids):
            return [entry for entry in found if isinstance(entry, dict)]
    raise LibraryChangedError("Your list of playlists changed while it was read, time after time. Try again later.")


def user_id_of(source: PlaylistSource) -> str:
    """Return the id of the account.

    Raises
    ------
    SpotifyAnswerError
        If Spotify does not tell.
    """
    user_id = source.me().get("id")
    if not isinstance(user_id, str) or not user_id:
        raise SpotifyAnswerError("Spotify does not tell whose account it is. Try again later.")
    return user_id


def is_readable(entry: Mapping[str, Any], user_id: str) -> bool:
    """Tell whether an app in development mode may read a playlist: the user owns it or collaborates on it."""
    owner = entry.get("owner")
    return bool((isinstance(owner, dict) and owner.get("id") == user_id) or entry.get("collaborative") is True)


def as_wanted(entry: Mapping[str, Any]) -> Wanted:
    """Return what an entry of the list tells of a playlist."""
    snapshot_id, name = entry.get("snapshot_id"), entry.get("name")
    return Wanted(
        playlist_id=entry["id"],
        snapshot_id=snapshot_id if isinstance(snapshot_id, str) else None,
        name=name if isinstance(name, str) else None,
        total=total_of(entry),
    )


def find_mine(source: PlaylistSource, user_id: str | None) -> tuple[Wanted, ...]:
    """Return the playlists that the account owns or collaborates on, in its own order.

    `user_id` is the account's where it is known, which saves a request.
    """
    mine = user_id or user_id_of(source)
    entries = list_playlists(source)
    return tuple(as_wanted(entry) for entry in entries if is_playlist_id(entry.get("id")) and is_readable(entry, mine))


def refuse_mine_without_user(*, has_user: bool) -> None:
    """Make sure that there is an account whose playlists could be meant.

    Raises
    ------
    SettingsError
        If there is none.
    """
    if not has_user:
        raise SettingsError("`mine` needs a user's consent; client credentials have no user. Name the playlists.")


def total_of(entry: Mapping[str, Any]) -> int | None:
    """Return how many items an entry of the list has, where it tells."""
    pages = (entry.get(name) for name in ("items", "tracks"))
    return next((page["total"] for page in pages if isinstance(page, dict) and type(page.get("total")) is int), None)


def _read_list(source: PlaylistSource) -> tuple[list[Any], set[int]]:
    """Return the entries of all pages, and every total that a page has told."""
    page = source.my_playlists(0)
    found, totals = list(page["items"]), {page["total"]}
    while page["items"] and len(found) < page["total"]:
        page = source.my_playlists(len(found))
        found += page["items"]
        totals.add(page["total"])
    return found, totals


def list_requests(playlists: int) -> int:
    """Return how many requests it takes to list so many playlists."""
    return max(1, -(-playlists // PAGE_SIZE))
