"""Answer one statement of Athena SQL over the tables, partitions and views of an emulated catalogue.

Standard input: {"query", "tables": [{"table": a Glue table, "files": [[partition's value, path]…]}…], "views": [SQL…]};
standard output: {"columns", "column_types", "rows"} with values as Athena's result texts are. Tables have the columns
that the catalogue declares, in their types: what is not declared is not seen, a column that no file has is null.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import duckdb

from spotify_etl.catalog import duckdb_type, quoted
from spotify_etl.parameters import literal
from spotify_etl.sql import QueryError, prepare, run, translate

Json = dict[str, Any]


def main() -> int:
    """Answer, or say in one line why not."""
    asked = json.load(sys.stdin)
    connection = duckdb.connect(":memory:")
    prepare(connection)
    for one in asked["tables"]:
        _register(connection, one["table"], one["files"])
    _create_views(connection, asked["views"])
    try:
        if re.search(r"CREATE\s+OR\s+REPLACE\s+VIEW", asked["query"], re.IGNORECASE):
            connection.execute(translate(asked["query"]))
            json.dump({"columns": [], "column_types": [], "rows": []}, sys.stdout)
            return 0
        result = run(connection, asked["query"])
    except (QueryError, duckdb.Error) as error:
        sys.stderr.write(str(error).replace("\n", " ") + "\n")
        return 1
    rows = [[None if value is None else _text(value) for value in row] for row in result.rows]
    json.dump({"columns": result.columns, "column_types": result.types, "rows": rows}, sys.stdout)
    return 0


def _create_views(connection: duckdb.DuckDBPyConnection, views: list[str]) -> None:
    """Create the views in whatever order they can be created in: some read others."""
    left = list(views)
    while left:
        failed = []
        for view in left:
            try:
                connection.execute(translate(view))
            except duckdb.CatalogException:
                failed.append(view)
        if len(failed) == len(left):
            return
        left = failed


def _register(connection: duckdb.DuckDBPyConnection, table: Json, files: list[list[str]]) -> None:
    storage = table["StorageDescriptor"]
    columns = {column["Name"]: duckdb_type(column["Type"]) for column in storage["Columns"]}
    keys = [key["Name"] for key in table["PartitionKeys"]]
    name = quoted(table["Name"])
    parts = []
    for value, path in files:
        selected = [*_columns(path, columns, table), *(f"{literal(value)} AS {quoted(key)}" for key in keys)]
        parts.append(f"SELECT {', '.join(selected)} FROM {_source(path, columns, table)}")
    if not parts:
        kinds = {**columns, **dict.fromkeys(keys, "VARCHAR")}
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(column)}" for column, kind in kinds.items())
        parts = [f"SELECT {nothing} WHERE false"]
    connection.execute(f"CREATE VIEW {name} AS {' UNION ALL '.join(parts)}")


def _is_parquet(table: Json) -> bool:
    return str(table["StorageDescriptor"]["InputFormat"]).endswith("MapredParquetInputFormat")


def _source(path: str, columns: dict[str, str], table: Json) -> str:
    if _is_parquet(table):
        return f"read_parquet({literal(path)})"
    declared = ", ".join(f"{quoted(column)}: {literal(kind)}" for column, kind in columns.items())
    return f"read_json({literal(path)}, format = 'newline_delimited', columns = {{{declared}}})"


def _columns(path: str, columns: dict[str, str], table: Json) -> list[str]:
    if not _is_parquet(table):
        return [quoted(column) for column in columns]
    described = duckdb.execute(f"DESCRIBE SELECT * FROM {_source(path, columns, table)}")
    there = {row[0] for row in described.fetchall()}
    return [
        f"CAST({quoted(column) if column in there else 'NULL'} AS {kind}) AS {quoted(column)}"
        for column, kind in columns.items()
    ]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return json.dumps(value, default=str)
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
