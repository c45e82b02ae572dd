"""One run: every wanted playlist landed whole, read anew or as it was last read; then the run's marker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lambda_extract import raw_zone
from lambda_extract.budget import RequestBudget
from lambda_extract.deadline import Deadline
from lambda_extract.errors import (
    ExtractError,
    LastExtractGoneError,
    LibraryChangedError,
    NothingLandedError,
    PlaylistChangedError,
    PlaylistNotFoundError,
    PlaylistShortError,
    RateLimitedError,
    RequestBudgetError,
    SpotifyUnavailableError,
)
from lambda_extract.landing import Landing
from lambda_extract.library import Wanted, find_mine
from lambda_extract.plan import Reading, plan, requests_after, requests_for, urgency
from lambda_extract.raw_zone import ABSENT, FETCHED, MISSING, STALE, UNCHANGED, Outcome, Stamp
from lambda_extract.retries import PatientSource
from lambda_extract.runs import Run, utc_text
from lambda_extract.settings import MINE, ExtractConfig
from lambda_extract.spotify import read_pages
from lambda_extract.state import Library, PlaylistState, States
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
    """What a run did: its marker, and the objects by outcome and the rows that were put by this call."""

    run: Run
    marker: Mapping[str, Any]
    landed: Mapping[str, int]
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
        self._landing = Landing(store, run)
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
        self._failed = set(self._states.last_failed())
        self._halted: ExtractError | None = None
        self._library_fault: ExtractError | None = None
        self._failures_in_a_row = 0
        self._landed: Counter[str] = Counter()
        self._landed_rows = 0
        self._knew_any = False
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
        there = self._landing.landed()
        before = self._landing.marker(there)
        told = {entry["playlist_id"]: Outcome(**entry) for entry in before["playlists"]} if before else {}
        try:
            self._check_block()
            wanted = self._wanted() if before is None else tuple(map(Wanted, told))
            self._budget.note_overhead()
            outcomes = self._outcomes(wanted, there, told)
        finally:
            self._budget.settle()
        marker = self._marker(outcomes, before)
        if before is None and not any(outcome.object for outcome in outcomes):
            self._check_nothing_landed(outcomes, marker)
        if before is None or _results(outcomes) != _results(told.values()):
            self._states.keep_run(marker, self._failed)
            self._landing.put_marker(marker)
        else:
            marker = before
        return Report(self._run, marker, dict(self._landed), self._landed_rows)

    def _marker(self, outcomes: list[Outcome], before: Mapping[str, Any] | None) -> dict[str, Any]:
        waiting = [outcome.waiting for outcome in outcomes if outcome.waiting]
        halted = _fault_document(self._halted)
        return raw_zone.marker(
            self._run,
            extracted_at=self._extracted_at,
            requests=self._budget.made + (before["requests"] if before else 0),
            playlists=outcomes,
            selection=MINE if self._config.playlists == MINE else "list",
            budget={"limit": self._budget.limit, "used": self._budget.used},
            halted=before["halted"] if before and waiting and not halted else halted,
            library_fault=before["library_fault"] if before else _fault_document(self._library_fault),
            backlog={"playlists": len(waiting), "requests": sum(waiting)},
        )

    def _check_block(self) -> None:
        try:
            self._budget.check_block()
        except RateLimitedError as fault:
            self._halted = fault

    def _wanted(self) -> tuple[Wanted, ...]:
        """Return what is to land; where the account's list cannot be read, what it was the last time."""
        if self._config.playlists != MINE:
            return tuple(map(Wanted, self._config.playlists))
        last = self._states.library()
        self._knew_any = bool(last.playlists)
        try:
            if self._halted:
                raise self._halted
            found = find_mine(self._spotify, self._user_id)
            self._believe(found, last)
        except ExtractError as fault:
            if fault.fatal or not last.playlists:
                raise
            if fault.halts:
                self._halted = fault
            self._library_fault = fault
            return tuple(map(Wanted, last.playlists))
        if last.run_id <= self._run.run_id:
            self._states.keep_library(Library(self._run.run_id, tuple(one.playlist_id for one in found)))
        return found

    def _believe(self, found: tuple[Wanted, ...], last: Library) -> None:
        """Doubt a list with none of the last one's playlists, once: believed, it would delete the whole library."""
        if not last.playlists or {one.playlist_id for one in found} & set(last.playlists):
            return
        if last.doubted_run in {"", self._run.run_id}:
            self._states.keep_library(replace(last, doubted_run=self._run.run_id))
            raise LibraryChangedError(
                f"None of your {len(last.playlists)} playlists is in your list any more. If the next run finds the "
                "same, they are taken for deleted."
            )

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
                self._done(outcomes, one, self._landing.remember(there, one.playlist_id))
        left = [one for one in wanted if one.playlist_id not in outcomes]
        states = {one.playlist_id: self._states.playlist(one.playlist_id) for one in left}
        to_read, unchanged = plan(left, states, now=self._now, full=self._config.full, failed=self._failed)
        for reading in unchanged:
            self._begin(outcomes, reading.wanted)
            try:
                outcome = self._carry(reading, UNCHANGED, None)
            except LastExtractGoneError:
                # What there is to fall back to, if anything, tells how urgent it is.
                before = reading.state and self._landing.last_there(reading.state.before)
                to_read.append(replace(reading, state=before, anew=True))
                continue
            if reading.state and (reading.state.not_found_run or reading.state.is_absent):
                self._states.keep_playlist(replace(reading.state, not_found_run=None, is_absent=False))
            self._done(outcomes, reading.wanted, outcome)
        to_read.sort(key=urgency)
        for number, reading in enumerate(to_read):
            self._deadline.keep_back(len(to_read) - number)
            self._begin(outcomes, reading.wanted)
            self._done(outcomes, reading.wanted, self._land(reading))
        return [outcomes[one.playlist_id] for one in wanted]

    def _check_nothing_landed(self, outcomes: list[Outcome], marker: dict[str, Any]) -> None:
        """Raise why nothing landed, unless there is nothing left to land: every playlist is gone."""
        if not outcomes and not self._knew_any:
            raise NothingLandedError(
                "The account owns no playlist and collaborates on none, and others cannot be read. Make one in Spotify."
            )
        # The marker does not land, but the next run has to know which playlists failed.
        self._states.keep_run(marker, self._failed)
        if self._halted:
            raise self._halted
        missing = [outcome for outcome in outcomes if outcome.outcome == MISSING]
        if missing:
            raise NothingLandedError(
                f"None of {len(outcomes)} playlists could be landed. The first: {missing[0].reason}"
            )

    def _land(self, reading: Reading) -> Outcome:
        """Read a playlist; where that fails, land it as it was last read."""
        fault = self._halted
        repeats = self._spotify.repeats
        if fault is None:
            try:
                outcome = self._fetch(reading)
            except ExtractError as error:
                if error.fatal:
                    raise
                fault = error
                # Also one whose repeats have used up the budget: first again tomorrow, it would take it for ever.
                is_budget = isinstance(fault, RequestBudgetError)
                if self._spotify.repeats > repeats if is_budget else not fault.halts:
                    self._failed.add(reading.wanted.playlist_id)
                self._take_note(fault)
            else:
                self._failures_in_a_row = 0
                self._failed.discard(reading.wanted.playlist_id)
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
        playlist_id, reason = reading.wanted.playlist_id, f"{fault.code}: {fault}"
        not_reached = fault is self._halted or isinstance(fault, RequestBudgetError)
        state = reading.state
        if state and not not_reached:
            state = self._note_not_found(state, fault)
        if state and state.is_absent:
            return Outcome(playlist_id, ABSENT, reason)
        status: str = STALE
        reason_told: str | None = reason
        waiting: int | None = None
        if not_reached and reading.is_known_unchanged:
            status, reason_told = UNCHANGED, None
        elif not_reached:
            waiting = requests_for(reading.wanted.total or (state.rows if state else 0))
        gone = ""
        while state:
            try:
                return replace(self._carry(replace(reading, state=state), status, reason_told), waiting=waiting)
            except LastExtractGoneError as error:
                gone, state = f" {error}", state.before
                if status == UNCHANGED:
                    # What is known to be up to date is what is gone; the one before it is not.
                    status, reason_told, waiting = STALE, reason, requests_for(reading.wanted.total or 0)
        return Outcome(playlist_id, MISSING, f"{reason}{gone}", waiting=waiting)

    def _note_not_found(self, state: PlaylistState, fault: ExtractError) -> PlaylistState:
        """Remember a 404; the second run in a row that gets one takes the playlist for gone, until it can be read."""
        if state.is_absent:
            return state
        if not isinstance(fault, PlaylistNotFoundError):
            noted = replace(state, not_found_run=None)
        elif state.not_found_run in {None, self._run.run_id}:
            noted = replace(state, not_found_run=self._run.run_id)
        else:
            noted = replace(state, is_absent=True)
        if noted != state:
            self._states.keep_playlist(noted)
        return noted

    def _fetch(self, reading: Reading) -> Outcome:
        self._budget.need(reading.requests, f"Playlist {reading.wanted.playlist_id}")
        said: list[str] = []
        while True:
            try:
                return self._fetch_once(reading, embedded=not said)
            except PlaylistChangedError as fault:
                # The same shortage twice is no edit: then it is how Spotify shows the playlist.
                is_no_edit = isinstance(fault, PlaylistShortError) and str(fault) in said
                if len(said) == READS - 1 or is_no_edit:
                    raise
                said.append(str(fault))

    def _fetch_once(self, reading: Reading, *, embedded: bool) -> Outcome:
        """Read a playlist, a page in memory at a time; put it when it is complete.

        The first page comes with the playlist itself, which saves a request or two. Should that one not fit to the
        others, every other attempt pages from the beginning.
        """
        playlist_id, state, first = reading.wanted.playlist_id, reading.state, None
        if embedded:
            playlist, first = self._spotify.playlist(playlist_id)
        else:
            playlist = self._spotify.metadata(playlist_id)
        self._tell(name=playlist.get("name"))
        if state and not reading.anew and state.is_of(playlist):
            try:
                outcome = self._carry(reading, UNCHANGED, None)
            except LastExtractGoneError:
                state = state.before  # then it is read after all
            else:
                seen = replace(state, seen_at=self._extracted_at, not_found_run=None, is_absent=False)
                self._states.keep_playlist(seen)
                return outcome
        rows = 0

        def lines() -> Iterator[bytes]:
            nonlocal rows
            stamp = Stamp(self._run, self._extracted_at, keep_added_by=self._config.keep_added_by)
            for page in read_pages(self._spotify, playlist, first):
                if not rows:
                    self._budget.need(requests_after(page), f"Playlist {playlist_id}")
                rows += len(page["items"])
                self._tell(rows=rows, total=page["total"])
                yield raw_zone.page_line(stamp, fetched_at=utc_text(self._clock()), playlist=playlist, page=page)
            # Before the object: of a run that is killed in between, the state names an object that is not there, and
            # the one before it still counts. The other way round an older extract would follow a newer one.
            before = self._landing.last_there(state)
            self._states.keep_playlist(
                PlaylistState.after_reading(self._run, playlist, rows, self._extracted_at, before=before)
            )

        key = self._landing.put(playlist_id, lines())
        return self._count_in(Outcome(playlist_id, FETCHED, object=key, rows=rows))

    def _carry(self, reading: Reading, status: str, reason: str | None) -> Outcome:
        """Land a playlist as it was last read."""
        state = reading.state
        if state is None:
            raise LastExtractGoneError(f"Playlist {reading.wanted.playlist_id} was never read.")
        self._deadline.check_landing()
        stamp = Stamp(
            self._run, self._extracted_at, status, reason, state.extract_date, keep_added_by=self._config.keep_added_by
        )
        key = self._landing.put_again(state, stamp)
        self._tell(name=state.name, rows=state.rows, total=state.rows)
        return self._count_in(Outcome(state.playlist_id, status, reason, key, state.rows, state.extract_date))

    def _count_in(self, outcome: Outcome) -> Outcome:
        self._landed[outcome.outcome] += 1
        self._landed_rows += outcome.rows or 0
        return outcome

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


def _results(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return what became of each playlist, without the wording of why."""
    return [replace(outcome, reason=(outcome.reason or "").partition(":")[0]) for outcome in outcomes]


def _fault_document(fault: ExtractError | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    at = fault.retry_at if isinstance(fault, RateLimitedError) else None
    return {"code": fault.code, "message": str(fault), "retry_at": utc_text(at) if at else None}
