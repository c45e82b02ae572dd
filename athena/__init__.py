"""The SQL that ships: one statement a file, written in Athena's SQL and also run on DuckDB by the command line."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

VIEWS = (
    "songs",
    "albums",
    "artists",
    "playlists",
    "playlist_items",
    "playlist_songs",
    "song_artists",
    "album_artists",
    "playlist_history",
    "playlist_changes",
    "lost_songs",
)
"""The views in the order in which they can be created: some read views above them."""


def view(name: str) -> str:
    """`CREATE OR REPLACE VIEW …` of one view, its `${…}` placeholders not yet filled."""
    return (FOLDER / "views" / f"{name}.sql").read_text(encoding="utf-8")


def query(name: str) -> str:
    """One of the queries that ship."""
    return (FOLDER / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def question(name: str) -> str:
    """Return the question that a query answers: the first line of its header."""
    return query(name).partition("\n")[0].removeprefix("-- Question:").strip()


def queries() -> tuple[str, ...]:
    """Names of the queries that ship, in alphabetical order."""
    return tuple(sorted(path.stem for path in (FOLDER / "queries").glob("*.sql")))


def publication() -> str:
    """Return the query for the literals that a refresh writes into the views: one row, a column a placeholder."""
    return (FOLDER / "publish" / "literals.sql").read_text(encoding="utf-8")
