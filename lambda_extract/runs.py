"""A run's name and date, from the schedule's time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambda_extract.errors import EventTimeError

_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True)
class Run:
    """One run of the extract. The same scheduled time is the same run, however often it is delivered.

    `run_id` is the UTC time to the second, sortable and without colons (`20261123T060000Z`); `extract_date` is its
    UTC date (`2026-11-23`): a run at 00:30 in Berlin belongs to yesterday.
    """

    run_id: str
    extract_date: str

    @classmethod
    def of(cls, event: object, now: datetime) -> Run:
        """Name the run by the event's `time`, or by `now` where the event has none.

        EventBridge Scheduler puts the scheduled time there, through the template's input; a rule's event has one by
        itself. A time without an offset is UTC.

        Raises
        ------
        EventTimeError
            If there is a `time` and it is none.
        """
        given: Mapping[str, Any] = event if isinstance(event, Mapping) else {}
        started = _utc(given["time"]) if "time" in given else now.astimezone(UTC)
        return cls(run_id=f"{started:%Y%m%dT%H%M%SZ}", extract_date=f"{started:%Y-%m-%d}")


def utc_text(moment: datetime) -> str:
    """Write a point in time as the raw zone does: UTC, milliseconds, `Z`; one width, so that text sorts as time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(text: object) -> datetime:
    try:
        if isinstance(text, str) and _ISO_TIME.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # the form of a time, but no such hour, day or year
    raise EventTimeError(
        f"The event's time is {str(text)[:60]!a}, which is no time like 2026-11-23T06:00:00Z. "
        'The schedule\'s input has to be {"time": "<aws.scheduler.scheduled-time>"}.'
    )
