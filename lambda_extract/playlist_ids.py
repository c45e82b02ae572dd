"""Playlist ids out of what people paste: an id, a URI or a URL; a list of them, or a file that holds one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal
from urllib.parse import unquote

from lambda_extract.errors import PlaylistIdError, PlaylistListError
from lambda_extract.settings import MINE

_ID = re.compile(r"[0-9A-Za-z]{22}")
_URI = re.compile(r"spotify:(?:user:[^:]+:)?playlist:([0-9A-Za-z]+)")
_URL = re.compile(
    r"(?:https?://)?open\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?(?:user/[^/]+/)?playlist/([0-9A-Za-z]+)/?(?:[?#].*)?",
    re.IGNORECASE,
)
# Old addresses name the account that owns a playlist, which is nobody's business in a log.
_ACCOUNT = re.compile(r"(users?[:/])[^:/]+", re.IGNORECASE)


def resolve(text: str, read_list: Callable[[str], str]) -> tuple[str, ...] | Literal["mine"]:
    """Return the playlists that a setting names: `mine`, a short list, or what `read_list` gives for an `s3://…`.

    Raises
    ------
    PlaylistIdError
        If something in it is no playlist.
    PlaylistListError
        If the list cannot be read, or holds nothing.
    """
    given = text.strip()
    if given.lower() == MINE:
        return MINE
    if given.lower().startswith("s3://"):
        return parse_playlist_file(read_list(given), source=given)
    return parse_playlist_ids(given)


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
    if not is_playlist_id(playlist_id):
        raise PlaylistIdError(
            f"{_short(given)} is no Spotify playlist. Give the id (22 letters and digits), "
            "spotify:playlist:… or https://open.spotify.com/playlist/…"
        )
    return playlist_id


def is_playlist_id(value: object) -> bool:
    """Tell whether a value is 22 base-62 characters."""
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def parse_playlist_ids(text: str) -> tuple[str, ...]:
    """Return the playlists of a list separated by commas or white space, each once, in the order given."""
    return tuple(dict.fromkeys(parse_playlist_id(part) for part in re.split(r"[,\s]+", text) if part))


def parse_playlist_file(text: str, *, source: str) -> tuple[str, ...]:
    """Return the playlists of a file: a playlist or several a line, `#` begins a comment. `source` names the file.

    Raises
    ------
    PlaylistIdError
        If a line holds something else; it is named by its number.
    PlaylistListError
        If there is none in it.
    """
    found: dict[str, None] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        # A `#` within an address is a part of it.
        told = re.split(r"(?:^|\s)#", line, maxsplit=1)[0]
        try:
            found.update(dict.fromkeys(parse_playlist_ids(told)))
        except PlaylistIdError as error:
            raise PlaylistIdError(f"Line {number} of {source}: {error}") from None
    if not found:
        raise PlaylistListError(f"{source} names no playlist. Write one id, URI or URL a line.")
    return tuple(found)


def _short(given: str, length: int = 60) -> str:
    told = _ACCOUNT.sub(r"\1…", unquote(given))
    return ascii(told if len(told) <= length else told[:length] + "…").replace("\\u2026", "…")
