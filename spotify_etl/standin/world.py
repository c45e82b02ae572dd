"""What the stand-in serves: one user, the playlists, and what Spotify lets the app do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["dev", "extended"]
"""The app's quota mode: development mode as of 2026, or extended quota, which kept the API of before."""

READ_PRIVATE, READ_COLLABORATIVE = "playlist-read-private", "playlist-read-collaborative"

_SPOTIFY = "spotify"


@dataclass(frozen=True)
class ServedPlaylist:
    """A playlist as the API knows it.

    Parameters
    ----------
    metadata
        The playlist object without its items.
    rows
        Its items, in the shape of development mode; extended mode adds what it has more.
    followed
        Whether it is in the user's library. One that is not can be asked for by its id only.
    """

    metadata: dict[str, Any]
    rows: list[dict[str, Any]]
    followed: bool = True

    @property
    def playlist_id(self) -> str:
        """The playlist's id."""
        return str(self.metadata["id"])

    @property
    def private(self) -> bool:
        """Whether it is said not to be public; what is not said is public."""
        return self.metadata.get("public") is False

    @property
    def scope(self) -> str | None:
        """The scope without which the user's own app does not get it."""
        if self.metadata["collaborative"]:
            return READ_COLLABORATIVE
        return READ_PRIVATE if self.private else None


@dataclass
class World:
    """What there is: one user and the playlists. May be changed while it is served.

    Parameters
    ----------
    user_id, playlists
        The user, and the playlists by id.
    mode
        See `Mode`.
    premium
        Whether the app's owner has Premium; if not, every call of the Web API answers 403.
    allow_listed
        Whether the user is on the app's list; if not, every call of the Web API answers 403.
    next_host
        `scheme://host` that every page's `next` points to instead of Spotify's: somebody who wants the token.
    scopes
        What the user grants of what an app asks for.
    """

    user_id: str
    playlists: dict[str, ServedPlaylist] = field(default_factory=dict)
    mode: Mode = "dev"
    premium: bool = True
    allow_listed: bool = True
    next_host: str | None = None
    scopes: tuple[str, ...] = (READ_PRIVATE, READ_COLLABORATIVE)

    def mine(self, playlist: ServedPlaylist) -> bool:
        """Tell whether the user owns the playlist or collaborates on it."""
        return bool(playlist.metadata["owner"]["id"] == self.user_id or playlist.metadata["collaborative"])

    def readable(self, playlist: ServedPlaylist, *, by_user: bool = True) -> bool:
        """Tell whether the playlist's items are shown, to the user or to an app that comes without one."""
        if by_user and self.mine(playlist):
            return True
        return self.mode == "extended" and not playlist.private

    def there(self, playlist: ServedPlaylist, *, by_user: bool = True) -> bool:
        """Tell whether the playlist can be asked for by its id, if only for its metadata."""
        if self.mode == "dev" and playlist.metadata["owner"]["id"] == _SPOTIFY:
            return False  # editorial lists: since November 2024 such apps may see them in a library at most
        return by_user or not playlist.private
