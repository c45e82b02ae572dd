"""What to ask Spotify for, and in which order. Pure: states and a moment in, a plan out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lambda_extract.library import Wanted
from lambda_extract.spotify import EMBEDDED_SIZE, PAGE_SIZE
from lambda_extract.state import PlaylistState

READ_ANEW_AFTER = timedelta(days=7)
"""A song that is taken down does not move a playlist's snapshot_id, so each is read anew now and then."""

# A daily run must find a playlist due on the seventh day although it starts a little earlier than a week ago.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class Reading:
    """A playlist to be asked for. `anew`: even where its snapshot_id did not move; `has_failed`: the last run tried."""

    wanted: Wanted
    state: PlaylistState | None = None
    anew: bool = False
    has_failed: bool = False

    @property
    def is_known_unchanged(self) -> bool:
        """Whether the account's list tells that the playlist is as it was last read."""
        state, wanted = self.state, self.wanted
        return (
            state is not None
            and wanted.snapshot_id is not None
            and wanted.snapshot_id == state.snapshot_id
            and wanted.name == state.name
        )

    @property
    def requests(self) -> int:
        """How many requests it will take, as far as is known."""
        return 1 if self.wanted.total is None else requests_for(self.wanted.total)


def requests_for(rows: int) -> int:
    """Return the requests that a playlist of so many rows takes: itself with the first 100, a page each 50, a check."""
    return 1 if rows <= EMBEDDED_SIZE else 2 + -(-(rows - EMBEDDED_SIZE) // PAGE_SIZE)


def plan(
    wanted: Iterable[Wanted],
    states: Mapping[str, PlaylistState | None],
    *,
    now: datetime,
    full: bool,
    failed: Collection[str],
) -> tuple[list[Reading], list[Reading]]:
    """Return what to read, in order, and what is known to be unchanged and costs nothing.

    First the playlists that were never read; then those that changed or may have; last those that are only due. Within
    each, the one that was not seen for the longest time. Behind all of them those on which the last run failed, so that
    one which always fails takes no other's requests.
    """
    to_read: list[Reading] = []
    unchanged: list[Reading] = []
    for one in wanted:
        state = states.get(one.playlist_id)
        reading = Reading(one, state, anew=full or _is_due(state, now), has_failed=one.playlist_id in failed)
        (unchanged if reading.is_known_unchanged and not reading.anew else to_read).append(reading)
    # Sorting is stable: what ties stays in the order in which it was given.
    return sorted(to_read, key=urgency), unchanged


def requests_after(first: Mapping[str, Any]) -> int:
    """Return how many requests a playlist takes after its first page."""
    rest = first["total"] - len(first["items"])
    return 1 + -(-rest // PAGE_SIZE) if rest > 0 else 0


def _is_due(state: PlaylistState | None, now: datetime) -> bool:
    return state is not None and now - datetime.fromisoformat(state.extracted_at) >= READ_ANEW_AFTER - _SLACK


def urgency(reading: Reading) -> tuple[bool, int, str]:
    """Return what to sort readings by, the most urgent first."""
    if reading.state is None:
        return (reading.has_failed, 0, "")
    return (reading.has_failed, 2 if reading.is_known_unchanged else 1, reading.state.seen_at)
