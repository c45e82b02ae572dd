"""What a run is about to change, written down before it changes it, so that the next run can finish it.

One file per run, `load_intents/<load_id>.json` in the transformed bucket: its dates, the files it will delete and the
objects it will move. Finishing means building the dates again from all their raw objects, which replaces whatever lies
in the partitions.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from load_transform.contract import LOAD_INTENTS
from load_transform.filesystem import Files


@dataclass(frozen=True)
class Intent:
    """The plan of one run: keys to delete in the transformed bucket, and to move within the raw bucket."""

    load_id: str
    dates: list[str]
    delete: list[str]
    move: list[tuple[str, str]]


def open_intents(files: Files) -> list[str]:
    """Return the keys of the intents that lie there: those of runs that did not end."""
    return [key for key in (files.key(entry.uri) for entry in files.files_below(LOAD_INTENTS)) if key.endswith(".json")]


def dates_of(files: Files, key: str) -> set[str]:
    """Return the dates that an unfinished run had begun."""
    return set(json.loads(files.read_text(key))["dates"])


def write_intent(files: Files, intent: Intent) -> str:
    """Write the plan and return its key."""
    key = f"{LOAD_INTENTS}{intent.load_id}.json"
    files.write_text(key, json.dumps(asdict(intent)))
    return key
