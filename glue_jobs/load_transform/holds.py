"""Dates that a quality gate holds back: what failed, and which raw objects wait for a decision.

One file per date, `load_holds/extract_date=D.json` in the transformed bucket. The objects stay where they are, and no
event tries them again: only another object of the date, or an operator's `reprocess --accept`, does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field

from load_transform.contract import LOAD_HOLDS, PARTITION
from load_transform.errors import LoadError
from load_transform.filesystem import Files
from load_transform.objects import RawObject


@dataclass(frozen=True)
class Hold:
    """A date that is held: the load that held it, its sentences, and the objects that wait, by key.

    Of each object, its size and modification time in epoch milliseconds: one that was replaced is another one.
    """

    date: str
    load_id: str
    messages: tuple[str, ...]
    objects: dict[str, tuple[int, int]] = field(default_factory=dict)

    def waits_for(self, item: RawObject) -> bool:
        """Tell whether this very object is what the date waits with."""
        return self.objects.get(item.key) == _signature(item)


def hold_of(date: str, load_id: str, messages: Iterable[str], waiting: Iterable[RawObject]) -> Hold:
    """Return the hold of a date with the objects that wait."""
    return Hold(date, load_id, tuple(messages), {item.key: _signature(item) for item in waiting})


def read_holds(files: Files) -> dict[str, Hold]:
    """Return the holds that there are, by date."""
    holds = [_read(files, files.key(entry.uri)) for entry in files.files_below(LOAD_HOLDS)]
    return {hold.date: hold for hold in holds}


def drop_idle(files: Files, holds: Mapping[str, Hold], pending: Collection[RawObject]) -> dict[str, Hold]:
    """Remove the holds with which nothing waits any more: somebody took the objects away. Return the others."""
    waiting = {date: hold for date, hold in holds.items() if any(hold.waits_for(item) for item in pending)}
    for date in holds.keys() - waiting.keys():
        files.delete(hold_key(date))
    return waiting


def write_hold(files: Files, hold: Hold) -> None:
    """Write a hold down; one of the same date is replaced."""
    files.write_text(hold_key(hold.date), json.dumps(asdict(hold), ensure_ascii=False) + "\n")


def hold_key(date: str) -> str:
    """Return where a date's hold lies."""
    return f"{LOAD_HOLDS}{PARTITION}={date}.json"


def gate_message(date: str, found: Iterable[str]) -> str:
    """Say what a gate found, and how the date is published anyway."""
    return (
        f"{date} is held: {'; '.join(found)}. What was published of it stays, and its raw objects wait. "
        f"Publish it anyway: spotify-etl reprocess --accept {date} (in Glue: --action reprocess --accept_dates {date})."
    )


def gone_message(date: str, keys: list[str]) -> str:
    """Say that a date is not rebuilt because raw objects of it are gone, and what to do."""
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return (
        f"{date} is not rebuilt: it was loaded from {keys[0]}{more}, which is gone. Restore it, or rebuild the date "
        f"from what is left: spotify-etl reprocess --accept {date} (in Glue: --action reprocess --accept_dates {date})."
    )


def messages(holds: Mapping[str, Hold]) -> dict[str, list[str]]:
    """Return what is to be said of the dates that are held."""
    return {date: list(hold.messages) for date, hold in holds.items()}


def _read(files: Files, key: str) -> Hold:
    try:
        told = json.loads(files.read_text(key))
        objects = {name: (int(length), int(modified)) for name, (length, modified) in told["objects"].items()}
        return Hold(told["date"], told["load_id"], tuple(told["messages"]), objects)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoadError(f"{files.root}{key} is damaged. Delete it: the date is then tried again.") from error


def _signature(item: RawObject) -> tuple[int, int]:
    return item.length, item.modified_ms
