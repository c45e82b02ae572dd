"""One run of the job: list, read, rebuild the dates that have something new, move what was read, report.

The order is the guarantee. Nothing is moved before its rows are in Parquet; an intent is written before the first
change and removed after the last, and every run first finishes what leftover intents name.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pyspark.sql import SparkSession

from load_transform import CODE_VERSION, intake, intents, partitions, reasons, rebuild, reports
from load_transform.archive import beside_others, move_to_processed, quarantine
from load_transform.contract import DATASETS, PARTITION, PROCESSED, TO_BE_PROCESSED
from load_transform.drift import unknown_fields
from load_transform.errors import RowCountError
from load_transform.filesystem import Files
from load_transform.intake import Batch, Refusal
from load_transform.objects import extract_date, extraction_time
from load_transform.session import prepare

logger = logging.getLogger(__name__)

Counts = Mapping[str, int]


@dataclass
class Run:
    """What one run works with: its identity, the two buckets, and the seconds that each step took."""

    spark: SparkSession
    raw: Files
    transformed: Files
    load_id: str
    started: datetime
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say that a step begins, and time it."""
        logger.info("%s", name)
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 3)


def run(spark: SparkSession, raw_uri: str, transformed_uri: str, *, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Load what is pending in the raw bucket into the transformed bucket, and return what was done.

    Raises
    ------
    LoadError
        when the run cannot go on; what it began is repaired by the next run
    """
    prepare(spark)
    started = clock().astimezone(UTC)
    load_id = f"{started:%Y%m%dT%H%M%S%f}Z-{uuid4().hex[:6]}"
    this = Run(spark, Files(spark, raw_uri), Files(spark, transformed_uri), load_id, started)

    unfinished = {key: intents.dates_of(this.transformed, key) for key in intents.open_intents(this.transformed)}
    pending = intake.listed(this.raw, TO_BE_PROCESSED)
    if not pending and not unfinished:
        return _summary(this, pending=0, lines=[], refused=[], held=set())

    with this.step("read new objects"):
        new = intake.read_batch(spark, this.raw.root, [TO_BE_PROCESSED], pending)
    dates = {one.date for one in new.accepted}.union(*unfinished.values())
    with this.step("read the same dates again"):
        processed = _read_processed(this, dates)
    held = _dates_with_missing_inputs(this, dates, new, processed)
    refused = beside_others(this.raw, [*new.refused, *(_waiting(one) for one in new.accepted if one.date in held)])
    plan = rebuild.plan(
        (one for one in new.accepted if one.date not in held),
        (one for one in processed.accepted if one.date not in held),
        processed.refused,
    )
    lines = _replace(this, sorted(dates - held), plan, [new, processed], refused) if dates - held else []
    # Last, because Spark may read an object again for as long as the run computes.
    with this.step("quarantine"):
        quarantine(this.raw, refused, load_id, started)
    _report_quarantine(this, refused, {line[PARTITION] for line in lines})
    for key, its_dates in unfinished.items():
        if not its_dates & held:
            this.transformed.delete(key)
    return _summary(this, pending=len(pending), lines=lines, refused=refused, held=held)


def _read_processed(this: Run, dates: Iterable[str]) -> Batch:
    folders = set(this.raw.folders(PROCESSED))
    prefixes = [f"{PROCESSED}{PARTITION}={date}/" for date in sorted(dates) if f"{PARTITION}={date}" in folders]
    items = [item for prefix in prefixes for item in intake.listed(this.raw, prefix)]
    return intake.read_batch(this.spark, this.raw.root, prefixes, items)


def _dates_with_missing_inputs(this: Run, dates: Iterable[str], new: Batch, processed: Batch) -> set[str]:
    """Return the dates that were built from raw objects which are neither processed nor pending any more."""
    present = {one.item.key for one in processed.accepted} | {one.target for one in new.accepted}
    return {date for date, keys in reports.last_inputs(this.transformed, dates).items() if keys - present}


def _waiting(one: intake.Accepted) -> Refusal:
    return Refusal(one.item, reasons.INPUTS_MISSING, reasons.SENTENCES[reasons.INPUTS_MISSING])


def _replace(
    this: Run, dates: list[str], plan: rebuild.Plan, batches: list[Batch], refused: list[Refusal]
) -> list[dict[str, Any]]:
    """Replace the dates' partitions by what all their raw objects say, then move the new objects."""
    with this.step("choose rows"):
        tables = rebuild.tables(this.spark, batches, plan)
    partitions.remove_leftovers(this.transformed)
    old_files = partitions.partition_files(this.transformed, dates)
    intent = intents.write_intent(this.transformed, intents.Intent(this.load_id, dates, old_files, plan.moves))
    for dataset, frame in tables.frames.items() if tables else ():
        with this.step(f"write {dataset.name}"):
            partitions.append(this.transformed, dataset, frame, this.load_id)
    with this.step("check"):
        written = partitions.written_rows(this.spark, this.transformed, dates, this.load_id, old_files)
        counts = tables.counts if tables else {}
        _check_counts(dates, counts, written)
        misfits = rebuild.misfits(tables) if tables else {}
        unknown = _unknown_fields(batches[0], plan)
    with this.step("delete old files"):
        partitions.delete_files(this.transformed, old_files)
    with this.step("move raw objects"):
        move_to_processed(this.raw, plan.moves)
    quarantined = Counter(_date_of(refusal) for refusal in refused)
    lines = []
    for date in dates:
        found = counts.get(date, rebuild.RowCounts())
        line = {
            **_identity(this, rebuilt=True),
            "run_ids": sorted({one.run_id for one in plan.read if one.date == date and one.run_id}),
            "objects_new": sum(one.date == date for one in plan.new),
            "objects_read": sum(one.date == date for one in plan.read),
            "objects_quarantined": quarantined[date],
            "rows_in": found.rows_in,
            "rows_in_new": found.rows_in_new,
            "rows_out": found.rows_out,
            "rows_superseded": found.rows_superseded,
            "rows": written[date],
            "values_not_fitting": misfits.get(date, {}),
            "unknown_fields": unknown.get(date, {}),
            "seconds": this.seconds,
        }
        details = {"rebuilt": True, "inputs": plan.inputs(date), "quarantined": _quarantined(refused, date)}
        reports.write_report(this.transformed, date, line, details)
        lines.append({PARTITION: date, **line})
    this.transformed.delete(intent)
    return lines


def _check_counts(dates: Iterable[str], counts: Mapping[str, rebuild.RowCounts], written: Mapping[str, Counts]) -> None:
    for date in dates:
        expected, found = counts.get(date, rebuild.RowCounts()).rows_out, written[date]["playlist_items_data"]
        if expected != found:
            raise RowCountError(
                f"{date}: {expected} rows of playlist items were read and {found} are in Parquet. "
                "The old files and the raw objects are where they were. Run again; if it stays, please report it."
            )


def _unknown_fields(new: Batch, plan: rebuild.Plan) -> dict[str, dict[str, int]]:
    if new.documents is None:
        return {}
    dates = {one.item.uri: one.date for one in plan.new}
    found: dict[str, Counter[str]] = {}
    for row in unknown_fields(new.documents).collect():
        if row["uri"] in dates:
            found.setdefault(dates[row["uri"]], Counter())[row["field"]] += row["rows"]
    return {date: dict(sorted(fields.items())) for date, fields in found.items()}


def _report_quarantine(this: Run, refused: list[Refusal], reported: set[str]) -> None:
    """Write a line for dates of which nothing was loaded, but something could not be read."""
    for date, count in Counter(_date_of(refusal) for refusal in refused).items():
        if date not in reported:
            line = {**_identity(this, rebuilt=False), "objects_quarantined": count}
            reports.write_report(
                this.transformed, date, line, {"rebuilt": False, "quarantined": _quarantined(refused, date)}
            )


def _identity(this: Run, *, rebuilt: bool) -> dict[str, Any]:
    """Return the first columns of a report's line, and zeros for those that a line without rows leaves out."""
    zeros = dict.fromkeys(("objects_new", "objects_read", "rows_in", "rows_in_new", "rows_out", "rows_superseded"), 0)
    return {
        "load_id": this.load_id,
        "code_version": CODE_VERSION,
        "loaded_at": _iso(this.started),
        "rebuilt": rebuilt,
        "run_ids": [],
        **zeros,
        "rows": {dataset.name: 0 for dataset in DATASETS},
    }


def _date_of(refusal: Refusal) -> str:
    return extract_date(refusal.item, extraction_time(refusal.item, None))


def _quarantined(refused: Iterable[Refusal], date: str | None = None) -> list[dict[str, str]]:
    return [
        {
            "object": refusal.item.key,
            "moved_to": refusal.target,
            "reason": refusal.reason,
            "message": refusal.message,
        }
        for refusal in refused
        if date is None or _date_of(refusal) == date
    ]


def _summary(
    this: Run, *, pending: int, lines: list[dict[str, Any]], refused: list[Refusal], held: set[str]
) -> dict[str, Any]:
    return {
        "load_id": this.load_id,
        "pending": pending,
        "dates": lines,
        "quarantined": _quarantined(refused),
        "held": sorted(held),
        "seconds": this.seconds,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
