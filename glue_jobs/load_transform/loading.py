"""Loading: pending objects are read, their dates rebuilt from all their raw objects, then the objects are moved.

The order is the guarantee. Nothing is moved before its rows are in Parquet; an intent is written before the first
change and removed after the last, and every load first finishes what leftover intents name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pyspark.sql import functions as F

from load_transform import archive, forgetting, gates, intake, intents, partitions, reasons, rebuild, reports
from load_transform.contract import LOAD_REPORTS, PARTITION, PROCESSED, TO_BE_PROCESSED
from load_transform.drift import sample, unknown_fields
from load_transform.errors import OrderError
from load_transform.holds import (
    drop_idle,
    gate_message,
    gone_message,
    hold_key,
    hold_of,
    messages,
    read_holds,
    write_hold,
)
from load_transform.intake import Accepted, Batch, Refusal
from load_transform.objects import folder_date
from load_transform.orders import REPROCESS, REQUEUE
from load_transform.run import Done, Run


def ordered_dates(this: Run, holds: Collection[str]) -> list[str]:
    """Return the dates that the order names, of those that there is anything of.

    Raises
    ------
    OrderError
        when there is nothing of them
    """
    folders = [*this.raw.folders(PROCESSED), *this.transformed.folders(LOAD_REPORTS)]
    there = {folder_date(folder) for folder in folders} | set(holds)
    dates = sorted(date for date in there if date and this.order.rebuilds(date))
    unknown = sorted(this.order.accept - set(dates))
    if unknown or (this.order.action == REPROCESS and not dates):
        what = ", ".join(unknown) or "these dates"
        raise OrderError(
            f"Nothing was ever loaded of {what}, so nothing can be rebuilt. Look for the date in the views."
        )
    return dates


def load(this: Run) -> Done:
    """Load what is pending and rebuild what is ordered or was left unfinished."""
    done = Done()
    holds = read_holds(this.transformed)
    ordered = ordered_dates(this, holds)
    if this.order.action == REQUEUE:
        with this.step("put back quarantined objects"):
            objects = archive.quarantined(this.raw)
            keys = archive.choose(objects, this.order.objects)
            done.requeued = archive.put_back(this.raw, objects, keys)
            archive.remove_lone_reasons(this.raw)
    unfinished = {one.load_id: set(one.dates) for one in this.lock.unfinished if not one.forget}
    pending = intake.listed(this.raw, TO_BE_PROCESSED)
    done.pending = len(pending)
    done.held = messages(drop_idle(this.transformed, holds, pending))
    with this.step("read new objects"):
        new = intake.read_batch(this.spark, this.raw.root, [TO_BE_PROCESSED], pending)
    waiting = {one.item.key for one in new.accepted if one.date in holds and holds[one.date].waits_for(one.item)}
    dates = {one.date for one in new.accepted if one.item.key not in waiting}.union(ordered, *unfinished.values())
    with this.step("read the same dates again"):
        processed = _read_processed(this, dates)
    accepted = [one for one in new.accepted if one.date in dates]
    gone = _gone_inputs(this, dates - this.order.accept, accepted, processed.accepted)
    late = [_late(one) for one in accepted if one.date in gone]
    done.refused = archive.beside_others(this.raw, [*new.refused, *late])
    done.held = {date: said for date, said in done.held.items() if date not in dates}
    done.held |= {date: [gone_message(date, keys)] for date, keys in gone.items()}
    plan = rebuild.plan(
        (one for one in accepted if one.date not in gone),
        (one for one in processed.accepted if one.date not in gone),
        processed.refused,
    )
    if dates - gone.keys():
        _replace(this, sorted(dates - gone.keys()), plan, [new, processed], done)
    # Last, because Spark may read an object again for as long as the run computes.
    with this.step("quarantine"):
        archive.quarantine(this.raw, done.refused, this.load_id, this.started)
    _report_quarantine(this, done)
    for load_id, its_dates in unfinished.items():
        if not its_dates & gone.keys():
            intents.remove_intent(this.transformed, load_id)
    return done


def _read_processed(this: Run, dates: Iterable[str]) -> Batch:
    folders = set(this.raw.folders(PROCESSED))
    prefixes = [f"{PROCESSED}{PARTITION}={date}/" for date in sorted(dates) if f"{PARTITION}={date}" in folders]
    items = [item for prefix in prefixes for item in intake.listed(this.raw, prefix)]
    return intake.read_batch(this.spark, this.raw.root, prefixes, items)


def _gone_inputs(
    this: Run, dates: Iterable[str], new: Iterable[Accepted], processed: Iterable[Accepted]
) -> dict[str, list[str]]:
    """Return, per date that was built from raw objects which are neither processed nor pending any more, these."""
    present = {one.item.key for one in processed} | {one.target for one in new}
    gone = {date: sorted(keys - present) for date, keys in reports.last_inputs(this.transformed, dates).items()}
    return {date: keys for date, keys in gone.items() if keys}


def _late(one: Accepted) -> Refusal:
    return Refusal(one.item, reasons.INPUTS_MISSING, reasons.SENTENCES[reasons.INPUTS_MISSING])


def _replace(this: Run, dates: list[str], plan: rebuild.Plan, batches: list[Batch], done: Done) -> None:
    """Replace the dates' partitions by what all their raw objects say, then move the new objects.

    A date that fails a gate is left as it was: what was written of it is deleted, its raw objects stay.
    """
    with this.step("choose rows"):
        tables = rebuild.tables(this.spark, batches, plan)
    partitions.remove_leftovers(this.transformed)
    old_files = partitions.partition_files(this.transformed, dates)
    this.lock.announce(dates=dates, delete=old_files, move=[(item.key, target) for item, target in plan.moves(dates)])
    for dataset, frame in tables.frames.items() if tables else ():
        with this.step(f"write {dataset.name}"):
            partitions.append(this.transformed, dataset, frame, this.load_id)
    with this.step("check"):
        written = partitions.written(this.spark, this.transformed, dates, this.load_id, old_files)
        counts = tables.counts if tables else {}
        failed = _failed_gates(this, dates, counts, written)
        misfits = rebuild.misfits(tables) if tables else {}
        unknown = _unknown_fields(batches[0], plan)
    held = {date: found for date, found in failed.items() if date not in this.order.accept}
    published = [date for date in dates if date not in held]
    _hold(this, held, plan)
    with this.step("delete old files"):
        unwanted = partitions.of_dates(old_files, published) + partitions.of_dates(written.keys, held)
        unfinished = partitions.of_unfinished(this.lock.unfinished, partitions.of_dates(old_files, held))
        partitions.delete_files(this.transformed, [*unwanted, *unfinished])
    with this.step("move raw objects"):
        left = archive.move_to_processed(this.raw, plan.moves(published))
    lines = reports.load_lines(
        reports.identity(this.load_id, this.started),
        plan,
        {date: counts.get(date, rebuild.RowCounts()) for date in published},
        written.rows,
        archive.count_by_date(done.refused),
    )
    done.forgotten = [date for date in published if date not in lines]
    forgetting.forget_tables(this.transformed, done.forgotten)
    for date, line in lines.items():
        since = reports.snapshot_before(this.transformed, date, lines) if line["run_ids"] else None
        percent = this.order.volume_drop_percent
        line |= {
            "values_not_fitting": misfits.get(date, {}),
            "unknown_fields": unknown.get(date, {}),
            "seconds": this.seconds,
            "gates_failed": failed.get(date, []),
            "warnings": gates.volume_warnings(line["rows"], since["rows"], since[PARTITION], percent) if since else [],
        }
        reports.write_report(this.transformed, date, line, _details(done.refused, date, plan.inputs(date, left)))
        this.transformed.delete(hold_key(date))
        done.lines.append({PARTITION: date, **line})
    for date, found in held.items():
        line = {**reports.identity(this.load_id, this.started), "gates_failed": found}
        reports.write_report(this.transformed, date, line, {"rebuilt": False, "gates_failed": found})
        done.held[date] = [gate_message(date, found)]


def _failed_gates(
    this: Run, dates: list[str], counts: Mapping[str, rebuild.RowCounts], written: partitions.Written
) -> dict[str, list[str]]:
    failed = gates.failed_gates(this.spark, this.transformed.root, written.keys)
    for date in dates:
        expected = counts.get(date, rebuild.RowCounts()).rows_out
        if imbalance := gates.rows_out_of_balance(expected, written.rows[date]):
            failed.setdefault(date, []).append(imbalance)
    return failed


def _hold(this: Run, held: Mapping[str, list[str]], plan: rebuild.Plan) -> None:
    for date, found in held.items():
        waiting = [one.item for one in plan.new if one.date == date]
        write_hold(this.transformed, hold_of(date, this.load_id, [gate_message(date, found)], waiting))


def _unknown_fields(new: Batch, plan: rebuild.Plan) -> dict[str, dict[str, int]]:
    if new.documents is None:
        return {}
    dates = {one.item.uri: one.date for one in plan.new}
    # Which are named, so that Spark opens no other: a sample of rows alone would read a part of every file again.
    sampled = sample({one.item.uri: one.item.length for one in plan.new})
    found: dict[str, Counter[str]] = {}
    for row in unknown_fields(new.documents.where(F.col("uri").isin(sampled))).collect():
        if row["uri"] in dates:
            found.setdefault(dates[row["uri"]], Counter())[row["field"]] += row["rows"]
    return {date: dict(sorted(fields.items())) for date, fields in found.items()}


def _report_quarantine(this: Run, done: Done) -> None:
    """Write a line for dates of which nothing was loaded, but something could not be read."""
    reported = {line[PARTITION] for line in done.lines}
    for date, count in archive.count_by_date(done.refused).items():
        if date not in reported:
            line = {**reports.identity(this.load_id, this.started), "objects_quarantined": count}
            reports.write_report(this.transformed, date, line, _details(done.refused, date))


def _details(refused: Iterable[Refusal], date: str, inputs: list[str] | None = None) -> dict[str, Any]:
    told = {"rebuilt": inputs is not None, "quarantined": archive.as_json(refused, date)}
    return told if inputs is None else {**told, "inputs": inputs}
