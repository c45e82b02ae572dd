"""The pipeline on this machine: extract → job → catalogue → summary. What the cloud does in turn, in one call."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import boto3
import duckdb

from lambda_extract.errors import ExtractError
from lambda_extract.extract import Clock, Progress
from lambda_extract.handler import handle, utc_now
from lambda_extract.playlist_ids import parse_playlist_file, resolve
from lambda_extract.raw_zone import MISSING, PROCESSED, STALE, TO_BE_PROCESSED
from lambda_extract.settings import (
    CONSENT_DAYS,
    DEFAULT_BUDGET,
    MINE,
    Credentials,
    ExtractConfig,
    addresses,
)
from lambda_extract.spotify import SpotifyClient
from lambda_extract.storage import read_list
from load_transform.contract import LOAD_INTENTS
from spotify_etl import catalog, credentials, sample, sql
from spotify_etl.authorise import WARN_DAYS, consent_line
from spotify_etl.dropping import drop, files_to_drop
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.lake import OWN, SAMPLE, Lake, existing, open_for_writing
from spotify_etl.local_job import run_job
from spotify_etl.questions import shipped
from spotify_etl.report import write
from spotify_etl.standin import StandIn

COUNTED = ("playlists", "playlist_items", "songs", "albums", "artists")
"""The views that a summary counts."""

QUESTION = "top_artists"

_NO_ARGUMENTS: Mapping[str, str] = {}


class Watcher(Protocol):
    """Who is told how a run goes on."""

    def step(self, text: str) -> None:
        """Take note that a step begins."""

    def detail(self, text: str) -> None:
        """Take note of how far the step is."""


@dataclass(frozen=True)
class Outcome:
    """What one run did: the extract's marker, the job's summary (None when nothing was pending), the lake's state."""

    lake: Path
    extract: Mapping[str, Any] | None
    load: Mapping[str, Any] | None
    as_of: tuple[str, ...]
    dates: int
    rows: Mapping[str, int]
    answer: sql.QueryResult
    notes: tuple[str, ...] = ()
    report: Path | None = None
    report_fault: str = ""

    @property
    def not_read(self) -> list[Mapping[str, Any]]:
        """What the extract says of playlists that it could not read: those that land as they were, and missing ones."""
        entries = self.extract["playlists"] if self.extract else []
        return [entry for entry in entries if entry["outcome"] in {STALE, MISSING}]

    @property
    def is_whole(self) -> bool:
        """Whether everything that was wanted was read, and nothing went to quarantine."""
        return not (self.quarantined or self.not_read or (self.extract or {}).get("library_fault"))

    @property
    def quarantined(self) -> list[Mapping[str, str]]:
        """What this run could not read: object, moved_to, reason, message."""
        return list(self.load["quarantined"]) if self.load else []

    @property
    def held(self) -> list[str]:
        """Sentences on the dates that are not published as their raw objects are: which, why, and what to do."""
        return list(self.load["messages"]) if self.load else []

    def as_json(self) -> dict[str, Any]:
        """Return the outcome for machines."""
        return {
            "lake": str(self.lake),
            "extract": self.extract,
            "load": self.load,
            "as_of": list(self.as_of),
            "dates": self.dates,
            "rows": dict(self.rows),
            "notes": list(self.notes),
            "report": str(self.report) if self.report else None,
            "report_fault": self.report_fault,
            "answer": {QUESTION: [dict(zip(self.answer.columns, row, strict=True)) for row in self.answer.rows]},
        }


def run_sample(root: Path, watcher: Watcher, arguments: Mapping[str, str] = _NO_ARGUMENTS) -> Outcome:
    """Run on the bundled sample: its earlier weeks as raw files, its present through HTTP from the stand-in."""
    with open_for_writing(root, SAMPLE) as (lake, lock):
        watcher.step("extract the bundled sample")
        there = lake.raw.keys("raw_data/")
        for key, content in sample.snapshots():
            if not _landed(key, there):
                lake.raw.put(key, content)
        with (
            StandIn(sample.world()) as standin,
            SpotifyClient(standin.credentials, api_url=standin.api_url, token_url=standin.token_url) as spotify,
        ):
            marker = extract(lake, spotify, sample.config(), sample.EVENT, sample.now, watcher)
        return _load(lake, lock, marker, watcher, arguments=arguments)


@dataclass(frozen=True)
class Wish:
    """What the user's own extract is to read, as it was given: see `ExtractConfig`."""

    playlists: str = MINE
    full: bool = False
    budget: int = DEFAULT_BUDGET
    keep_added_by: bool = True

    def config(self) -> ExtractConfig:
        """Return what the extract takes.

        Raises
        ------
        RefusedError
            If something in it names no playlist, or no number of requests.
        """
        try:
            return ExtractConfig(
                playlists=_named(self.playlists.strip() or MINE),
                full=self.full,
                budget=self.budget,
                keep_added_by=self.keep_added_by,
            )
        except ExtractError as error:
            raise RefusedError(str(error)) from error


def run_own(
    root: Path,
    environment: Mapping[str, str],
    wish: Wish,
    watcher: Watcher,
    arguments: Mapping[str, str] = _NO_ARGUMENTS,
) -> Outcome:
    """Run on the user's own playlists, from the real Web API.

    Raises
    ------
    RefusedError
        If there are no credentials, or the wish cannot be understood.
    CommandError
        If Spotify cannot be read.
    """
    config = wish.config()
    own, keep_token = credentials.load(environment)
    try:
        api_url, token_url = addresses(environment)
    except ExtractError as error:
        raise RefusedError(str(error)) from error
    notes = [*_consent_note(own)]
    with open_for_writing(root, OWN) as (lake, lock):
        watcher.step("extract from the Spotify Web API")

        def keep(refresh_token: str) -> None:
            try:
                keep_token(refresh_token)
            except CommandError as error:
                # The run goes on, and mostly the former token stays good for the next one.
                notes.append(str(error))

        event = {"time": utc_now().isoformat(timespec="seconds")}
        with SpotifyClient(own, api_url=api_url, token_url=token_url, on_new_refresh_token=keep) as spotify:
            marker = extract(lake, spotify, config, event, utc_now, watcher, own)
        return _load(lake, lock, marker, watcher, tuple(notes), arguments)


def run_raw(
    root: Path, paths: Iterable[Path], watcher: Watcher, arguments: Mapping[str, str] = _NO_ARGUMENTS
) -> Outcome:
    """Run on files that the user has: they are copied into the raw zone and nothing is extracted."""
    files = files_to_drop(paths)
    with open_for_writing(root, OWN) as (lake, lock):
        watcher.step("copy the raw files")
        watcher.detail(f"{drop(files, lake.raw)} files")
        return _load(lake, lock, None, watcher, arguments=arguments)


def operate(root: Path, arguments: Mapping[str, str], watcher: Watcher) -> Outcome:
    """Carry out an operator's order on a lake: see `load_transform.orders`. Then publish.

    Raises
    ------
    RefusedError
        If there is no lake, or the order names what is not there.
    """
    with open_for_writing(root, existing(root).source or OWN) as (lake, lock):
        watcher.step("start Spark")
        done = run_job(lake, lock, arguments, on_step=watcher.step, on_stage=watcher.detail)
        return _publish(lake, None, done, watcher)


def preview(root: Path, arguments: Mapping[str, str], watcher: Watcher) -> list[dict[str, Any]]:
    """Return what an operator's order would do. Nothing is changed."""
    with open_for_writing(root, existing(root).source or OWN) as (lake, lock):
        watcher.step("start Spark")
        order = {**arguments, "dry_run": "true"}
        would: list[dict[str, Any]] = run_job(lake, lock, order, on_step=watcher.step, on_stage=watcher.detail)["would"]
        return would


def extract(  # noqa: PLR0913, PLR0917  what the Lambda's handler takes
    lake: Lake,
    spotify: SpotifyClient,
    config: ExtractConfig,
    event: Mapping[str, str],
    clock: Clock,
    watcher: Watcher,
    own: Credentials | None = None,
) -> Mapping[str, Any]:
    """Run the Lambda's handler with the lake's folder for a bucket and return what it returns.

    Raises
    ------
    CommandError
        If nothing could be landed.
    """

    def tell(progress: Progress) -> None:
        name = progress.name or progress.playlist_id
        rows = f", {progress.rows} of {progress.total} rows" if progress.total else ""
        watcher.detail(f"playlist {progress.number} of {progress.count}: {name}{rows}")

    try:
        return handle(
            event,
            None,
            config=config,
            store=lake.raw,
            spotify=spotify,
            clock=clock,
            credentials=own,
            on_progress=tell,
        )
    except ExtractError as error:
        raise CommandError(f"The extract stopped ({error.code}): {error}") from error


def _named(playlists: str) -> tuple[str, ...] | Literal["mine"]:
    """Return the playlists of a file, of a list on S3, or those that are named one by one."""
    try:
        is_file = Path(playlists).is_file()
    except (OSError, ValueError):
        is_file = False
    if not is_file and "://" not in playlists and ("/" in playlists or playlists.endswith(".txt")):
        raise RefusedError(f"There is no file {playlists}, which should be a list of playlists.")
    if not is_file:
        return resolve(playlists, lambda address: read_list(boto3.client("s3"), address))
    try:
        return parse_playlist_file(Path(playlists).read_text(encoding="utf-8"), source=playlists)
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"{playlists} cannot be read as a list of playlists: {type(error).__name__}.") from error


def _consent_note(own: Credentials) -> list[str]:
    now = utc_now()
    age = own.consent_age(now)
    if age is None or CONSENT_DAYS - age >= WARN_DAYS:
        return []
    return [f"Your consent {consent_line(own, now)}"]


def _landed(key: str, there: Collection[str]) -> bool:
    """Tell whether a raw object lies in the raw zone already, waiting or moved under its folders there."""
    name = key.removeprefix(TO_BE_PROCESSED)
    return key in there or PROCESSED + name in there or any(one.endswith(f"/{name}") for one in there)


def _count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    counted: Any = sql.run(connection, f"SELECT count(*) FROM {view}").rows[0][0]  # noqa: S608  one of COUNTED
    return int(counted)


def _load(  # noqa: PLR0913, PLR0917  one step of the pipeline
    lake: Lake,
    lock: int,
    marker: Mapping[str, Any] | None,
    watcher: Watcher,
    notes: tuple[str, ...] = (),
    arguments: Mapping[str, str] = _NO_ARGUMENTS,
) -> Outcome:
    """Run the job if there is something to do, then publish."""
    load = None
    if _is_pending(lake):
        watcher.step("start Spark")
        load = run_job(lake, lock, arguments, on_step=watcher.step, on_stage=watcher.detail)
        shutil.rmtree(lake.raw.root / ".incoming", ignore_errors=True)
    return _publish(lake, marker, load, watcher, notes)


def _publish(
    lake: Lake,
    marker: Mapping[str, Any] | None,
    load: Mapping[str, Any] | None,
    watcher: Watcher,
    notes: tuple[str, ...] = (),
) -> Outcome:
    """Refresh the views, ask the lake what it holds, and make its report."""
    watcher.step("refresh the views")
    publication = catalog.refresh(lake.root)
    connection = catalog.connect(lake.root)
    try:
        rows = {view: _count(connection, view) for view in COUNTED}
        asked = shipped(QUESTION)
        answer = sql.run(connection, asked.sql, asked.values)
    finally:
        connection.close()
    watcher.step("make the report")
    report, fault = write.into_lake(lake.root)
    latest, count = publication.latest_dates, len(publication.dates)
    return Outcome(lake.root, marker, load, latest, count, rows, answer, notes, report, fault)


def _is_pending(lake: Lake) -> bool:
    return bool(lake.raw.keys(TO_BE_PROCESSED)) or any((lake.transformed / LOAD_INTENTS).glob("*.json"))
