"""One run: every wanted playlist landed whole, read anew or as it was last read; then the run's marker."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any

from lambda_extract import raw_zone
from lambda_extract.budget import RequestBudget
from lambda_extract.deadline import Deadline
from lambda_extract.errors import (
    ExtractError,
    LastExtractGoneError,
    NothingLandedError,
    PlaylistChangedError,
    PlaylistNotFoundError,
    RateLimitedError,
    RequestBudgetError,
    SpotifyUnavailableError,
    StorageError,
)
from lambda_extract.library import Wanted, find_mine
from lambda_extract.plan import Reading, plan, requests_for
from lambda_extract.raw_zone import (
    ABSENT,
    FETCHED,
    MISSING,
    PROCESSED,
    STALE,
    TO_BE_PROCESSED,
    UNCHANGED,
    Outcome,
    Stamp,
)
from lambda_extract.retries import PatientSource
from lambda_extract.runs import Run, utc_text
from lambda_extract.settings import MINE, ExtractConfig
from lambda_extract.spotify import PAGE_SIZE, read_pages
from lambda_extract.state import PlaylistState, States
from lambda_extract.storage import RawStore

Clock = Callable[[], datetime]

READS = 3
"""How often a playlist is read that changes while it is read."""

# So many playlists in a row that Spotify fails on may be these playlists' fault: then it is asked for the account.
_DOUBTFUL = 5


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
    """What a run did: its marker, and how many objects and rows were put by this call."""

    run: Run
    marker: Mapping[str, Any]
    landed: int
    landed_rows: int


class Extract:
    """One run over one store. Another one of the same run, later, adds what is missing and nothing else.

    Parameters
    ----------
    user_id
        The account's, where it is known; asked for where `mine` needs it.
    has_user
        Whether it is asked in the name of a user at all.
    clock
        Returns the present moment with its zone; the run's `extracted_at` is what it says first.
    """

    def __init__(  # noqa: PLR0913  what a run works on
        self,
        run: Run,
        *,
        config: ExtractConfig,
        store: RawStore,
        spotify: PatientSource,
        budget: RequestBudget,
        deadline: Deadline,
        clock: Clock,
        on_progress: OnProgress,
        user_id: str | None,
        has_user: bool,
    ) -> None:
        self._run = run
        self._config = config
        self._store = store
        self._states = States(store)
        self._spotify = spotify
        self._budget = budget
        self._deadline = deadline
        self._clock = clock
        self._on_progress = on_progress
        self._user_id = user_id
        self._has_user = has_user
        self._now = clock()
        self._extracted_at = utc_text(self._now)
        self._halted: ExtractError | None = None
        self._failures_in_a_row = 0
        self._backlog: list[int] = []
        self._landed_rows: list[int] = []
        self._count = 0
        self._progress = Progress("", 0, 0)

    def run_playlists(self) -> Report:
        """Land each wanted playlist that has not landed under this run, then the marker, and report every outcome.

        Raises
        ------
        ExtractError
            A fault that is fatal for all, or the fault because of which no playlist could land at all, now or before.
            What had landed by then stays, there is no marker, and the run can be repeated.
        """
        there = self._landed_before()
        before = self._marker(there)
        told = {entry["playlist_id"]: _outcome(entry) for entry in before["playlists"]} if before else {}
        try:
            wanted = tuple(map(Wanted, told)) if told else self._wanted()
            outcomes = self._outcomes(wanted, there, told)
        finally:
            self._budget.settle()
        if not any(outcome.object for outcome in outcomes):
            self._check_nothing_landed(outcomes)
        marker = raw_zone.marker(
            self._run,
            extracted_at=self._extracted_at,
            requests=self._budget.made + (before["requests"] if before else 0),
            playlists=outcomes,
            selection=MINE if self._config.playlists == MINE else "list",
            budget={"limit": self._budget.limit, "used": self._budget.used},
            halted=_fault_document(self._halted),
            backlog={"playlists": len(self._backlog), "requests": sum(self._backlog)},
        )
        if before is None or any(outcome != told.get(outcome.playlist_id) for outcome in outcomes):
            self._states.keep_run(marker)
            self._store.put(TO_BE_PROCESSED + raw_zone.marker_name(self._run), raw_zone.json_line(marker))
        return Report(self._run, marker, len(self._landed_rows), sum(self._landed_rows))

    def _landed_before(self) -> dict[str, str]:
        """Return the names of what this run's date holds, each with its key; the job may have moved some already."""
        return {
            key.removeprefix(zone): key
            for zone in (PROCESSED, TO_BE_PROCESSED)
            for key in self._store.keys(zone + raw_zone.folder(self._run))
        }

    def _marker(self, there: Mapping[str, str]) -> dict[str, Any] | None:
        name = raw_zone.marker_name(self._run)
        if name not in there:
            return None
        document: dict[str, Any] = json.loads(b"".join(self._lines(name, there[name])))
        return document

    def _wanted(self) -> tuple[Wanted, ...]:
        """Return what is to land; where the account's list cannot be read, what was wanted the last time."""
        try:
            self._budget.check_block()
        except RateLimitedError as fault:
            self._halted = fault
        if self._config.playlists != MINE:
            return tuple(map(Wanted, self._config.playlists))
        try:
            if self._halted:
                raise self._halted
            return find_mine(self._spotify, self._user_id)
        except ExtractError as fault:
            known = self._states.last_wanted()
            if fault.fatal or not known:
                raise
            if fault.halts:
                self._halted = fault
            return tuple(map(Wanted, known))

    def _outcomes(
        self, wanted: tuple[Wanted, ...], there: Mapping[str, str], told: Mapping[str, Outcome]
    ) -> list[Outcome]:
        self._count = len(wanted)
        outcomes: dict[str, Outcome] = {}
        for one in wanted:
            name, known = raw_zone.object_name(self._run, one.playlist_id), told.get(one.playlist_id)
            if known and known.outcome != MISSING:
                self._done(outcomes, one, known)
            elif name in there:
                self._done(outcomes, one, self._remember(there, one.playlist_id))
        left = [one for one in wanted if one.playlist_id not in outcomes]
        states = {one.playlist_id: self._states.playlist(one.playlist_id) for one in left}
        to_read, unchanged = plan(left, states, now=self._now, full=self._config.full)
        for reading in unchanged:
            self._begin(outcomes, reading.wanted)
            try:
                self._done(outcomes, reading.wanted, self._carry(reading, UNCHANGED, None))
            except LastExtractGoneError:
                to_read.append(replace(reading, anew=True))
        for number, reading in enumerate(to_read):
            self._deadline.keep_back(len(to_read) - number)
            self._begin(outcomes, reading.wanted)
            self._done(outcomes, reading.wanted, self._land(reading))
        return [outcomes[one.playlist_id] for one in wanted]

    def _check_nothing_landed(self, outcomes: list[Outcome]) -> None:
        """Raise why nothing landed, unless there is nothing left to land: every playlist is gone."""
        if self._halted:
            raise self._halted
        missing = [outcome for outcome in outcomes if outcome.outcome == MISSING]
        if missing:
            raise NothingLandedError(
                f"None of {len(outcomes)} playlists could be landed. The first: {missing[0].reason}"
            )
        if not outcomes and not self._states.last_wanted():
            raise NothingLandedError(
                "The account owns no playlist and collaborates on none, and others cannot be read. Make one in Spotify."
            )

    def _land(self, reading: Reading) -> Outcome:
        """Read a playlist; where that fails, land it as it was last read."""
        fault = self._halted
        if fault is None:
            try:
                outcome = self._fetch(reading)
            except ExtractError as error:
                if error.fatal:
                    raise
                fault = error
                self._take_note(fault)
            else:
                self._failures_in_a_row = 0
                return outcome
        return self._fall_back(reading, fault)

    def _take_note(self, fault: ExtractError) -> None:
        """Learn from a fault whether it is any use to go on."""
        if fault.halts:
            self._halted = fault
        if not isinstance(fault, SpotifyUnavailableError):
            return
        self._failures_in_a_row += 1
        if self._failures_in_a_row % _DOUBTFUL or not self._has_user:
            return
        try:
            self._spotify.me()
        except RequestBudgetError:
            pass  # then nothing is asked any more anyway
        except ExtractError as again:
            if again.fatal:
                raise
            self._halted = again

    def _fall_back(self, reading: Reading, fault: ExtractError) -> Outcome:
        state, playlist_id, reason = reading.state, reading.wanted.playlist_id, f"{fault.code}: {fault}"
        not_reached = fault.halts or isinstance(fault, RequestBudgetError)
        status = UNCHANGED if not_reached and reading.is_known_unchanged else STALE
        if not_reached and status == STALE:
            self._backlog.append(requests_for(reading.wanted.total or (state.rows if state else 0)))
        if state is None:
            return Outcome(playlist_id, MISSING, reason)
        if isinstance(fault, PlaylistNotFoundError):
            if state.not_found_run not in {None, self._run.run_id}:
                return Outcome(playlist_id, ABSENT, reason)
            state = replace(state, not_found_run=self._run.run_id)
            self._states.keep_playlist(state)
        try:
            return self._carry(replace(reading, state=state), status, reason if status == STALE else None)
        except LastExtractGoneError as gone:
            return Outcome(playlist_id, MISSING, f"{reason} {gone}")

    def _fetch(self, reading: Reading) -> Outcome:
        self._budget.need(reading.requests, f"Playlist {reading.wanted.playlist_id}")
        for attempt in range(READS):
            try:
                return self._fetch_once(reading, embedded=attempt == 0)
            except PlaylistChangedError:
                if attempt == READS - 1:
                    raise
        raise AssertionError("unreachable")  # pragma: no cover

    def _fetch_once(self, reading: Reading, *, embedded: bool) -> Outcome:
        """Read a playlist into a temporary file, a page in memory at a time; put it when it is complete.

        The first page comes with the playlist itself, which saves a request or two. Should that one not fit to the
        others, every other attempt pages from the beginning.
        """
        playlist_id, state = reading.wanted.playlist_id, reading.state
        first = None
        if embedded:
            playlist, first = self._spotify.playlist(playlist_id)
        else:
            playlist = self._spotify.metadata(playlist_id)
        self._tell(name=playlist.get("name"))
        if state and not reading.anew and _is_as_read(playlist, state):
            try:
                outcome = self._carry(reading, UNCHANGED, None)
            except LastExtractGoneError:
                pass  # then it is read after all
            else:
                self._states.keep_playlist(replace(state, seen_at=self._extracted_at, not_found_run=None))
                return outcome
        stamp = Stamp(self._run, self._extracted_at, keep_added_by=self._config.keep_added_by)
        rows = 0

        def lines() -> Iterator[bytes]:
            nonlocal rows
            for page in read_pages(self._spotify, playlist, first):
                if not rows:
                    self._budget.need(_requests_left(page), f"Playlist {playlist_id}")
                rows += len(page["items"])
                self._tell(rows=rows, total=page["total"])
                yield raw_zone.page_line(stamp, fetched_at=utc_text(self._clock()), playlist=playlist, page=page)

        key = self._put_lines(playlist_id, lines())
        self._states.keep_playlist(self._state(playlist, rows, self._extracted_at))
        self._landed_rows.append(rows)
        return Outcome(playlist_id, FETCHED, object=key, rows=rows)

    def _carry(self, reading: Reading, status: str, reason: str | None) -> Outcome:
        """Land the pages of a playlist's last complete extract again, with their own `fetched_at`."""
        state = reading.state
        if state is None:
            raise LastExtractGoneError(f"Playlist {reading.wanted.playlist_id} was never read.")
        source = self._open_last(state)
        stamp = Stamp(
            self._run, self._extracted_at, status, reason, state.extract_date, keep_added_by=self._config.keep_added_by
        )
        again = (
            raw_zone.page_line(stamp, fetched_at=line["fetched_at"], playlist=line["playlist"], page=line["page"])
            for line in map(json.loads, source)
        )
        key = self._put_lines(state.playlist_id, again)
        self._tell(name=state.name, rows=state.rows, total=state.rows)
        self._landed_rows.append(state.rows)
        return Outcome(state.playlist_id, status, reason, key, state.rows, state.extract_date)

    def _open_last(self, state: PlaylistState) -> Iterator[bytes]:
        for zone in (TO_BE_PROCESSED, PROCESSED):
            lines = self._store.lines(zone + state.object)
            if lines is not None:
                return lines
        raise LastExtractGoneError(f"Its last extract, {state.object}, is in no zone any more.")

    def _put_lines(self, playlist_id: str, lines: Iterable[bytes]) -> str:
        key = TO_BE_PROCESSED + raw_zone.object_name(self._run, playlist_id)
        file: IO[bytes]
        with tempfile.TemporaryFile() as file:
            file.writelines(lines)
            file.seek(0)
            self._store.put(key, file)
        return key

    def _remember(self, there: Mapping[str, str], playlist_id: str) -> Outcome:
        """Tell the outcome of an object whose run stopped before its marker, perhaps before its state too."""
        name = raw_zone.object_name(self._run, playlist_id)
        rows, first = 0, None
        for line in map(json.loads, self._lines(name, there[name])):
            first = first or line
            rows += len(line["page"]["items"])
        if first is None:
            raise StorageError(f"{there[name]} is empty, which the extract never writes. Remove it and run again.")
        status = first["fetch_status"]
        if status == FETCHED:
            self._states.keep_playlist(self._state(first["playlist"], rows, first["extracted_at"]))
        key = TO_BE_PROCESSED + name
        return Outcome(playlist_id, status, first["fetch_reason"], key, rows, first["carried_from"])

    def _lines(self, name: str, key: str) -> Iterator[bytes]:
        """Read what was listed a moment ago; the job may have moved it since."""
        lines = self._store.lines(key)
        if lines is None:
            lines = self._store.lines(PROCESSED + name)
        if lines is None:
            raise StorageError(f"{key} vanished while the run was looking at it. Run it again.")
        return lines

    def _state(self, playlist: Mapping[str, Any], rows: int, extracted_at: str) -> PlaylistState:
        return PlaylistState(
            playlist_id=playlist["id"],
            snapshot_id=playlist.get("snapshot_id"),
            name=playlist.get("name"),
            object=raw_zone.object_name(self._run, playlist["id"]),
            run_id=self._run.run_id,
            extract_date=self._run.extract_date,
            extracted_at=extracted_at,
            seen_at=extracted_at,
            rows=rows,
        )

    def _begin(self, outcomes: Mapping[str, Outcome], wanted: Wanted) -> None:
        self._progress = Progress(wanted.playlist_id, len(outcomes) + 1, self._count, name=wanted.name)

    def _done(self, outcomes: dict[str, Outcome], wanted: Wanted, outcome: Outcome) -> None:
        if wanted.playlist_id != self._progress.playlist_id:
            self._begin(outcomes, wanted)
        outcomes[wanted.playlist_id] = outcome
        self._tell(outcome=outcome, rows=outcome.rows or 0)

    def _tell(self, **news: Any) -> None:
        self._progress = replace(self._progress, **news)
        self._on_progress(self._progress)


def _outcome(entry: dict[str, Any]) -> Outcome:
    return Outcome(**entry)


def _is_as_read(playlist: Mapping[str, Any], state: PlaylistState) -> bool:
    snapshot_id = playlist.get("snapshot_id")
    return snapshot_id is not None and snapshot_id == state.snapshot_id and playlist.get("name") == state.name


def _requests_left(first: Mapping[str, Any]) -> int:
    """Return how many requests a playlist takes after its first page."""
    rest = first["total"] - len(first["items"])
    return 1 + -(-rest // PAGE_SIZE) if rest > 0 else 0


def _fault_document(fault: ExtractError | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    at = fault.retry_at if isinstance(fault, RateLimitedError) else None
    return {"code": fault.code, "message": str(fault), "retry_at": utc_text(at) if at else None}
