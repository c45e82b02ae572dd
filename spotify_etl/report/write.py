"""The report of a lake of this machine, and its file."""

from __future__ import annotations

from pathlib import Path

from lambda_extract.handler import utc_now
from spotify_etl import catalog, sql
from spotify_etl.report import page


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
