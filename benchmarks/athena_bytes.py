"""What the shipped queries read of a lake: as they are, without pruning, and if the tables were CSV.

    make .venv-emulator/.made .venv-trino/.made
    .venv/bin/python -m benchmarks.athena_bytes LAKE

The bytes are those that Trino, the engine that Athena runs, counts as read of files; Athena bills the same, ten
megabytes a query at the least. "Without pruning" is every view over all published dates. CSV is every byte of the
tables that the query reads: nothing in it tells where a column or a date lies. LAKE is what a run has loaded.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

import athena
from load_transform.contract import DATASETS, LOAD_REPORTS
from spotify_etl.catalog import TRANSFORMED, Publication, refresh
from spotify_etl.parameters import literal
from spotify_etl.questions import shipped
from tests.stack.emulator import REGION, Emulator
from tests.trino.catalogue import Catalogue, Database
from tests.trino.conftest import AWS, JAVA_PYTHON
from tests.trino.server import Trino
from tools.trino_server import trino_server

_ORDERS = {
    "playlist_items_data": (
        ("playlist_id", "position"),
        ("song_id", "playlist_id", "position"),
        ("added_at", "playlist_id", "position"),
    ),
    "songs_data": (("song_id",), ("artist_id", "album_id", "song_id"), ("song_name", "song_id")),
}


def main() -> None:
    """Print both tables of the lake that the argument names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path)
    lake: Path = parser.parse_args().lake
    if not (lake / TRANSFORMED).is_dir():
        parser.error(f"{lake} is no lake that was loaded: spotify-etl run --raw FILES --lake {lake}")
    publication = refresh(lake)
    csv = _csv_bytes(lake / TRANSFORMED)
    with (
        Emulator(program=AWS) as aws,
        Trino(trino_server(), JAVA_PYTHON, aws_url=aws.url, region=REGION) as trino,
    ):
        database = Catalogue(aws, trino).register(lake / TRANSFORMED)
        tables = {name: _tables(database, publication, name) for name in athena.queries()}
        as_shipped = _bytes_read(database, publication)
        unpruned = _bytes_read(database, _of_all_dates(publication))
    lines = [
        f"{len(publication.dates)} dates, the newest {max(publication.dates)}",
        "",
        "| query | reads, kB | without pruning | if CSV | CSV to ours |",
        "|---|---:|---:|---:|---:|",
        *(
            _line(f"`{name}`", read, unpruned[name], sum(csv[table] for table in tables[name]))
            for name, read in as_shipped.items()
        ),
        "",
        "| table, a date | sorted by | kB | to the first |",
        "|---|---|---:|---:|",
        *_sorted_sizes(lake / TRANSFORMED, max(publication.dates)),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _line(name: str, read: int, unpruned: int, csv: int) -> str:
    ratio = f"{csv / read:,.1f}" if read else ""
    return f"| {name} | {read / 1e3:,.0f} | {unpruned / 1e3:,.0f} | {csv / 1e3:,.0f} | {ratio} |"


def _bytes_read(database: Database, publication: Publication) -> dict[str, int]:
    """Return what each query that ships reads, with the views that show a publication."""
    database.show(publication)
    return {name: database.ask(shipped(name).with_literals()).bytes_read for name in athena.queries()}


def _of_all_dates(publication: Publication) -> Publication:
    dates = ", ".join(map(literal, publication.dates))
    return replace(publication, literals={**publication.literals, "latest_dates": dates})


def _tables(database: Database, publication: Publication, name: str) -> set[str]:
    """Return the tables that a query reads, by Trino's own word."""
    database.show(publication)
    plan = database.ask(f"EXPLAIN (TYPE IO, FORMAT JSON) {shipped(name).with_literals()}").rows[0][0]
    return {one["table"]["schemaTable"]["table"] for one in json.loads(plan)["inputTableColumnInfos"]}


def _csv_bytes(transformed: Path) -> dict[str, int]:
    """Return the size of each table as CSV, every date of it; lists become JSON."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        readers = {**{dataset.name: "read_parquet" for dataset in DATASETS}, LOAD_REPORTS.rstrip("/"): "read_json"}
        for table, read in readers.items():
            out = Path(scratch, table)
            connection.execute(f"COPY (FROM {read}('{transformed}/{table}/*/*')) TO '{out}' (FORMAT csv)")
            found[table] = out.stat().st_size
    return found


def _sorted_sizes(transformed: Path, date: str) -> Iterator[str]:
    """Yield a row per order in which the rows of a date could lie: the same writer, the same codec."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        out = Path(scratch, "sorted.parquet")
        for table, orders in _ORDERS.items():
            first = 0
            for order in orders:
                files = f"{transformed}/{table}/extract_date={date}/*"
                rows = f"SELECT * FROM read_parquet('{files}') ORDER BY {', '.join(order)}"  # noqa: S608
                connection.execute(f"COPY ({rows}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
                size = out.stat().st_size
                first = first or size
                yield f"| `{table}` | {', '.join(order)} | {size / 1e3:,.0f} | {size / first:.2f} |"


if __name__ == "__main__":
    main()
