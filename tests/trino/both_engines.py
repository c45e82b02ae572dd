"""One answer from two engines: values of DuckDB written as Trino's protocol writes them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp

from spotify_etl.sql import QueryResult
from tests.trino.server import Answered

_RELATIVE_ERROR = 1e-12


def same(local: QueryResult, remote: Answered, sql: str, *, loosely: bool = False) -> list[str]:
    """Say what differs: names, types or rows; in the order of the rows where the statement has one.

    `loosely` takes a double for a decimal of the same value, since DuckDB divides decimals as doubles, and any type for
    a NULL to which DuckDB gives none.
    """
    told = []
    if local.columns != remote.columns:
        told.append(f"columns: {local.columns} and {remote.columns}")
    kinds = tuple(map(_bare_type, local.types)), tuple(map(_bare_type, remote.types))
    if loosely:
        kinds = _loose(kinds[0]), _loose(kinds[1], unknown=kinds[0])
    if kinds[0] != kinds[1]:
        told.append(f"types: {kinds[0]} and {kinds[1]}")
    here = [tuple(map(as_told, row)) for row in local.rows]
    there = [tuple(map(_without_zone, row)) for row in remote.rows]
    if not is_ordered(sql):
        here, there = sorted(here, key=repr), sorted(there, key=repr)
    if len(here) != len(there):
        told.append(f"{len(here)} and {len(there)} rows")
    for number, (one, other) in enumerate(zip(here, there, strict=False)):
        if not _alike(one, other):
            told.append(f"row {number}: {one} and {other}")
            break
    return told


def is_ordered(sql: str) -> bool:
    """Tell whether a statement says the order of its rows."""
    return sqlglot.parse_one(sql, read="athena").args.get("order") is not None


def as_told(value: object) -> object:
    """Return a value of DuckDB as Trino's protocol tells it."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(" ", "milliseconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Sequence):
        return [as_told(one) for one in value]
    if isinstance(value, dict):
        return {key: as_told(one) for key, one in value.items()}
    raise TypeError(type(value))


def _without_zone(value: Any) -> Any:
    """Cut a time to milliseconds without its zone, which is UTC: DuckDB has microseconds, Trino's default is three."""
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?( UTC)?", value)):
        return f"{match[1]}{(match[2] or '.')[:4].ljust(4, '0')}"
    return value


def _bare_type(kind: str) -> str:
    """Return a type without lengths and precisions: those of literals differ."""
    return re.sub(r"\(\d+(?:, ?\d+)?\)", "", kind)


def _loose(kinds: Sequence[str], unknown: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the types with double for decimal, and `unknown` where the other engine gives a NULL no type."""
    others = unknown or kinds
    return tuple(
        "unknown" if other == "unknown" else "double" if kind == "decimal" else kind
        for kind, other in zip(kinds, others, strict=True)
    )


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, str):
        other = float(other)
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_RELATIVE_ERROR)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict) and isinstance(other, list):
        # Trino tells a row type by position.
        return _alike(list(one.values()), other)
    return bool(one == other)


def selects(sql: str) -> bool:
    """Tell whether a statement asks for rows."""
    return isinstance(sqlglot.parse_one(sql, read="athena"), exp.Query)
