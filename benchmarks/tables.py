"""What was written: its content as one number a dataset, whoever wrote it, its bytes and its files."""

from __future__ import annotations

from pathlib import Path

import duckdb

from load_transform.contract import ALBUMS, ARTISTS, PARTITION, SONGS, Dataset

COMPARED = (ALBUMS, ARTISTS, SONGS)

Content = dict[str, tuple[int, int]]
"""By dataset: how many rows, and a sum of their hashes, in which their order and their files make no difference."""

_TYPES = {"string": "VARCHAR", "array<string>": "VARCHAR[]"}


def content(tables: Path) -> Content:
    """Return what the compared datasets hold: all columns of the data contract but for `load_id`, cast to its types."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return {dataset.name: _content(connection, tables, dataset) for dataset in COMPARED}


def size(tables: Path) -> tuple[int, int]:
    """Return the bytes and the number of the compared datasets' Parquet files."""
    sizes = [path.stat().st_size for dataset in COMPARED for path in (tables / dataset.name).rglob("*.parquet")]
    return sum(sizes), len(sizes)


def differing(one: Content, other: Content) -> list[str]:
    """Return the names of the datasets that are not equal."""
    return [name for name in one if one[name] != other.get(name)]


def _content(connection: duckdb.DuckDBPyConnection, tables: Path, dataset: Dataset) -> tuple[int, int]:
    declared = [(name, kind) for name, kind in dataset.columns if name != "load_id"]
    values = ", ".join(f"CAST({name} AS {_TYPES.get(kind, kind)})" for name, kind in [*declared, (PARTITION, "string")])
    found = connection.execute(
        f"SELECT count(*), coalesce(sum(hash({values})::HUGEINT), 0) FROM read_parquet($files, "  # noqa: S608
        "hive_partitioning = true, hive_types_autocast = false)",
        {"files": f"{tables}/{dataset.name}/*/*.parquet"},
    ).fetchone()
    rows, total = found or (0, 0)
    return int(rows), int(total)
