"""Objects into the raw zone and out of it again: a playlist lands whole or not at all, page by page through a file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lambda_extract import raw_zone
from lambda_extract.errors import LastExtractGoneError, StorageError
from lambda_extract.raw_zone import PROCESSED, TO_BE_PROCESSED, Outcome, Stamp
from lambda_extract.runs import Run
from lambda_extract.state import PlaylistState
from lambda_extract.storage import RawStore


class Landing:
    """The raw zone as one run sees it. The job may move what it lists at any moment, from pending to processed."""

    def __init__(self, store: RawStore, run: Run) -> None:
        self._store = store
        self._run = run

    def landed(self) -> dict[str, str]:
        """Return the names of what the run's date holds, each with its key."""
        folder = raw_zone.folder(self._run)
        # In this order, so that what is moved meanwhile is seen twice and not never.
        zones = {zone: self._store.keys(zone + folder) for zone in (TO_BE_PROCESSED, PROCESSED)}
        return {key.removeprefix(zone): key for zone in (PROCESSED, TO_BE_PROCESSED) for key in zones[zone]}

    def marker(self, there: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the run's marker, if it has one."""
        name = raw_zone.marker_name(self._run)
        if name not in there:
            return None
        document: dict[str, Any] = json.loads(b"".join(self._lines(name, there[name])))
        return document

    def put_marker(self, marker: Mapping[str, Any]) -> None:
        """Put the run's marker, after everything else."""
        self._store.put(TO_BE_PROCESSED + raw_zone.marker_name(self._run), raw_zone.json_line(marker))

    def put(self, playlist_id: str, lines: Iterable[bytes]) -> str:
        """Put a playlist's object when its last line is there, and return its key."""
        key = TO_BE_PROCESSED + raw_zone.object_name(self._run, playlist_id)
        with tempfile.TemporaryFile() as file:
            for line in lines:
                file.write(line)
            file.seek(0)
            self._store.put(key, file)
        return key

    def put_again(self, state: PlaylistState, stamp: Stamp) -> str:
        """Put the pages of a playlist's last complete extract again, with their own `fetched_at`.

        Raises
        ------
        LastExtractGoneError
            If it lies nowhere any more, or is not what was written.
        """
        return self.put(state.playlist_id, self._again(state, stamp))

    def last_there(self, state: PlaylistState | None) -> PlaylistState | None:
        """Return the newest of a playlist's extracts that lies in a zone: a killed run may never have put its own."""
        zones = (TO_BE_PROCESSED, PROCESSED)
        while state and not any(self._store.keys(zone + state.object) for zone in zones):
            state = state.before
        return state

    def remember(self, there: Mapping[str, str], playlist_id: str) -> Outcome:
        """Tell the outcome of an object whose run stopped before its marker."""
        name = raw_zone.object_name(self._run, playlist_id)
        rows, first = 0, None
        for line in map(json.loads, self._lines(name, there[name])):
            first = first or line
            rows += len(line["page"]["items"])
        if first is None:
            raise StorageError(f"{there[name]} is empty, which the extract never writes. Remove it and run again.")
        return Outcome(
            playlist_id,
            first["fetch_status"],
            first["fetch_reason"],
            TO_BE_PROCESSED + name,
            rows,
            first["carried_from"],
        )

    def _again(self, state: PlaylistState, stamp: Stamp) -> Iterator[bytes]:
        rows = 0
        try:
            for line in map(json.loads, self._open(state)):
                rows += len(line["page"]["items"])
                yield raw_zone.page_line(
                    stamp, fetched_at=line["fetched_at"], playlist=line["playlist"], page=line["page"]
                )
        except (ValueError, KeyError, TypeError):
            raise LastExtractGoneError(f"Its last extract, {state.object}, is damaged.") from None
        if rows != state.rows:
            raise LastExtractGoneError(f"Its last extract, {state.object}, holds {rows} of its {state.rows} rows.")

    def _open(self, state: PlaylistState) -> Iterator[bytes]:
        for zone in (TO_BE_PROCESSED, PROCESSED):
            lines = self._store.lines(zone + state.object)
            if lines is not None:
                return lines
        raise LastExtractGoneError(f"Its last extract, {state.object}, is in no zone any more.")

    def _lines(self, name: str, key: str) -> Iterator[bytes]:
        """Read what was listed a moment ago; the job may have moved it since."""
        lines = self._store.lines(key)
        if lines is None:
            lines = self._store.lines(PROCESSED + name)
        if lines is None:
            raise StorageError(f"{key} vanished while the run was looking at it. Run it again.")
        return lines
