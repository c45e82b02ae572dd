"""The local catalogue: the curated zone's files as the tables and views that Athena shows.

Tables read the files as they are now. Views show what was published last: `refresh` computes the dates and loads
that they read and keeps them in `published.json` in the lake's root.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb

import athena
from load_transform.contract import DATASETS, LOAD_REPORT_COLUMNS, LOAD_REPORTS, PARTITION, Dataset
from spotify_etl.parameters import literal
from spotify_etl.sql import prepare, retried, run, translate

PUBLISHED = "published.json"
TRANSFORMED = "transformed"

# SQL is put together here from the contract's names and from paths that `literal` quotes: hence the S608 below.
_NOTHING = "''"
_PLACEHOLDERS = ("latest_dates", "latest_load_ids", "published_dates", "run_dates", "newest_date")

# One level below the partition folder and nothing that Spark or Athena take for hidden: what a running or killed
# load keeps under `_temporary/` or `.spark-staging…/` is never read.
_PARTITION_FILES = f"{PARTITION}=*/[!._]*"

_DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "array<string>": "VARCHAR[]",
    "map<string,bigint>": "MAP(VARCHAR, BIGINT)",
    "map<string,double>": "MAP(VARCHAR, DOUBLE)",
}


@dataclass(frozen=True)
class Publication:
    """What the views show: the SQL text of each literal in them. `Publication()` is the one before the first."""

    literals: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(_PLACEHOLDERS, _NOTHING))

    @property
    def latest_dates(self) -> tuple[str, ...]:
        """Dates that the latest views read; several only in a lake without runs."""
        return tuple(text.strip("'") for text in self.literals["latest_dates"].split(", ") if text != _NOTHING)

    @property
    def dates(self) -> tuple[str, ...]:
        """Every date that the views over time read, oldest first."""
        return tuple(date for date in self.literals["published_dates"].strip("'").split(",") if date)

    def fill(self, sql: str) -> str:
        """Replace each `${placeholder}` of a view by its literal."""
        for name, text in self.literals.items():
            sql = sql.replace(f"${{{name}}}", text)
        return sql


def connect(lake_root: Path) -> duckdb.DuckDBPyConnection:
    """Open the lake for reading: the five tables, `load_reports`, and the views as last published.

    The connection sees no file outside `transformed/` and cannot be reconfigured. A dataset that has no file yet is
    an empty table; a lake that was never published has empty views.
    """
    connection = _open_tables(lake_root)
    publication = published(lake_root)
    for name in athena.VIEWS:
        connection.execute(translate(publication.fill(athena.view(name))))
    _lock_down(connection, lake_root / TRANSFORMED)
    return connection


def published(lake_root: Path) -> Publication:
    """Return what the views show now."""
    try:
        kept = json.loads((lake_root / PUBLISHED).read_text(encoding="utf-8"))["literals"]
        return Publication({name: kept.get(name, _NOTHING) for name in _PLACEHOLDERS})
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        # None yet, or a damaged one: the next refresh writes it anew.
        return Publication()


def refresh(lake_root: Path) -> Publication:
    """Publish every date that is loaded to its end. Readers see the old publication or the new one, never a mix."""
    connection = _open_tables(lake_root)
    try:
        result = run(connection, athena.publication())
    finally:
        connection.close()
    publication = Publication(dict(zip(result.columns, map(str, result.rows[0]), strict=True)))
    write_atomically(lake_root / PUBLISHED, json.dumps({"literals": publication.literals}, indent=2) + "\n")
    return publication


def _open_tables(lake_root: Path) -> duckdb.DuckDBPyConnection:
    """Open a connection that knows the tables and no view yet."""
    connection = duckdb.connect(":memory:")
    prepare(connection)
    transformed = lake_root.absolute() / TRANSFORMED
    for dataset in DATASETS:
        retried(partial(_register_dataset, connection, transformed, dataset))
    retried(partial(_register_load_reports, connection, transformed))
    return connection


def _register_dataset(connection: duckdb.DuckDBPyConnection, transformed: Path, dataset: Dataset) -> None:
    columns = {name: duckdb_type(kind) for name, kind in (*dataset.columns, (PARTITION, "string"))}
    folder = transformed / dataset.prefix
    pattern = f"{_PARTITION_FILES}.parquet"
    if not any(folder.glob(pattern)):
        _register_empty(connection, dataset.name, columns)
        return
    source = (
        f"read_parquet({_pattern(folder, pattern)}, hive_partitioning = true, hive_types_autocast = false,"
        " union_by_name = true)"
    )
    there = {row[0].lower() for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
    # The contract decides: its columns in its order and types. A column that no file has yet is NULL.
    selected = (
        f"CAST({quoted(name) if name in there else 'NULL'} AS {kind}) AS {quoted(name)}"
        for name, kind in columns.items()
    )
    connection.execute(f"CREATE OR REPLACE VIEW {dataset.name} AS SELECT {', '.join(selected)} FROM {source}")  # noqa: S608


def _register_load_reports(connection: duckdb.DuckDBPyConnection, transformed: Path) -> None:
    columns = {name: duckdb_type(kind) for name, kind in LOAD_REPORT_COLUMNS}
    name = LOAD_REPORTS.rstrip("/")
    folder = transformed / LOAD_REPORTS
    pattern = f"{_PARTITION_FILES}.json"
    if not any(folder.glob(pattern)):
        _register_empty(connection, name, {**columns, PARTITION: "VARCHAR"})
        return
    declared = ", ".join(f"{quoted(column)}: {literal(kind)}" for column, kind in columns.items())
    selected = ", ".join(quoted(column) for column in (*columns, PARTITION))
    source = (
        f"read_json({_pattern(folder, pattern)}, format = 'newline_delimited', columns = {{{declared}}},"
        " hive_partitioning = true, hive_types_autocast = false)"
    )
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {selected} FROM {source}")  # noqa: S608


def _register_empty(connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str]) -> None:
    selected = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(column)}" for column, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {selected} WHERE false")


def _lock_down(connection: duckdb.DuckDBPyConnection, transformed: Path) -> None:
    """Leave the connection nothing but the lake's curated files: an analyst on Athena has no more either."""
    folder = str(transformed.absolute())
    # A pattern is compared as it is written, a file as it is named.
    allowed = ", ".join(literal(path) for path in (folder, _escaped(folder)))
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def duckdb_type(glue_type: str) -> str:
    """Return DuckDB's name of a type of the Glue catalogue."""
    if glue_type.startswith("struct<"):
        fields = (part.split(":") for part in glue_type.removeprefix("struct<").removesuffix(">").split(","))
        return f"STRUCT({', '.join(f'{quoted(name)} {kind.upper()}' for name, kind in fields)})"
    return _DUCKDB_TYPES.get(glue_type, glue_type.upper())


def _pattern(folder: Path, pattern: str) -> str:
    return literal(f"{_escaped(str(folder))}/{pattern}")


def _escaped(path: str) -> str:
    """Return a path whose glob characters stand for themselves."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in path)


def quoted(name: str) -> str:
    """Return a name as an identifier of DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
