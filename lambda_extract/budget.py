"""How many requests a day may make, over all its runs; and until when Spotify wants none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from lambda_extract.errors import QuotaExceededError, RequestBudgetError
from lambda_extract.raw_zone import json_line
from lambda_extract.runs import Run, utc_text
from lambda_extract.state import read_document
from lambda_extract.storage import RawStore

REQUESTS = "state/requests.json"

# Spotify counts over about 24 hours. An hour less, so that tomorrow's run finds its whole budget although its schedule
# fires some minutes earlier than today's did.
_DAY = timedelta(hours=23)
# A run that begins shortly before the end of a block asks all the same: else it would wait for another day.
_NEARLY_OVER = timedelta(minutes=10)
# Requests are written down before they are made, some at a time: a killed run has counted them, a few too many at most.
_AHEAD = 20


class RequestBudget:
    """The requests of one run within the budget of its day, kept in `state/requests.json`."""

    def __init__(self, store: RawStore, *, run: Run, limit: int, now: datetime) -> None:
        self.limit = limit
        self.made = 0
        """Requests of this run."""
        self._store = store
        self._run = run
        self._began = now
        self._ahead = 0
        self._overhead = 0
        document = read_document(store, REQUESTS) or {}
        self._earlier = [entry for entry in _entries(document) if _time(entry["at"]) > now - _DAY]
        blocked = document.get("blocked_until")
        self._blocked_until = blocked if isinstance(blocked, str) and _is_time(blocked) else None

    @property
    def used(self) -> int:
        """Requests within the day, those of this run included."""
        earlier: int = sum(entry["requests"] for entry in self._earlier)
        return earlier + self.made

    @property
    def left(self) -> int:
        """Requests that may still be made."""
        return max(0, self.limit - self.used)

    def check_block(self) -> None:
        """Ask nothing when an earlier run was told how long not to.

        Raises
        ------
        QuotaExceededError
            If that is not over yet.
        """
        if self._blocked_until and _time(self._blocked_until) > self._began + _NEARLY_OVER:
            until = _time(self._blocked_until)
            raise QuotaExceededError(
                f"Spotify's quota of requests was used up; an earlier run was told to ask again after "
                f"{until:%Y-%m-%d %H:%M} UTC. Nothing was asked before then ({REQUESTS} remembers it).",
                retry_at=until,
            )

    def need(self, count: int, what: str) -> None:
        """Make sure that the budget reaches for `count` requests more.

        Raises
        ------
        RequestBudgetError
            If it does not.
        """
        if count > self.limit - self._overhead:
            raise RequestBudgetError(
                f"{what} takes {count} requests, more than a whole budget of {self.limit} a day has for it. Raise it."
            )
        if count > self.left:
            raise RequestBudgetError(
                f"{what} takes {count} or more requests, and {self.left} of {self.limit} are left within the day. "
                "Its turn comes on another one."
            )

    def note_overhead(self) -> None:
        """Take note that what was asked so far, the account's list, is asked in every run."""
        self._overhead = self.made

    def take(self) -> None:
        """Count a request that is about to be made.

        Raises
        ------
        RequestBudgetError
            If there is none left; then it must not be made.
        """
        if not self.left:
            raise RequestBudgetError(
                f"The budget of {self.limit} requests within a day is used up. Tomorrow it goes on."
            )
        if self._ahead == 0:
            self._ahead = min(_AHEAD, self.left)
            self._write(self.made + self._ahead)
        self._ahead -= 1
        self.made += 1

    def block(self, until: datetime | None) -> None:
        """Remember that Spotify wants no request before a moment."""
        if until:
            self._blocked_until = utc_text(until)

    def settle(self) -> None:
        """Write down what was really used."""
        if self.made or self._blocked_until:
            self._write(self.made)

    def _write(self, requests: int) -> None:
        entry = {"at": utc_text(self._began), "run_id": self._run.run_id, "requests": requests}
        document = {"requests": [*self._earlier, entry], "blocked_until": self._blocked_until}
        self._store.put(REQUESTS, json_line(document))


def requests_within_a_day(store: RawStore, now: datetime) -> int:
    """Return how many requests were made within the day before `now`."""
    document = read_document(store, REQUESTS) or {}
    return sum(entry["requests"] for entry in _entries(document) if _time(entry["at"]) > now - _DAY)


def _entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    entries = document.get("requests")
    return [
        entry
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
        and _is_time(entry.get("at"))
        and type(entry.get("requests")) is int
        and entry["requests"] >= 0
    ]


def _is_time(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
