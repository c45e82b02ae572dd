"""One run of the job: look whether there is anything to do, take the lake, do what is ordered, say what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pyspark.sql import SparkSession

from load_transform import archive, forgetting, intake, intents
from load_transform.contract import PARTITION, PROCESSED, TO_BE_PROCESSED
from load_transform.filesystem import Files
from load_transform.holds import messages, read_holds
from load_transform.loading import load, ordered_dates
from load_transform.locks import locked
from load_transform.objects import requeue_key
from load_transform.orders import FORGET, LOAD, REQUEUE, Order
from load_transform.run import Done, Run
from load_transform.session import prepare


def run(
    spark: SparkSession,
    raw_uri: str,
    transformed_uri: str,
    *,
    clock: Callable[[], datetime],
    order: Order = Order(),  # noqa: B008  immutable
) -> dict[str, Any]:
    """Do what is ordered, and whatever else: load what is pending in the raw bucket. Return what was done.

    Raises
    ------
    LoadError
        when the run cannot go on; what it began is repaired by the next run
    """
    prepare(spark)
    started = clock().astimezone(UTC)
    load_id = f"{started:%Y%m%dT%H%M%S%f}Z-{uuid4().hex[:6]}"
    this = Run(spark, Files(spark, raw_uri), Files(spark, transformed_uri), load_id, started, order)
    if order.dry_run:
        return {"load_id": load_id, "action": order.action, "dry_run": True, "would": _preview(this)}
    if order.action == LOAD:
        holds, pending = read_holds(this.transformed), intake.listed(this.raw, TO_BE_PROCESSED)
        waiting = [item for item in pending if any(hold.waits_for(item) for hold in holds.values())]
        if len(waiting) == len(pending) and not intents.open_intents(this.transformed):
            held = {date: hold for date, hold in holds.items() if any(map(hold.waits_for, waiting))}
            return _summary(this, Done(pending=len(pending), held=messages(held)))
    with locked(this.transformed, load_id) as this.lock:
        for files in (this.raw, this.transformed):
            files.remove_unwritten()
        _finish_forgetting(this, this.lock.unfinished)
        done = _forget(this) if order.action == FORGET else load(this)
        for files in (this.raw, this.transformed):
            files.remove_unwritten()
    return _summary(this, done)


def _preview(this: Run) -> list[dict[str, Any]]:
    """Return what the order would do, from listings alone."""
    if this.order.action == FORGET:
        dates = forgetting.dates_before(this.raw, this.transformed, this.order.before_date or "")
        return forgetting.contents_of(this.raw, this.transformed, dates)
    if this.order.action == REQUEUE:
        objects = archive.quarantined(this.raw)
        keys = archive.choose(objects, this.order.objects)
        return [{"object": key, "goes_to": requeue_key(key, objects[key])} for key in keys]
    return [
        {PARTITION: date, "raw_objects": len(this.raw.files_below(f"{PROCESSED}{PARTITION}={date}/"))}
        for date in ordered_dates(this, read_holds(this.transformed))
    ]


def _forget(this: Run) -> Done:
    before = this.order.before_date or ""
    with this.step("forget dates"):
        dates = forgetting.dates_before(this.raw, this.transformed, before)
        this.lock.announce(forget=before)
        forgetting.forget(this.raw, this.transformed, dates)
    return Done(forgotten=dates)


def _finish_forgetting(this: Run, unfinished: Iterable[intents.Intent]) -> None:
    for intent in unfinished:
        if intent.forget:
            dates = forgetting.dates_before(this.raw, this.transformed, intent.forget)
            forgetting.forget(this.raw, this.transformed, dates)
        if not (intent.dates or intent.delete or intent.move):
            # It had announced no more than that, or nothing yet: there is nothing for a load to finish.
            intents.remove_intent(this.transformed, intent.load_id)


def _summary(this: Run, done: Done) -> dict[str, Any]:
    return {
        "load_id": this.load_id,
        "action": this.order.action,
        "pending": done.pending,
        "dates": done.lines,
        "quarantined": archive.as_json(done.refused),
        "held": sorted(done.held),
        "messages": [message for _, said in sorted(done.held.items()) for message in said],
        "requeued": [{"object": source, "put_back_to": target} for source, target in done.requeued],
        "forgotten": done.forgotten,
        "seconds": this.seconds,
    }
