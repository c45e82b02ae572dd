"""What the report knows: the answers to its questions, and nothing else. No id of a person is among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import athena
from spotify_etl.questions import shipped
from spotify_etl.sql import QueryResult

Ask = Callable[[str], QueryResult]
"""Answers one statement of Athena SQL: on a lake, or on a stack's Athena."""

Row = dict[str, Any]
Rows = Sequence[Row]

SHARED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "additions": ("songs_added_per_month", {}),
    "decades": ("releases_per_decade", {}),
    "top_artists": ("top_artists", {"artists": "20"}),
    "explicit_share": ("explicit_share", {"playlists": "20"}),
    "overlap": ("playlist_overlap", {"pairs": "20"}),
}
"""Questions that the report has in common with the queries that ship (`athena/queries`), and their parameters."""

OWN = (
    "lost_songs",
    "lost_by_playlist",
    "library",
    "not_read",
    "changes_by_week",
    "newest_changes",
    "durations",
    "loads",
)
"""Questions of its own: `athena/report`."""


@dataclass(frozen=True)
class Facts:
    """The answers, each as its query's header describes the rows. `held` are dates that a quality gate holds."""

    lost_songs: Rows
    lost_by_playlist: Rows
    library: Row
    not_read: Rows
    additions: Rows
    decades: Rows
    top_artists: Rows
    changes_by_week: Rows
    newest_changes: Rows
    explicit_share: Rows
    durations: Rows
    overlap: Rows
    loads: Rows
    held: str

    @property
    def is_empty(self) -> bool:
        """Whether there is no playlist now, and none was known before."""
        return not self.library["playlists"] and not self.library["dates"]


def statements() -> dict[str, str]:
    """Return every question of the report by its name in `Facts`, in Athena SQL."""
    asked = {name: _text("report", name) for name in OWN}
    asked |= {name: shipped(query, given).with_literals() for name, (query, given) in SHARED.items()}
    # Since ever: a moment that is before every load.
    asked["held"] = _text("publish", "held").replace("${since}", "")
    return asked


def gather(ask: Ask) -> Facts:
    """Ask everything, one question after the other."""
    answers = {name: _rows(ask(statement)) for name, statement in statements().items()}
    return Facts(**{**answers, "library": answers["library"][0], "held": answers["held"][0]["told"]})


def _rows(answer: QueryResult) -> list[Row]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _text(folder: str, name: str) -> str:
    return (athena.FOLDER / folder / f"{name}.sql").read_text(encoding="utf-8")
