"""What a run of the job is asked for, from the arguments that Glue passes.

`load` is what every event and schedule asks for. The others are an operator's: `reprocess` rebuilds dates from the raw
objects that they were built from, `requeue` puts quarantined objects back, `forget` drops dates from raw and curated
together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from load_transform.errors import OrderError

LOAD, REPROCESS, REQUEUE, FORGET = "load", "reprocess", "requeue", "forget"
ACTIONS = (LOAD, REPROCESS, REQUEUE, FORGET)

OPTIONAL_ARGUMENTS = (
    "action",
    "from_date",
    "to_date",
    "accept_dates",
    "before_date",
    "objects",
    "dry_run",
    "volume_drop_percent",
)
"""Arguments that a run may have beside the two buckets; each is one text."""

_OF_ACTION = {
    REPROCESS: {"from_date", "to_date", "accept_dates"},
    REQUEUE: {"objects"},
    FORGET: {"before_date"},
}


@dataclass(frozen=True)
class Order:
    """One run's order.

    `from_date` and `to_date` are inclusive; `accept` are dates that are published although a gate fails or raw objects
    are gone; `objects` are the names to put back, empty for all; `volume_drop_percent` is how much smaller than the
    snapshot before a date may be before it is warned of.
    """

    action: str = LOAD
    from_date: str | None = None
    to_date: str | None = None
    accept: frozenset[str] = frozenset()
    before_date: str | None = None
    objects: tuple[str, ...] = ()
    dry_run: bool = False
    volume_drop_percent: float = 50

    def rebuilds(self, date_: str) -> bool:
        """Tell whether a date that has been loaded is to be rebuilt."""
        if date_ in self.accept:
            return True
        if self.action != REPROCESS or (self.from_date is None and self.to_date is None):
            return False
        return (self.from_date or "") <= date_ <= (self.to_date or "9999-12-31")


def parse_order(arguments: Mapping[str, str]) -> Order:
    """Return the order that the arguments give.

    Raises
    ------
    OrderError
        when they contradict each other, or a date is none
    """
    given = {name: text.strip() for name, text in arguments.items() if text.strip()}
    action = given.get("action", LOAD)
    if action not in ACTIONS:
        raise OrderError(f"--action {action} is none of {', '.join(ACTIONS)}.")
    for other, names in _OF_ACTION.items():
        for name in sorted(names & given.keys()):
            if other != action:
                raise OrderError(f"--{name} belongs to --action {other}, not to {action}.")
    order = Order(
        action=action,
        from_date=_date(given, "from_date"),
        to_date=_date(given, "to_date"),
        accept=frozenset(_as_date(text.strip(), "accept_dates") for text in _list(given, "accept_dates")),
        before_date=_date(given, "before_date"),
        objects=tuple(name for name in _list(given, "objects") if name != "all"),
        dry_run=_flag(given, "dry_run"),
        volume_drop_percent=_percent(given, "volume_drop_percent"),
    )
    _check_whole(order, given)
    return order


def _check_whole(order: Order, given: Mapping[str, str]) -> None:
    if order.action == REPROCESS and not (order.from_date or order.to_date or order.accept):
        raise OrderError("Which dates? Give --from_date and --to_date, or --accept_dates.")
    if order.from_date and order.to_date and order.from_date > order.to_date:
        raise OrderError(f"--from_date {order.from_date} is later than --to_date {order.to_date}.")
    if order.action == FORGET and not order.before_date:
        raise OrderError("Forget which dates? Give --before_date: it and what is later is kept.")
    if order.action == REQUEUE and not _list(given, "objects"):
        raise OrderError("Put which objects back? Give --objects: all, or their names with commas between.")
    if order.action == LOAD and order.dry_run:
        raise OrderError("--dry_run belongs to --action reprocess, requeue and forget.")


def _list(given: Mapping[str, str], name: str) -> list[str]:
    """Return the parts of a list; a comma within a name has a backslash before it."""
    parts = given.get(name, "").replace("\\,", "\0").split(",")
    return [part.replace("\0", ",").strip() for part in parts if part.strip()]


def _date(given: Mapping[str, str], name: str) -> str | None:
    return _as_date(given[name], name) if name in given else None


def _as_date(text: str, name: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise OrderError(f"--{name} {text} is no date. Write it as 2026-08-03.") from error


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise OrderError(f"--{name} {text} is neither true nor false.")
    return text == "true"


def _percent(given: Mapping[str, str], name: str) -> float:
    text = given.get(name, "50")
    try:
        percent = float(text)
    except ValueError:
        percent = -1
    if not 0 <= percent <= 100:  # noqa: PLR2004  per cent
        raise OrderError(f"--{name} {text} is no number from 0 to 100.")
    return percent
