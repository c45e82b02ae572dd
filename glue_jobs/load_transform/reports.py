"""What a load did, per date: a line of JSON as a table of its own, and the lists by object in a second file.

The report is what the command line, the count check, the alarms and the quality queries read. The details name every
raw object that a date was built from, which is how a later run knows that one of them is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from load_transform import CODE_VERSION
from load_transform.contract import CONTRACT_VERSION, DATASETS, LOAD_DETAILS, LOAD_REPORTS, PARTITION
from load_transform.filesystem import Files, in_parallel
from load_transform.objects import folder_date
from load_transform.rebuild import Plan, RowCounts


def identity(load_id: str, started: datetime) -> dict[str, Any]:
    """Return the first columns of a report's line, and zeros for those that a line without rows leaves out."""
    zeros = dict.fromkeys(("objects_new", "objects_read", "rows_in", "rows_in_new", "rows_out", "rows_superseded"), 0)
    return {
        "load_id": load_id,
        "code_version": CODE_VERSION,
        "loaded_at": started.isoformat().replace("+00:00", "Z"),
        "rebuilt": False,
        "run_ids": [],
        **zeros,
        "rows": {dataset.name: 0 for dataset in DATASETS},
    }


def load_lines(
    head: Mapping[str, Any],
    plan: Plan,
    counts: Mapping[str, RowCounts],
    written: Mapping[str, Mapping[str, int]],
    quarantined: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """Return the line of each date that was rebuilt from any object, oldest first."""
    read = {date: [one for one in plan.read if one.date == date] for date in sorted(counts)}
    return {
        date: {
            **head,
            "rebuilt": True,
            "run_ids": sorted({one.run_id for one in objects if one.run_id}),
            "objects_new": sum(one.date == date for one in plan.new),
            "objects_read": len(objects),
            "objects_quarantined": quarantined.get(date, 0),
            "rows_in": counts[date].rows_in,
            "rows_in_new": counts[date].rows_in_new,
            "rows_out": counts[date].rows_out,
            "rows_superseded": counts[date].rows_superseded,
            "rows": dict(written[date]),
        }
        for date, objects in read.items()
        if objects
    }


def write_report(files: Files, date: str, line: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    """Write a date's details, then its line: whoever sees the line finds the details.

    The line says its date, too: to Athena the reports are a table without partitions.
    """
    name = f"{PARTITION}={date}/{line['load_id']}.json"
    files.write_text(LOAD_DETAILS + name, _line(details))
    files.write_text(LOAD_REPORTS + name, _line({**line, "contract_version": CONTRACT_VERSION, PARTITION: date}))


def snapshot_before(files: Files, date: str, lines: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the line of the newest date before this one that holds a run of the extract, with its date; else None.

    `lines` are those of this very load, which are not written yet.
    """
    there = {folder_date(name) for name in files.folders(LOAD_REPORTS)} | set(lines)
    for earlier in sorted((one for one in there if one and one < date), reverse=True):
        line = lines.get(earlier) or _newest_load(files, f"{LOAD_REPORTS}{PARTITION}={earlier}/")
        if line and line.get("run_ids"):
            return {**line, PARTITION: earlier}
    return None


def last_inputs(files: Files, dates: Iterable[str]) -> dict[str, set[str]]:
    """Return, per date that was loaded before, the keys of the raw objects that its last load was built from."""

    def read(date: str) -> tuple[str, set[str]]:
        load = _newest_load(files, f"{LOAD_DETAILS}{PARTITION}={date}/")
        return date, set(load["inputs"] if load else ())

    return dict(in_parallel(read, sorted(dates)))


def _newest_load(files: Files, prefix: str) -> dict[str, Any] | None:
    """Return what lies below a date's folder of the last load that rebuilt the date."""
    keys = sorted((files.key(entry.uri) for entry in files.files_below(prefix)), reverse=True)
    loads = (json.loads(files.read_text(key)) for key in keys if key.endswith(".json"))
    return next((load for load in loads if load["rebuilt"]), None)


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
