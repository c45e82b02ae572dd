"""What AWS calls, and what the command `spotify-etl run` calls with a folder for a bucket: the same run."""

from __future__ import annotations

import logging
import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import boto3

from lambda_extract.extract import Clock, Extract, OnProgress, Progress, ignore_progress
from lambda_extract.runs import Run
from lambda_extract.settings import ExtractConfig, LambdaSettings, read_credentials
from lambda_extract.spotify import PlaylistSource, SpotifyClient, keep_secrets_out_of_logs
from lambda_extract.storage import RawStore, S3Store

logger = logging.getLogger(__name__)


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Run the extract as the environment says (see `LambdaSettings`) and return what `handle` returns."""
    logger.setLevel(logging.INFO)
    keep_secrets_out_of_logs()
    settings = LambdaSettings.from_environment(os.environ)
    # Made anew for each run and not at import: a secret renewed since then counts, and requests are counted per run.
    credentials = read_credentials(boto3.client("secretsmanager"), settings.secret_id)
    with SpotifyClient(credentials, api_url=settings.api_url, token_url=settings.token_url) as spotify:
        return handle(
            event,
            context,
            config=settings.config,
            store=S3Store(settings.raw_bucket, boto3.client("s3")),
            spotify=spotify,
            clock=utc_now,
            on_progress=_log_outcome,
        )


def handle(  # noqa: PLR0913  what AWS gives, and what a run works on
    event: object,
    context: object,
    *,
    config: ExtractConfig,
    store: RawStore,
    spotify: PlaylistSource,
    clock: Clock,
    on_progress: OnProgress = ignore_progress,
) -> dict[str, Any]:
    """Land the wanted playlists of one run.

    Parameters
    ----------
    event
        An object whose `time`, if it has one, is the scheduled time and names the run; anything else is ignored.
    context
        Lambda's context, or None outside of Lambda.

    Returns
    -------
    dict
        The run's marker, with `extract_date`, `request_id`, `landed` (objects put by this call), `rows` and
        `outcomes` (playlists by outcome) beside it. Plain JSON.

    Raises
    ------
    ExtractError
        One of `lambda_extract.errors`, when nothing could be landed or a fault is fatal for all.
    """
    run = Run.of(event, clock())
    extract = Extract(run, store=store, spotify=spotify, clock=clock, on_progress=on_progress)
    report = extract.run_playlists(config)
    playlists = report.marker["playlists"]
    return {
        **report.marker,
        "extract_date": run.extract_date,
        "request_id": getattr(context, "aws_request_id", None),
        "landed": report.landed,
        "rows": sum(entry["rows"] or 0 for entry in playlists),
        "outcomes": dict(Counter(entry["outcome"] for entry in playlists)),
    }


def utc_now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


def _log_outcome(progress: Progress) -> None:
    outcome = progress.outcome
    if outcome is None:
        return
    level = logging.INFO if outcome.object else logging.WARNING
    logger.log(
        level,
        "playlist %s (%d of %d) %s: %s",
        outcome.playlist_id,
        progress.number,
        progress.count,
        outcome.outcome,
        f"{outcome.rows} rows" if outcome.object else outcome.reason,
    )
