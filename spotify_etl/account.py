"""What an account has, what of it can be read, and how many requests that takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lambda_extract.errors import SpotifyAnswerError
from lambda_extract.library import is_readable, list_playlists, list_requests, total_of
from lambda_extract.plan import requests_for
from lambda_extract.playlist_ids import is_playlist_id
from lambda_extract.settings import DEFAULT_BUDGET
from lambda_extract.spotify import PlaylistSource

Relation = Literal["yours", "collaborative", "followed"]

BY_SPOTIFY = "Spotify's own, which apps cannot read"
BY_OTHERS = "somebody else's, you only follow it"

_SPOTIFY = "spotify"


@dataclass(frozen=True)
class ListedPlaylist:
    """A playlist of the account's library. `why_not` is None where it can be read."""

    playlist_id: str
    name: str | None
    items: int | None
    relation: Relation
    why_not: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the playlist for machines."""
        return {
            "playlist_id": self.playlist_id,
            "name": self.name,
            "items": self.items,
            "relation": self.relation,
            "readable": self.why_not is None,
            "why_not": self.why_not,
        }


@dataclass(frozen=True)
class Account:
    """A user and the playlists of the library, in its own order."""

    user_id: str
    display_name: str | None
    playlists: tuple[ListedPlaylist, ...]

    @property
    def label(self) -> str:
        """The account as its user knows it."""
        if self.display_name in {None, "", self.user_id}:
            return printable(self.user_id)
        return f"{printable(str(self.display_name))} ({printable(self.user_id)})"

    @property
    def readable(self) -> list[ListedPlaylist]:
        """What an app in development mode can read."""
        return [one for one in self.playlists if one.why_not is None]

    @property
    def first_load(self) -> int:
        """The requests that it takes to read everything: the list, and each playlist."""
        return self.usual_day + sum(map(_requests, self.readable))

    @property
    def usual_day(self) -> int:
        """The requests of a day on which nothing changed: the list tells that."""
        return list_requests(len(self.playlists))

    def days_of_first_load(self, budget: int = DEFAULT_BUDGET) -> int:
        """Return how many daily runs a first load takes within a budget of requests a day."""
        return days_needed(map(_requests, self.readable), budget - self.usual_day)


def read_account(source: PlaylistSource) -> Account:
    """Ask who the account is and what its library holds: one request, and one for each 50 playlists.

    Raises
    ------
    ExtractError
        If Spotify does not say.
    """
    me = source.me()
    user_id, name = me.get("id"), me.get("display_name")
    if not isinstance(user_id, str) or not user_id:
        raise SpotifyAnswerError("Spotify does not tell whose account it is. Try again later.")
    listed = (listed_playlist(entry, user_id) for entry in list_playlists(source) if is_playlist_id(entry.get("id")))
    return Account(user_id, name if isinstance(name, str) else None, tuple(listed))


def listed_playlist(entry: Mapping[str, Any], user_id: str) -> ListedPlaylist:
    """Return what an entry of the list tells. Whose a playlist is stays out of it, unless it is the user's."""
    owner = entry.get("owner")
    owner_id = owner.get("id") if isinstance(owner, dict) else None
    name = entry.get("name")
    if is_readable(entry, user_id):
        relation: Relation = "yours" if owner_id == user_id else "collaborative"
        why_not = None
    else:
        relation, why_not = "followed", BY_SPOTIFY if owner_id == _SPOTIFY else BY_OTHERS
    return ListedPlaylist(entry["id"], name if isinstance(name, str) else None, total_of(entry), relation, why_not)


def days_needed(costs: Iterable[int], room: int) -> int:
    """Return how many days playlists take that are read whole, in turn, each day as many as there is room for."""
    left, days = list(costs), 0
    while left:
        days, free, tomorrow = days + 1, room, []
        for number, cost in enumerate(left):
            # What is larger than any day's room would never be read; it counts as a day of its own.
            if cost <= free or number == 0:
                free -= cost
            else:
                tomorrow.append(cost)
        left = tomorrow
    return max(1, days)


def printable(text: str) -> str:
    """Return a text without what would move a terminal's cursor or colour it: names are other people's."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _requests(playlist: ListedPlaylist) -> int:
    return requests_for(playlist.items or 0)
