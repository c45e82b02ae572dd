"""What a load did, per date: a line of JSON as a table of its own, and the lists by object in a second file.

The report is what the command line, the count check, the alarms and the quality queries read. The details name every
raw object that a date was built from, which is how a later run knows that one of them is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from load_transform.contract import CONTRACT_VERSION, LOAD_DETAILS, LOAD_REPORTS, PARTITION
from load_transform.filesystem import Files, in_parallel


def write_report(files: Files, date: str, line: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    """Write a date's details, then its line: whoever sees the line finds the details."""
    name = f"{PARTITION}={date}/{line['load_id']}.json"
    files.write_text(LOAD_DETAILS + name, _line(details))
    files.write_text(LOAD_REPORTS + name, _line({**line, "contract_version": CONTRACT_VERSION}))


def last_inputs(files: Files, dates: Iterable[str]) -> dict[str, set[str]]:
    """Return, per date that was loaded before, the keys of the raw objects that its last load was built from."""

    def read(date: str) -> tuple[str, set[str]]:
        inputs: list[str]
        keys = [files.key(entry.uri) for entry in files.files_below(f"{LOAD_DETAILS}{PARTITION}={date}/")]
        loads = (json.loads(files.read_text(key)) for key in sorted(keys, reverse=True) if key.endswith(".json"))
        inputs = next((load["inputs"] for load in loads if load["rebuilt"]), [])
        return date, set(inputs)

    return dict(in_parallel(read, sorted(dates)))


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
