"""What is asked again, and after how long: small rules, and the source of playlists that keeps to them.

A rule takes a fault and the number of tries so far and returns the seconds to wait, or None where it is not its case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lambda_extract.budget import RequestBudget
from lambda_extract.deadline import Deadline
from lambda_extract.errors import (
    AccessTokenError,
    ExtractError,
    QuotaExceededError,
    RateLimitedError,
    SpotifyUnavailableError,
)
from lambda_extract.spotify import SpotifySource

TRIES = 4
LONGEST_THROTTLE = 30
"""Seconds of a Retry-After that are waited for. A longer one is another kind of no."""

Rule = Callable[[ExtractError, int], float | None]

T = TypeVar("T")


def short_throttle(fault: ExtractError, tries: int) -> float | None:
    """Wait as long as a 429 asks for, if that is short; never on a quota, never without being told how long."""
    if not isinstance(fault, RateLimitedError) or isinstance(fault, QuotaExceededError) or tries >= TRIES:
        return None
    wait = fault.retry_after
    return float(wait) if wait is not None and wait <= LONGEST_THROTTLE else None


def server_fault(random: Callable[[], float]) -> Rule:
    """Return the rule for 5xx, timeouts and broken connections: about 1, 2 and 4 s, spread by up to a half."""

    def rule(fault: ExtractError, tries: int) -> float | None:
        if not isinstance(fault, SpotifyUnavailableError) or tries >= TRIES:
            return None
        return float(2 ** (tries - 1)) * (0.5 + random())

    return rule


class PatientSource:
    """A source of playlists that is asked again where that may help, within the budget and the time.

    A 401 renews the access token once a request. What is not repeated, or was for long enough, is raised.
    """

    def __init__(
        self,
        source: SpotifySource,
        *,
        budget: RequestBudget,
        deadline: Deadline,
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ) -> None:
        self.throttled_seconds = 0.0
        """Seconds that were waited because Spotify asked for it."""
        self.repeats = 0
        """How often something was asked again."""
        self._source = source
        self._budget = budget
        self._deadline = deadline
        self._sleep = sleep
        self._rules: tuple[Rule, ...] = (short_throttle, server_fault(random))

    def me(self) -> dict[str, Any]:
        """Return the account."""
        return self._patiently(self._source.me)

    def my_playlists(self, offset: int) -> dict[str, Any]:
        """Return a page of the account's playlists."""
        return self._patiently(lambda: self._source.my_playlists(offset))

    def playlist(self, playlist_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return a playlist and its embedded first page."""
        return self._patiently(lambda: self._source.playlist(playlist_id))

    def metadata(self, playlist_id: str) -> dict[str, Any]:
        """Return a playlist without its items."""
        return self._patiently(lambda: self._source.metadata(playlist_id))

    def snapshot_id(self, playlist_id: str) -> str | None:
        """Return the version of a playlist."""
        return self._patiently(lambda: self._source.snapshot_id(playlist_id))

    def page(self, playlist_id: str, offset: int) -> dict[str, Any]:
        """Return a page of a playlist."""
        return self._patiently(lambda: self._source.page(playlist_id, offset))

    def _patiently(self, ask: Callable[[], T]) -> T:
        tries, renewed = 0, False
        while True:
            self._deadline.check()
            try:
                # Apart from the request, since only that one counts into Spotify's quota.
                self._source.connect()
                self._deadline.check()
                self._budget.take()
                return ask()
            except AccessTokenError:
                if renewed:
                    raise
                renewed = True
                self._source.disconnect()
            except ExtractError as fault:
                tries += 1
                self._wait_or_raise(fault, tries)

    def _wait_or_raise(self, fault: ExtractError, tries: int) -> None:
        wait = next((wait for rule in self._rules if (wait := rule(fault, tries)) is not None), None)
        if wait is None or not self._deadline.fits(wait):
            if isinstance(fault, RateLimitedError):
                self._budget.block(fault.retry_at)
            raise fault
        if isinstance(fault, RateLimitedError):
            self.throttled_seconds += wait
        self.repeats += 1
        self._sleep(wait)
