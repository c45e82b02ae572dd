"""One run: every wanted playlist read to its end and landed whole, then the run's marker."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lambda_extract import raw_zone
from lambda_extract.errors import ExtractError, NothingLandedError, StorageError
from lambda_extract.raw_zone import FETCHED, MISSING, PROCESSED, TO_BE_PROCESSED, Outcome
from lambda_extract.runs import Run, utc_text
from lambda_extract.settings import ExtractConfig
from lambda_extract.spotify import PlaylistSource, read_pages
from lambda_extract.storage import RawStore

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Progress:
    """Where a run is: playlist `number` of `count`, `rows` of its `total` read.

    `name` and `total` are None until Spotify told them, which it is not asked about what landed before; `outcome` is
    None while the playlist is being read.
    """

    playlist_id: str
    number: int
    count: int
    name: str | None = None
    rows: int = 0
    total: int | None = None
    outcome: Outcome | None = None


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Report:
    """What a run did: its marker, and how many objects were put by this call."""

    run: Run
    marker: Mapping[str, Any]
    landed: int


class Extract:
    """One run over one store. Another one of the same run, later, adds what is missing and nothing else.

    Parameters
    ----------
    clock
        Returns the present moment with its zone; the run's `extracted_at` is what it says first.
    """

    def __init__(
        self, run: Run, *, store: RawStore, spotify: PlaylistSource, clock: Clock, on_progress: OnProgress
    ) -> None:
        self._run = run
        self._store = store
        self._spotify = spotify
        self._clock = clock
        self._on_progress = on_progress
        self._extracted_at = utc_text(clock())
        self._requests_before = spotify.requests

    def run_playlists(self, config: ExtractConfig) -> Report:
        """Land each playlist that has not landed under this run, then the marker, and report every outcome.

        Raises
        ------
        NothingLandedError
            If no playlist has landed under this run, now or before; then there is no marker either.
        ExtractError
            A fault that is fatal for all. What had landed by then stays, and the run can be repeated.
        """
        there = self._landed_before()
        before = self._marker(there)
        told = _landed_in(before)
        count = len(config.playlists)
        outcomes: list[Outcome] = []
        landed = 0
        for number, playlist_id in enumerate(config.playlists, start=1):
            self._progress = Progress(playlist_id, number, count)
            if raw_zone.object_name(self._run, playlist_id) in there:
                outcome = told.get(playlist_id) or self._remember(there, playlist_id)
            else:
                outcome = self._land(playlist_id)
                landed += outcome.outcome == FETCHED
            outcomes.append(outcome)
            self._tell(outcome=outcome, rows=outcome.rows or 0)
        if all(outcome.outcome == MISSING for outcome in outcomes):
            raise NothingLandedError(f"None of {count} playlists could be landed. The first: {outcomes[0].reason}")
        marker = raw_zone.marker(
            self._run,
            extracted_at=self._extracted_at,
            requests=self._spotify.requests - self._requests_before + (before["requests"] if before else 0),
            playlists=outcomes,
        )
        if before is None or any(outcome.object and outcome.playlist_id not in told for outcome in outcomes):
            self._store.put(TO_BE_PROCESSED + raw_zone.marker_name(self._run), raw_zone.json_line(marker))
        return Report(self._run, marker, landed)

    def _landed_before(self) -> dict[str, str]:
        """Return the names of what this run's date holds, each with its key; the job may have moved some already."""
        return {
            key.removeprefix(zone): key
            for zone in (PROCESSED, TO_BE_PROCESSED)
            for key in self._store.keys(zone + raw_zone.folder(self._run))
        }

    def _marker(self, there: Mapping[str, str]) -> dict[str, Any] | None:
        name = raw_zone.marker_name(self._run)
        return json.loads(self._read(there[name], name)) if name in there else None

    def _land(self, playlist_id: str) -> Outcome:
        try:
            return self._fetch(playlist_id)
        except ExtractError as error:
            if error.fatal:
                raise
            return Outcome(playlist_id, MISSING, reason=f"{error.code}: {error}")

    def _fetch(self, playlist_id: str) -> Outcome:
        """Read a playlist into a temporary file, a page in memory at a time; put it when it is complete."""
        playlist = self._spotify.metadata(playlist_id)
        self._tell(name=playlist.get("name"))
        key = TO_BE_PROCESSED + raw_zone.object_name(self._run, playlist_id)
        rows = 0
        with tempfile.TemporaryFile() as file:
            for page in read_pages(self._spotify, playlist):
                file.write(self._line(playlist, page))
                rows += len(page["items"])
                self._tell(rows=rows, total=page["total"])
            file.seek(0)
            self._store.put(key, file)
        self._put_state(playlist, rows, self._extracted_at)
        return Outcome(playlist_id, FETCHED, object=key, rows=rows)

    def _line(self, playlist: dict[str, Any], page: dict[str, Any]) -> bytes:
        return raw_zone.page_line(
            self._run,
            extracted_at=self._extracted_at,
            fetched_at=utc_text(self._clock()),
            playlist=playlist,
            page=page,
        )

    def _remember(self, there: Mapping[str, str], playlist_id: str) -> Outcome:
        """Tell the outcome of an object whose run stopped before its marker, perhaps before its state too."""
        name = raw_zone.object_name(self._run, playlist_id)
        lines = [json.loads(line) for line in self._read(there[name], name).splitlines()]
        rows = sum(len(line["page"]["items"]) for line in lines)
        self._put_state(lines[0]["playlist"], rows, lines[0]["extracted_at"])
        return Outcome(playlist_id, FETCHED, object=TO_BE_PROCESSED + name, rows=rows)

    def _read(self, key: str, name: str) -> bytes:
        """Read what was listed a moment ago; the job may have moved it since."""
        content = self._store.read(key) or self._store.read(PROCESSED + name)
        if content is None:
            raise StorageError(f"{key} vanished while the run was looking at it. Run it again.")
        return content

    def _put_state(self, playlist: dict[str, Any], rows: int, extracted_at: str) -> None:
        state = raw_zone.state(self._run, extracted_at=extracted_at, playlist=playlist, rows=rows)
        self._store.put(raw_zone.state_key(playlist["id"]), raw_zone.json_line(state))

    def _tell(self, **news: Any) -> None:
        self._progress = replace(self._progress, **news)
        self._on_progress(self._progress)


def _landed_in(marker: Mapping[str, Any] | None) -> dict[str, Outcome]:
    """Return what a marker says of the playlists that landed, by id."""
    entries = marker["playlists"] if marker else []
    return {entry["playlist_id"]: Outcome(**entry) for entry in entries if entry["object"]}
