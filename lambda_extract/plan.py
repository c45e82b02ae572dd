"""What to ask Spotify for, and in which order. Pure: states and a moment in, a plan out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_extract.library import Wanted
from lambda_extract.spotify import EMBEDDED_SIZE, PAGE_SIZE
from lambda_extract.state import PlaylistState

READ_ANEW_AFTER = timedelta(days=7)
"""A song that is taken down does not move a playlist's snapshot_id, so each is read anew now and then."""

# A daily run must find a playlist due on the seventh day although it starts a little earlier than a week ago.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class Reading:
    """A playlist to be asked for. `anew` means to read it even where its snapshot_id did not move."""

    wanted: Wanted
    state: PlaylistState | None = None
    anew: bool = False

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
        if self.wanted.total is not None:
            return requests_for(self.wanted.total)
        return requests_for(self.state.rows) if self.state and self.anew else 1


def requests_for(rows: int) -> int:
    """Return the requests that a playlist of so many rows takes: itself with the first 100, a page each 50, a check."""
    return 1 if rows <= EMBEDDED_SIZE else 2 + -(-(rows - EMBEDDED_SIZE) // PAGE_SIZE)


def plan(
    wanted: Iterable[Wanted], states: Mapping[str, PlaylistState | None], *, now: datetime, full: bool
) -> tuple[list[Reading], list[Reading]]:
    """Return what to read, in order, and what is known to be unchanged and costs nothing.

    First the playlists that were never read; then those that changed or may have; last those that are only due. Within
    each, the one that was not seen for the longest time.
    """
    readings = [_reading(one, states.get(one.playlist_id), now=now, full=full) for one in wanted]
    unchanged = [reading for reading in readings if reading.is_known_unchanged and not reading.anew]
    # Sorting is stable: what ties stays in the order in which it was given.
    to_read = sorted((reading for reading in readings if reading not in unchanged), key=_urgency)
    return to_read, unchanged


def _reading(wanted: Wanted, state: PlaylistState | None, *, now: datetime, full: bool) -> Reading:
    due = state is not None and now - datetime.fromisoformat(state.extracted_at) >= READ_ANEW_AFTER - _SLACK
    return Reading(wanted, state, anew=full or due)


def _urgency(reading: Reading) -> tuple[int, str]:
    if reading.state is None:
        return (0, "")
    return (2 if reading.is_known_unchanged else 1, reading.state.seen_at)
