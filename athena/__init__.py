"""The SQL that ships: one statement a file, written in Athena's SQL and also run on DuckDB by the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
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


# -- Params:   days 30: what it means
#              and what else is to be said of it
_PARAMETER = re.compile(r"(?P<name>[a-z_]+) (?P<default>'[^']*'|DATE '[^']*'|[^\s:']+): (?P<means>.*)")


@dataclass(frozen=True)
class Parameter:
    """A `:name` placeholder of a query, as its header documents it; `default` is a literal of SQL."""

    name: str
    default: str
    means: str


def view(name: str) -> str:
    """`CREATE OR REPLACE VIEW …` of one view, its `${…}` placeholders not yet filled."""
    return (FOLDER / "views" / f"{name}.sql").read_text(encoding="utf-8")


def query(name: str) -> str:
    """One of the queries that ship."""
    return (FOLDER / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def question(name: str) -> str:
    """Return the question that a query answers: the first line of its header."""
    return query(name).partition("\n")[0].removeprefix("-- Question:").strip()


def parameters(name: str) -> tuple[Parameter, ...]:
    """Return the parameters of a query in the order of its header, under `Params:`."""
    found: list[Parameter] = []
    block = ""
    for line in query(name).splitlines():
        if not line.startswith("--"):
            break
        if match := re.match(r"-- ([A-Z]\w+):", line):
            block = match[1]
        if block != "Params":
            continue
        text = line.removeprefix("--").strip().removeprefix("Params:").strip()
        if match := _PARAMETER.fullmatch(text):
            found.append(Parameter(**match.groupdict()))
        elif found:
            found[-1] = Parameter(found[-1].name, found[-1].default, f"{found[-1].means} {text}")
    return tuple(found)


def queries() -> tuple[str, ...]:
    """Names of the queries that ship, in alphabetical order."""
    return tuple(sorted(path.stem for path in (FOLDER / "queries").glob("*.sql")))


def publication() -> str:
    """Return the query for the literals that a refresh writes into the views: one row, a column a placeholder."""
    return (FOLDER / "publish" / "literals.sql").read_text(encoding="utf-8")
