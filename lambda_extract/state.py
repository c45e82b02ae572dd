"""What the extract remembers between runs: each playlist's last extract, the account's list, the last run.

Documents under `state/` in the raw bucket. One that is damaged is as none: what it told of is read again.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Self

from lambda_extract.playlist_ids import is_playlist_id
from lambda_extract.raw_zone import SCHEMA_VERSION, json_line, object_name
from lambda_extract.runs import Run
from lambda_extract.storage import RawStore

PLAYLISTS = "state/playlists/"
LIBRARY = "state/library.json"
LAST_RUN = "state/last_run.json"

_OBJECT = re.compile(r"extract_date=\d{4}-\d\d-\d\d/([0-9A-Za-z]{22})-\d{8}T\d{6}Z\.jsonl")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlaylistState:
    """The last complete extract of a playlist.

    `object` is its name relative to a zone, since the job moves it; `extracted_at` when it was read and `seen_at` when
    it was last found to be up to date. `not_found_run` is the run that got a 404 last, `is_absent` that two in a row
    did. `before` is the extract before, for when the process was killed before it put `object`.
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
    is_absent: bool = False
    before: PlaylistState | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any] | None, playlist_id: str) -> Self | None:
        """Return what a document says of a playlist, or None where it is no such document."""
        if not isinstance(document, Mapping) or document.get("playlist_id") != playlist_id:
            return None
        values: dict[str, Any] = {field.name: document.get(field.name) for field in fields(cls)}
        values |= {"before": cls.of(values["before"], playlist_id), "is_absent": values["is_absent"] is True}
        match = _OBJECT.fullmatch(str(values["object"]))
        is_sound = (
            match is not None
            and match[1] == playlist_id
            and type(values["rows"]) is int
            and all(isinstance(values[name], str) for name in ("object", "run_id", "extract_date"))
            and all(_is_moment(values[name]) for name in ("extracted_at", "seen_at"))
        )
        return cls(**values) if is_sound else None

    @staticmethod
    def after_reading(
        run: Run, playlist: Mapping[str, Any], rows: int, extracted_at: str, *, before: PlaylistState | None
    ) -> PlaylistState:
        """Return the state of a playlist that was just read."""
        return PlaylistState(
            playlist_id=playlist["id"],
            snapshot_id=playlist.get("snapshot_id"),
            name=playlist.get("name"),
            object=object_name(run, playlist["id"]),
            run_id=run.run_id,
            extract_date=run.extract_date,
            extracted_at=extracted_at,
            seen_at=extracted_at,
            rows=rows,
            before=replace(before, before=None) if before else None,
        )

    def is_of(self, playlist: Mapping[str, Any]) -> bool:
        """Tell whether a playlist is as it was when it was read."""
        snapshot_id = playlist.get("snapshot_id")
        return snapshot_id is not None and snapshot_id == self.snapshot_id and playlist.get("name") == self.name


@dataclass(frozen=True)
class Library:
    """The account's playlists as run `run_id` found them; `doubted_run` has found none of them."""

    run_id: str = ""
    playlists: tuple[str, ...] = ()
    doubted_run: str = ""


class States:
    """The documents of one raw bucket."""

    def __init__(self, store: RawStore) -> None:
        self._store = store

    def playlist(self, playlist_id: str) -> PlaylistState | None:
        """Return what is remembered of a playlist; None if it was never read."""
        return PlaylistState.of(read_document(self._store, f"{PLAYLISTS}{playlist_id}.json"), playlist_id)

    def keep_playlist(self, state: PlaylistState) -> None:
        """Remember a playlist's last complete extract."""
        document = {"schema_version": SCHEMA_VERSION, **asdict(state)}
        self._store.put(f"{PLAYLISTS}{state.playlist_id}.json", json_line(document))

    def library(self) -> Library:
        """Return the account's playlists as they were last found."""
        document = read_document(self._store, LIBRARY) or {}
        playlists, run_id, doubted = (document.get(name) for name in ("playlists", "run_id", "doubted_run"))
        if not isinstance(playlists, list) or not isinstance(run_id, str):
            return Library()
        return Library(run_id, tuple(filter(is_playlist_id, playlists)), doubted if isinstance(doubted, str) else "")

    def keep_library(self, library: Library) -> None:
        """Remember the account's playlists."""
        self._store.put(LIBRARY, json_line({"schema_version": SCHEMA_VERSION, **asdict(library)}))

    def last_failed(self) -> frozenset[str]:
        """Return the playlists on which a run has failed and that were not read since."""
        failed = (read_document(self._store, LAST_RUN) or {}).get("failed")
        return frozenset(filter(is_playlist_id, failed if isinstance(failed, list) else []))

    def keep_run(self, marker: dict[str, Any], failed: Iterable[str]) -> None:
        """Remember a run by its marker, and on which playlists it failed; a newer run stays."""
        known = str((read_document(self._store, LAST_RUN) or {}).get("run_id", ""))
        if known <= marker["run_id"]:
            self._store.put(LAST_RUN, json_line({**marker, "failed": sorted(failed)}))


def read_document(store: RawStore, key: str) -> dict[str, Any] | None:
    """Return a JSON object of the store; None where there is none or it is damaged."""
    content = store.read(key)
    if content is None:
        return None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        logger.warning("%s is damaged and is written anew", key)
        return None
    return document


def _is_moment(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
