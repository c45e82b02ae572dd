"""The pipeline on this machine: extract → job → catalogue → summary. What the cloud does in turn, in one call."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb

import athena
from lambda_extract.errors import ExtractError
from lambda_extract.extract import Clock, Progress
from lambda_extract.handler import handle, utc_now
from lambda_extract.playlist_ids import parse_playlist_ids
from lambda_extract.raw_zone import PROCESSED, TO_BE_PROCESSED
from lambda_extract.settings import Credentials, ExtractConfig, addresses
from lambda_extract.spotify import SpotifyClient
from load_transform.contract import LOAD_INTENTS
from spotify_etl import catalog, sample, sql
from spotify_etl.dropping import drop, files_to_drop
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.lake import OWN, SAMPLE, Lake, open_for_writing
from spotify_etl.local_job import run_job
from spotify_etl.standin import StandIn

CREDENTIALS = ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "SPOTIFY_REFRESH_TOKEN")
PLAYLISTS = "PLAYLISTS"

COUNTED = ("playlists", "playlist_items", "songs", "albums", "artists")
"""The views that a summary counts."""

QUESTION = "top_artists"


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

    @property
    def quarantined(self) -> list[Mapping[str, str]]:
        """What this run could not read: object, moved_to, reason, message."""
        return list(self.load["quarantined"]) if self.load else []

    @property
    def held(self) -> list[str]:
        """Dates that were not rebuilt because raw objects of theirs are gone."""
        return list(self.load["held"]) if self.load else []

    def as_json(self) -> dict[str, Any]:
        """Return the outcome for machines."""
        return {
            "lake": str(self.lake),
            "extract": self.extract,
            "load": self.load,
            "as_of": list(self.as_of),
            "dates": self.dates,
            "rows": dict(self.rows),
            "answer": {QUESTION: [dict(zip(self.answer.columns, row, strict=True)) for row in self.answer.rows]},
        }


def run_sample(root: Path, watcher: Watcher) -> Outcome:
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
            marker = _extract(lake, spotify, sample.config(), sample.EVENT, sample.now, watcher)
        return _load(lake, lock, marker, watcher)


def run_own(root: Path, environment: Mapping[str, str], watcher: Watcher) -> Outcome:
    """Run on the user's own playlists, from the real Web API.

    Raises
    ------
    RefusedError
        If the environment holds no credentials or names no playlists.
    CommandError
        If Spotify cannot be read.
    """
    own = _own_settings(environment)
    with open_for_writing(root, OWN) as (lake, lock):
        watcher.step("extract from the Spotify Web API")
        event = {"time": utc_now().isoformat(timespec="seconds")}
        with SpotifyClient(own.credentials, api_url=own.api_url, token_url=own.token_url) as spotify:
            marker = _extract(lake, spotify, own.config, event, utc_now, watcher)
        return _load(lake, lock, marker, watcher)


def run_raw(root: Path, paths: Iterable[Path], watcher: Watcher) -> Outcome:
    """Run on files that the user has: they are copied into the raw zone and nothing is extracted."""
    files = files_to_drop(paths)
    with open_for_writing(root, OWN) as (lake, lock):
        watcher.step("copy the raw files")
        watcher.detail(f"{drop(files, lake.raw)} files")
        return _load(lake, lock, None, watcher)


@dataclass(frozen=True)
class _OwnSettings:
    credentials: Credentials
    config: ExtractConfig
    api_url: str
    token_url: str


def _own_settings(environment: Mapping[str, str]) -> _OwnSettings:
    absent = [name for name in (*CREDENTIALS, PLAYLISTS) if not environment.get(name, "").strip()]
    if absent:
        raise RefusedError(
            f"{', '.join(absent)} not set: without them your playlists cannot be read. docs/spotify.md says how to get "
            "them; `spotify-etl run --sample` needs none."
        )
    client_id, client_secret, refresh_token = (environment[name].strip() for name in CREDENTIALS)
    try:
        config = ExtractConfig(parse_playlist_ids(environment[PLAYLISTS]))
        api_url, token_url = addresses(environment)
    except ExtractError as error:
        raise RefusedError(str(error)) from error
    return _OwnSettings(Credentials(client_id, client_secret, refresh_token), config, api_url, token_url)


def _extract(  # noqa: PLR0913, PLR0917  what the Lambda's handler takes
    lake: Lake,
    spotify: SpotifyClient,
    config: ExtractConfig,
    event: Mapping[str, str],
    clock: Clock,
    watcher: Watcher,
) -> Mapping[str, Any]:
    def tell(progress: Progress) -> None:
        name = progress.name or progress.playlist_id
        rows = f", {progress.rows} of {progress.total} rows" if progress.total else ""
        watcher.detail(f"playlist {progress.number} of {progress.count}: {name}{rows}")

    try:
        return handle(event, None, config=config, store=lake.raw, spotify=spotify, clock=clock, on_progress=tell)
    except ExtractError as error:
        raise CommandError(f"The extract stopped ({error.code}): {error}") from error


def _landed(key: str, there: Collection[str]) -> bool:
    """Tell whether a raw object lies in the raw zone already, waiting or moved under its folders there."""
    name = key.removeprefix(TO_BE_PROCESSED)
    return key in there or PROCESSED + name in there or any(one.endswith(f"/{name}") for one in there)


def _count(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    counted: Any = sql.run(connection, f"SELECT count(*) FROM {view}").rows[0][0]  # noqa: S608  one of COUNTED
    return int(counted)


def _load(lake: Lake, lock: int, marker: Mapping[str, Any] | None, watcher: Watcher) -> Outcome:
    """Run the job if there is something to do, publish, and ask the lake what it holds."""
    load = None
    if _is_pending(lake):
        watcher.step("start Spark")
        load = run_job(lake, lock, on_step=watcher.step, on_stage=watcher.detail)
        shutil.rmtree(lake.raw.root / ".incoming", ignore_errors=True)
    watcher.step("refresh the views")
    publication = catalog.refresh(lake.root)
    connection = catalog.connect(lake.root)
    try:
        rows = {view: _count(connection, view) for view in COUNTED}
        answer = sql.run(connection, athena.query(QUESTION))
    finally:
        connection.close()
    return Outcome(lake.root, marker, load, publication.latest_dates, len(publication.dates), rows, answer)


def _is_pending(lake: Lake) -> bool:
    return bool(lake.raw.keys(TO_BE_PROCESSED)) or any((lake.transformed / LOAD_INTENTS).glob("*.json"))
