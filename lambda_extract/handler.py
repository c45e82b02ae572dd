"""What AWS calls, and what the command `spotify-etl run` calls with a folder for a bucket: the same run."""

from __future__ import annotations

import logging
import os
import random as chance
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3

from lambda_extract import metrics
from lambda_extract.budget import RequestBudget
from lambda_extract.deadline import Deadline
from lambda_extract.errors import ExtractError, SecretError
from lambda_extract.extract import Clock, Extract, OnProgress, Progress, ignore_progress
from lambda_extract.library import refuse_mine_without_user
from lambda_extract.logs import log_as_json
from lambda_extract.playlist_ids import resolve
from lambda_extract.raw_zone import FETCHED, UNCHANGED
from lambda_extract.retries import PatientSource
from lambda_extract.runs import Run
from lambda_extract.settings import (
    MINE,
    Credentials,
    ExtractConfig,
    LambdaSettings,
    read_credentials,
    save_refresh_token,
)
from lambda_extract.spotify import SpotifyClient, SpotifySource, keep_secrets_out_of_logs
from lambda_extract.storage import RawStore, S3Store, read_list

logger = logging.getLogger(__name__)


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Run the extract as the environment says (see `LambdaSettings`) and return what `handle` returns.

    Logs are JSON; the last line of a run, whatever became of it, is its metrics.
    """
    keep_secrets_out_of_logs()
    request_id = getattr(context, "aws_request_id", None)
    log_as_json(run_id=None, request_id=request_id)
    age: float | None = None
    values: dict[str, float] = {"RunsLanded": 0}
    properties: dict[str, Any] = {"request_id": request_id, "error_code": "internal_error"}
    try:
        run = Run.of(event, utc_now())
        properties["run_id"] = run.run_id
        log_as_json(run_id=run.run_id, request_id=request_id)
        settings = LambdaSettings.from_environment(os.environ)
        # Read anew in each run and not at import: a secret renewed since then counts.
        credentials = read_credentials(boto3.client("secretsmanager"), settings.secret_id)
        age = credentials.consent_age(utc_now())
        # The clock may have moved on: an event without a time would be another run by now.
        given = event if isinstance(event, dict) else {}
        result = _run_on_aws({**given, "time": _time_of(run)}, context, settings, credentials)
    except ExtractError as error:
        properties["error_code"] = error.code
        logger.error("the run stopped: %s: %s", error.code, error, extra={"error_code": error.code})  # noqa: TRY400
        raise
    else:
        values = metrics.of_result(result)
        halted = result["halted"]
        properties |= {"error_code": halted and halted["code"], "error_codes": metrics.error_codes(result)}
        return result
    finally:
        function = str(getattr(context, "function_name", "spotify_api_extract"))
        told = metrics.line({**values, "TokenAgeDays": age}, function=function, now=utc_now(), properties=properties)
        sys.stdout.write(told + "\n")


def handle(  # noqa: PLR0913  what AWS gives, and what a run works on
    event: object,
    context: object,
    *,
    config: ExtractConfig,
    store: RawStore,
    spotify: SpotifySource,
    clock: Clock,
    credentials: Credentials | None = None,
    sleep: Callable[[float], None] = time.sleep,
    random: Callable[[], float] = chance.random,
    on_progress: OnProgress = ignore_progress,
) -> dict[str, Any]:
    """Land the wanted playlists of one run.

    Parameters
    ----------
    event
        An object whose `time`, if it has one, is the scheduled time and names the run; anything else is ignored.
    context
        Lambda's context, or None outside of Lambda.
    credentials
        Those that `spotify` asks with, where it asks with any.

    Returns
    -------
    dict
        The run's marker, with `extract_date`, `request_id`, `rows` and `outcomes` (playlists by outcome) beside it;
        and of this call alone `landed` (objects), `landed_outcomes`, `landed_rows`, `requests_made` and
        `throttled_seconds`. Plain JSON.

    Raises
    ------
    ExtractError
        One of `lambda_extract.errors`, when nothing could be landed or a fault is fatal for all.
    """
    now = clock()
    run = Run.of(event, now)
    has_user = credentials is None or credentials.refresh_token is not None
    if config.playlists == MINE:
        refuse_mine_without_user(has_user=has_user)
    deadline = Deadline(context)
    budget = RequestBudget(store, run=run, limit=config.budget, now=now)
    patient = PatientSource(spotify, budget=budget, deadline=deadline, sleep=sleep, random=random)
    extract = Extract(
        run,
        config=config,
        store=store,
        spotify=patient,
        budget=budget,
        deadline=deadline,
        clock=clock,
        on_progress=on_progress,
        user_id=credentials.user_id if credentials else None,
        has_user=has_user,
    )
    report = extract.run_playlists()
    playlists = report.marker["playlists"]
    return {
        **report.marker,
        "extract_date": run.extract_date,
        "request_id": getattr(context, "aws_request_id", None),
        "landed": sum(report.landed.values()),
        "landed_outcomes": report.landed,
        "landed_rows": report.landed_rows,
        "rows": sum(entry["rows"] or 0 for entry in playlists),
        "outcomes": dict(Counter(entry["outcome"] for entry in playlists)),
        "requests_made": budget.made,
        "throttled_seconds": round(patient.throttled_seconds, 3),
    }


def utc_now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


def _run_on_aws(
    event: dict[str, Any], context: object, settings: LambdaSettings, credentials: Credentials
) -> dict[str, Any]:
    s3, secrets = boto3.client("s3"), boto3.client("secretsmanager")
    config = ExtractConfig(
        playlists=resolve(settings.playlists, lambda address: read_list(s3, address)),
        full=event.get("full") is True,
        budget=settings.budget,
        keep_added_by=settings.keep_added_by,
    )

    def keep(refresh_token: str) -> None:
        try:
            save_refresh_token(secrets, settings.secret_id, refresh_token)
        except SecretError as error:
            # The run itself can go on, and mostly the former token stays good for the next one.
            logger.error("%s", error, extra={"error_code": "token_not_saved"})  # noqa: TRY400

    with SpotifyClient(
        credentials, api_url=settings.api_url, token_url=settings.token_url, on_new_refresh_token=keep
    ) as spotify:
        return handle(
            event,
            context,
            config=config,
            store=S3Store(settings.raw_bucket, s3),
            spotify=spotify,
            clock=utc_now,
            credentials=credentials,
            on_progress=_log_outcome,
        )


def _time_of(run: Run) -> str:
    return datetime.strptime(run.run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()


def _log_outcome(progress: Progress) -> None:
    outcome = progress.outcome
    if outcome is None:
        return
    good = outcome.outcome in {FETCHED, UNCHANGED}
    code = None if good else (outcome.reason or "").partition(":")[0]
    logger.log(
        logging.INFO if good else logging.WARNING,
        "playlist %s (%d of %d) %s: %s",
        outcome.playlist_id,
        progress.number,
        progress.count,
        outcome.outcome,
        f"{outcome.rows} rows" if good else outcome.reason,
        extra={"error_code": code},
    )
