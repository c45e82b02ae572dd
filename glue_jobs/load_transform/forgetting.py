"""Dropping dates from raw and curated together, and their reports: an operator's order, never a lifecycle rule.

What waits and what is in quarantine is not touched: it belongs to no date yet.
"""

from __future__ import annotations

from collections.abc import Iterable

from load_transform.contract import DATASETS, LOAD_DETAILS, LOAD_REPORTS, PARTITION, PROCESSED
from load_transform.filesystem import Files, in_parallel
from load_transform.holds import hold_key
from load_transform.objects import folder_date

_CURATED = tuple(dataset.prefix for dataset in DATASETS)


def dates_before(raw: Files, transformed: Files, before: str) -> list[str]:
    """Return the dates of both buckets that lie before a date, oldest first."""
    places = [(raw, PROCESSED), *((transformed, prefix) for prefix in (*_CURATED, LOAD_REPORTS, LOAD_DETAILS))]
    found = {folder_date(name) for files, prefix in places for name in files.folders(prefix)}
    return sorted(date for date in found if date and date < before)


def contents_of(raw: Files, transformed: Files, dates: list[str]) -> list[dict[str, object]]:
    """Return, per date, how many raw objects and curated files would go."""

    def count(date: str) -> dict[str, object]:
        curated = sum(len(transformed.files_below(f"{prefix}{PARTITION}={date}/")) for prefix in _CURATED)
        raw_objects = len(raw.files_below(f"{PROCESSED}{PARTITION}={date}/"))
        return {PARTITION: date, "raw_objects": raw_objects, "curated_files": curated}

    return in_parallel(count, dates)


def forget(raw: Files, transformed: Files, dates: list[str]) -> None:
    """Delete the dates: first the reports, so that no publication names them any more, last what tells of their inputs.

    Called again after a crash it deletes what is left.
    """
    _delete(transformed, (LOAD_REPORTS, *_CURATED), dates)
    _delete(raw, (PROCESSED,), dates)
    _delete(transformed, (LOAD_DETAILS,), dates)
    in_parallel(transformed.delete, [hold_key(date) for date in dates])


def forget_tables(transformed: Files, dates: list[str]) -> None:
    """Delete what was made of dates of which no raw object is left."""
    _delete(transformed, (LOAD_REPORTS, *_CURATED, LOAD_DETAILS), dates)
    in_parallel(transformed.delete, [hold_key(date) for date in dates])


def _delete(files: Files, prefixes: Iterable[str], dates: list[str]) -> None:
    for prefix in prefixes:
        in_parallel(files.delete_folder, [f"{prefix}{PARTITION}={date}/" for date in dates])
