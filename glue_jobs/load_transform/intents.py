"""What a run is about to change, written down before it changes it, so that the next run can finish it.

One file per run, `load_intents/<load_id>.json` in the transformed bucket: its dates, the files it will delete and the
objects it will move. Finishing means building the dates again from all their raw objects, which replaces whatever lies
in the partitions; what a run had begun to forget is forgotten. While a run works, a thread renews
`load_intents/<load_id>.alive`: see `locks`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from load_transform.contract import LOAD_INTENTS
from load_transform.errors import LoadError
from load_transform.filesystem import Files

CLAIMED, WORKING = "claimed", "working"


@dataclass(frozen=True)
class Intent:
    """The plan of one run: keys to delete in the transformed bucket, and to move within the raw bucket.

    `host`, `process` and `born` (the process's start, in ticks since the boot; 0 if unknown) say who made it. It is
    `claimed` until the run knows that no other one is at work, `working` from then on. `forget` is the day before which
    dates are forgotten, null in every other run.
    """

    load_id: str
    host: str
    process: int
    born: int = 0
    state: str = CLAIMED
    dates: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    move: tuple[tuple[str, str], ...] = ()
    forget: str | None = None

    @property
    def key(self) -> str:
        """Where the intent lies."""
        return intent_key(self.load_id)

    @property
    def alive_key(self) -> str:
        """Where its run gives signs of life."""
        return alive_key(self.load_id)


def intent_key(load_id: str) -> str:
    """Return where the intent of a load lies."""
    return f"{LOAD_INTENTS}{load_id}.json"


def alive_key(load_id: str) -> str:
    """Return where a load gives signs of life."""
    return f"{LOAD_INTENTS}{load_id}.alive"


def open_intents(files: Files) -> list[Intent]:
    """Return the intents that lie there: those of runs that work, and of runs that did not end."""
    keys = [key for key in (files.key(entry.uri) for entry in files.files_below(LOAD_INTENTS)) if key.endswith(".json")]
    return [intent for intent in (read_intent(files, key) for key in keys) if intent]


def read_intent(files: Files, key: str) -> Intent | None:
    """Return the intent under a key; None when it is gone by now.

    Raises
    ------
    LoadError
        when it cannot be read: what its run had begun is not known
    """
    if not files.exists(key):
        return None
    try:
        return _intent(json.loads(files.read_text(key)))
    except (ValueError, KeyError, TypeError) as error:
        raise LoadError(
            f"{files.root}{key} is damaged, so what its run had begun is not known. Delete it, then rebuild the dates "
            "of that day with `spotify-etl reprocess`."
        ) from error


def write_intent(files: Files, intent: Intent) -> None:
    """Write the plan, or what it has become."""
    files.write_text(intent.key, json.dumps(asdict(intent)))


def remove_intent(files: Files, load_id: str) -> None:
    """Remove a plan that is carried out. The sign of life goes first: a run that is killed then is still found."""
    files.delete(alive_key(load_id))
    files.delete(intent_key(load_id))


def _intent(told: dict[str, Any]) -> Intent:
    # Those of version 0.1.0 name no host and no process.
    return Intent(
        load_id=told["load_id"],
        host=str(told.get("host", "")),
        process=int(told.get("process", 0)),
        born=int(told.get("born", 0)),
        state=told.get("state", WORKING),
        dates=tuple(told["dates"]),
        delete=tuple(told["delete"]),
        move=tuple((source, target) for source, target in told["move"]),
        forget=told.get("forget"),
    )
