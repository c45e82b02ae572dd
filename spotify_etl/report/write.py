"""The report of a lake of this machine, and its file."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lambda_extract.handler import utc_now
from spotify_etl import catalog, sql
from spotify_etl.report import page

DEFAULT_NAME = "report.html"


def of_lake(root: Path) -> str:
    """Return the report on a lake as its views show it, as HTML."""
    connection = catalog.connect(root)
    try:
        return page.build(lambda statement: sql.run(connection, statement), utc_now())
    finally:
        connection.close()


def replace(path: Path, html: str) -> None:
    """Write the report so that a reader sees the old page or the new one."""
    catalog.write_atomically(path, html)


def into_lake(root: Path) -> tuple[Path | None, str]:
    """Make a lake's report in its folder; return its path, or None and why there is none.

    Data is published whether or not a page can be made of it. Without a new page the old one goes: it may show what was
    forgotten since.
    """
    path = root / DEFAULT_NAME
    try:
        replace(path, of_lake(root))
    except (sql.QueryError, duckdb.Error, OSError) as error:
        path.unlink(missing_ok=True)
        reason = str(error).partition("\n")[0]
        return None, f"could be made: {reason} `spotify-etl report --lake {root}` tries again."
    return path, ""
