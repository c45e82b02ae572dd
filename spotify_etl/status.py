"""What a lake holds and what waits in it, read from the folders: no Spark, no lock, nothing changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lambda_extract.budget import requests_within_a_day
from lambda_extract.library import list_requests
from lambda_extract.raw_zone import ABSENT, PROCESSED, TO_BE_PROCESSED
from lambda_extract.settings import MINE
from lambda_extract.state import LAST_RUN, read_document
from lambda_extract.storage import RawStore
from load_transform.contract import LOAD_HOLDS, LOAD_INTENTS, QUARANTINE
from spotify_etl import catalog, sql
from spotify_etl.lake import Lake

LAST_LOADS = 5

_LOADS = f"""
SELECT load_id, min(loaded_at) AS loaded_at, min(extract_date) AS first_date, max(extract_date) AS last_date,
       count_if(rebuilt) AS dates, sum(objects_new) AS objects_new,
       sum(objects_quarantined) AS objects_quarantined, sum(rows_in) AS rows_in, sum(rows_out) AS rows_out,
       sum(rows_superseded) AS rows_superseded
FROM load_reports GROUP BY load_id ORDER BY load_id DESC LIMIT {LAST_LOADS}
"""  # noqa: S608  a constant


@dataclass(frozen=True)
class ExtractStatus:
    """How the last run of the extract went, and what it has still to read.

    `waiting` are playlists that the budget, the quota or the time did not reach; at `budget` requests a day reading
    them takes about `days_left` days. `requests` are those of the last day.
    """

    run_id: str
    outcomes: dict[str, int]
    playlists: int
    read: int
    waiting: int
    days_left: int
    requests: int
    budget: int
    halted: dict[str, Any] | None

    @classmethod
    def of(cls, marker: dict[str, Any], requests: int) -> ExtractStatus:
        """Read it from a run's marker."""
        outcomes = Counter(entry["outcome"] for entry in marker["playlists"])
        limit, backlog = marker["budget"]["limit"], marker["backlog"]
        overhead = list_requests(outcomes.total()) if marker["selection"] == MINE else 0
        return cls(
            run_id=marker["run_id"],
            outcomes=dict(outcomes),
            playlists=outcomes.total() - outcomes[ABSENT],
            read=sum(1 for entry in marker["playlists"] if entry["object"]),
            waiting=backlog["playlists"],
            days_left=-(-backlog["requests"] // max(1, limit - overhead)),
            requests=requests,
            budget=limit,
            halted=marker["halted"],
        )


@dataclass(frozen=True)
class Status:
    """A lake's state: keys of waiting objects, reasons of quarantined ones, the last loads, what the views show."""

    lake: str
    source: str | None
    pending: list[str]
    processed: int
    quarantined: list[dict[str, Any]]
    unfinished_loads: list[str]
    held: list[str]
    published_dates: int
    as_of: list[str]
    loads: list[dict[str, Any]]
    extract: ExtractStatus | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the status for machines."""
        return asdict(self)


def read_status(lake: Lake, now: datetime) -> Status:
    """Read the lake's state as it is now."""
    connection = catalog.connect(lake.root)
    try:
        loads = sql.run(connection, _LOADS)
    finally:
        connection.close()
    published = catalog.published(lake.root)
    return Status(
        lake=str(lake.root),
        source=lake.source,
        pending=sorted(lake.raw.keys(TO_BE_PROCESSED)),
        processed=len(lake.raw.keys(PROCESSED)),
        quarantined=quarantined(lake.raw),
        held=_held(lake),
        unfinished_loads=sorted(path.stem for path in (lake.transformed / LOAD_INTENTS).glob("*.json")),
        published_dates=len(published.dates),
        as_of=list(published.latest_dates),
        loads=[dict(zip(loads.columns, row, strict=True)) for row in loads.rows],
        extract=last_extract(lake.raw, now),
    )


def _held(lake: Lake) -> list[str]:
    """Return what the gates say of the dates that they hold."""
    holds = [json.loads(path.read_text(encoding="utf-8")) for path in (lake.transformed / LOAD_HOLDS).glob("*.json")]
    return held(holds, lake.raw.keys(TO_BE_PROCESSED))


def held(holds: Iterable[Mapping[str, Any]], pending: Collection[str]) -> list[str]:
    """Return what the gates say of the dates that are held, from the documents in `load_holds/` and what waits."""
    waiting = sorted(
        (hold for hold in holds if not hold["objects"].keys().isdisjoint(pending)), key=lambda hold: str(hold["date"])
    )
    return [message for hold in waiting for message in hold["messages"]]


def last_extract(raw: RawStore, now: datetime) -> ExtractStatus | None:
    """Return how the last run of the extract into a raw zone went; None where there was none."""
    marker = read_document(raw, LAST_RUN)
    try:
        return ExtractStatus.of(marker, requests_within_a_day(raw, now)) if marker else None
    except (KeyError, TypeError):
        return None  # by another version; the next run writes it anew


def quarantined(raw: RawStore) -> list[dict[str, Any]]:
    """Return what lies in quarantine in a raw zone: moved_to, object, reason, message."""
    suffix = ".reason.json"
    keys = raw.keys(QUARANTINE)
    found = []
    for key in sorted(key for key in keys if not (key.endswith(suffix) and key.removesuffix(suffix) in keys)):
        told = raw.read(key + suffix)
        found.append({"moved_to": key, **_reason(told)})
    return found


def _reason(told: bytes | None) -> dict[str, Any]:
    try:
        reason: dict[str, Any] = json.loads(told or b"{}")
    except ValueError:
        reason = {}
    return {"object": None, "reason": "unknown", "message": "Its reason file is missing or damaged.", **reason}


def default_lake(working_directory: Path) -> Path:
    """Return the lake that a command means when it names none: the user's own where there is one, else the sample."""
    own = working_directory / "lake" / "mine"
    return own if own.exists() else working_directory / "lake" / "sample"
