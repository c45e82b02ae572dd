"""Playlist ids out of what people paste: an id, a URI or a URL."""

from __future__ import annotations

import re

from lambda_extract.errors import PlaylistIdError

_ID = re.compile(r"[0-9A-Za-z]{22}")
_URI = re.compile(r"spotify:(?:user:[^:]+:)?playlist:([0-9A-Za-z]+)")
_URL = re.compile(
    r"(?:https?://)?open\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?(?:user/[^/]+/)?playlist/([0-9A-Za-z]+)/?(?:[?#].*)?",
    re.IGNORECASE,
)


def parse_playlist_id(text: str) -> str:
    """Return the 22 base-62 characters that name a playlist; upper and lower case stay, they differ.

    Raises
    ------
    PlaylistIdError
        If `text` is no playlist's id, URI or URL. Ids go into object keys, so nothing else gets through.
    """
    given = text.strip()
    match = _URI.fullmatch(given) or _URL.fullmatch(given)
    playlist_id = match.group(1) if match else given
    if not _ID.fullmatch(playlist_id):
        raise PlaylistIdError(
            f"{_short(given)} is no Spotify playlist. Give the id (22 letters and digits), "
            "spotify:playlist:… or https://open.spotify.com/playlist/…"
        )
    return playlist_id


def parse_playlist_ids(text: str) -> tuple[str, ...]:
    """Return the playlists of a list separated by commas or white space, each once, in the order given."""
    return tuple(dict.fromkeys(parse_playlist_id(part) for part in re.split(r"[,\s]+", text) if part))


def _short(given: str, length: int = 60) -> str:
    return ascii(given if len(given) <= length else given[:length] + "…")
