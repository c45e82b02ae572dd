"""Paging objects. Their addresses are Spotify's, as they are in real answers, and never the stand-in's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from spotify_etl.standin.messages import Answer, Request, error
from spotify_etl.standin.world import ServedPlaylist

HOST = "https://api.spotify.com"
API = f"{HOST}/v1"
EMBEDDED_ROWS = 100
MOST_ROWS = 50

_DEFAULT_ROWS = 20

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Listing(Generic[Entry]):
    """Something that is given in pages.

    Parameters
    ----------
    here
        Its address, without a query.
    entries
        All of it. Only what is on a page is touched, so that a long one costs a request no more than a short one.
    shape
        Makes an entry what the API shows of it.
    extra
        What the addresses' queries hold beside limit and offset.
    next_host
        See `World`.
    """

    here: str
    entries: Sequence[Entry]
    shape: Callable[[Entry], dict[str, Any]]
    extra: Mapping[str, str] = field(default_factory=dict)
    next_host: str | None = None

    def page(self, *, limit: int, offset: int) -> dict[str, Any]:
        """Build the paging object."""
        end, total = offset + limit, len(self.entries)
        following = self._address(end, limit) if end < total else None
        return {
            "href": self._address(offset, limit),
            "items": [self.shape(entry) for entry in self.entries[offset:end]],
            "limit": limit,
            "next": following.replace(HOST, self.next_host, 1) if following and self.next_host else following,
            "offset": offset,
            "previous": self._address(max(0, offset - limit), limit) if offset else None,
            "total": total,
        }

    def answer(self, request: Request, *, default: int = _DEFAULT_ROWS, most: int = MOST_ROWS) -> Answer:
        """Answer with the page that is asked for."""
        limit, offset = request.query.get("limit", str(default)), request.query.get("offset", "0")
        if not limit.isdecimal() or not 1 <= int(limit) <= most:
            return error(400, "Invalid limit")
        if not offset.isdecimal():
            return error(400, "Invalid offset")
        return Answer(200, self.page(limit=int(limit), offset=int(offset)))

    def _address(self, offset: int, limit: int) -> str:
        return f"{self.here}?{urlencode({'offset': offset, 'limit': limit, **self.extra}, safe=',')}"


def items_page(playlist: ServedPlaylist, *, limit: int, offset: int) -> dict[str, Any]:
    """Build the paging object of `/playlists/{id}/items` in development mode."""
    here = f"{API}/playlists/{playlist.playlist_id}/items"
    extra = {"additional_types": "track,episode"}
    return Listing(here, playlist.rows, shape=as_it_is, extra=extra).page(limit=limit, offset=offset)


def as_it_is(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry itself, for a `shape`."""
    return entry
