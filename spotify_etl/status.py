"""What a lake holds and what waits in it, read from the folders: no Spark, no lock, nothing changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lambda_extract.raw_zone import PROCESSED, TO_BE_PROCESSED
from load_transform.contract import LOAD_INTENTS, QUARANTINE
from spotify_etl import catalog, sql
from spotify_etl.lake import Lake

LAST_LOADS = 5

_LOADS = f"""
SELECT load_id, min(loaded_at) AS loaded_at, min(extract_date) AS first_date, max(extract_date) AS last_date,
       count(*) FILTER (WHERE rebuilt) AS dates, sum(objects_new) AS objects_new,
       sum(objects_quarantined) AS objects_quarantined, sum(rows_in) AS rows_in, sum(rows_out) AS rows_out,
       sum(rows_superseded) AS rows_superseded
FROM load_reports GROUP BY load_id ORDER BY load_id DESC LIMIT {LAST_LOADS}
"""  # noqa: S608  a constant


@dataclass(frozen=True)
class Status:
    """A lake's state: keys of waiting objects, reasons of quarantined ones, the last loads, what the views show."""

    lake: str
    source: str | None
    pending: list[str]
    processed: int
    quarantined: list[dict[str, Any]]
    unfinished_loads: list[str]
    published_dates: int
    as_of: list[str]
    loads: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return the status for machines."""
        return asdict(self)


def read_status(lake: Lake) -> Status:
    """Read the lake's state."""
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
        quarantined=_quarantined(lake),
        unfinished_loads=sorted(path.stem for path in (lake.transformed / LOAD_INTENTS).glob("*.json")),
        published_dates=len(published.dates),
        as_of=list(published.latest_dates),
        loads=[dict(zip(loads.columns, row, strict=True)) for row in loads.rows],
    )


def _quarantined(lake: Lake) -> list[dict[str, Any]]:
    suffix = ".reason.json"
    keys = lake.raw.keys(QUARANTINE)
    found = []
    for key in sorted(key for key in keys if not (key.endswith(suffix) and key.removesuffix(suffix) in keys)):
        told = lake.raw.read(key + suffix)
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
