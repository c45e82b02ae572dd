"""What the extract remembers between runs: of each playlist its last complete extract, and the run before.

Documents under `state/` in the raw bucket. One that is damaged is as none: the playlist is read again.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self

from lambda_extract.raw_zone import ABSENT, SCHEMA_VERSION, json_line
from lambda_extract.storage import RawStore

PLAYLISTS = "state/playlists/"
LAST_RUN = "state/last_run.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlaylistState:
    """The last complete extract of a playlist.

    `object` is its name relative to a zone, since the job moves it; `extracted_at` when it was read and `seen_at` when
    it was last found to be up to date. `not_found_run` is the first of the runs in a row to which Spotify answered 404.
    """

    playlist_id: str
    snapshot_id: str | None
    name: str | None
    object: str
    run_id: str
    extract_date: str
    extracted_at: str
    seen_at: str
    rows: int
    not_found_run: str | None = None

    @classmethod
    def of(cls, document: dict[str, Any] | None) -> Self | None:
        """Return what a document says, or None where it is none."""
        if document is None:
            return None
        try:
            values: dict[str, Any] = {field.name: document.get(field.name) for field in fields(cls)}
            state = cls(**values)
            datetime.fromisoformat(state.extracted_at)
            datetime.fromisoformat(state.seen_at)
        except (TypeError, ValueError):
            return None
        return state if isinstance(state.object, str) and isinstance(state.rows, int) else None


class States:
    """The documents of one raw bucket."""

    def __init__(self, store: RawStore) -> None:
        self._store = store

    def playlist(self, playlist_id: str) -> PlaylistState | None:
        """Return what is remembered of a playlist; None if it was never read."""
        return PlaylistState.of(read_document(self._store, f"{PLAYLISTS}{playlist_id}.json"))

    def keep_playlist(self, state: PlaylistState) -> None:
        """Remember a playlist's last complete extract."""
        document = {"schema_version": SCHEMA_VERSION, **asdict(state)}
        self._store.put(f"{PLAYLISTS}{state.playlist_id}.json", json_line(document))

    def last_wanted(self) -> tuple[str, ...]:
        """Return the playlists of the run before, without those that were gone by then."""
        document = read_document(self._store, LAST_RUN) or {}
        entries = document.get("playlists", [])
        return tuple(entry["playlist_id"] for entry in entries if entry.get("outcome") != ABSENT)

    def keep_run(self, marker: dict[str, Any]) -> None:
        """Remember a run by its marker."""
        self._store.put(LAST_RUN, json_line(marker))


def read_document(store: RawStore, key: str) -> dict[str, Any] | None:
    """Return a JSON object of the store; None where there is none or it is damaged."""
    content = store.read(key)
    if content is None:
        return None
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        logger.warning("%s is damaged and is written anew", key)
        return None
    return document
