"""Athena SQL on DuckDB: the same statements that run in the cloud, translated and run on this machine.

What DuckDB answers differently by default is set or rewritten here, so that a number found locally is Athena's.
Two looser habits of DuckDB stay: it compares a string with a date where Athena asks for a cast, and it divides
decimals as doubles.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from load_transform.contract import DATASETS

TABLES = (*(dataset.name for dataset in DATASETS), "load_reports")
"""The tables as the crawlers name them; everything else that a connection shows is a view."""

_SETTINGS = (
    "SET integer_division = true",
    "SET error_on_division_by_zero = true",
    "SET default_null_order = 'nulls_last'",
    "SET TimeZone = 'UTC'",
    "SET enable_progress_bar = false",
    # A name that is no table must not become a variable of the Python program that asks.
    "SET python_enable_replacements = false",
)

_T = TypeVar("_T")

_NO_VALUES: Mapping[str, object] = MappingProxyType({})

_WRITES = (exp.DDL, exp.DML, exp.Command, exp.Into)
_READS = (exp.Query, exp.Values)

_NAME = r'"?(?P<name>[^"\s;]+)"?'
_SHOW_TABLES = re.compile(r"SHOW\s+(?P<what>TABLES|VIEWS)", re.IGNORECASE)
_DESCRIBE = re.compile(rf"(?:DESCRIBE|DESC|SHOW\s+COLUMNS\s+(?:FROM|IN))\s+{_NAME}", re.IGNORECASE)

_ATHENA_TYPES = {
    "BLOB": "varbinary",
    "FLOAT": "real",
    "HUGEINT": "bigint",
    "INTEGER": "integer",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP_S": "timestamp",
    '"NULL"': "unknown",
}


class QueryError(Exception):
    """A statement that could not be answered; the text is the engine's, for people."""


@dataclass(frozen=True)
class QueryResult:
    """What a statement answered: column names, their types in Athena's names, and the rows as plain Python values."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[object, ...]]


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a connection answer as Athena does. What `translate` returns runs only on such a connection."""
    for statement in _SETTINGS:
        connection.execute(statement)


@lru_cache(maxsize=64)
def translate(sql: str) -> str:
    """Return one statement of Athena SQL as DuckDB's SQL.

    Raises
    ------
    QueryError
        When the text is not exactly one statement of Athena SQL.
    """
    return _to_duckdb(_parse(sql))


def run(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object] = _NO_VALUES) -> QueryResult:
    """Answer one reading statement: a query, `SHOW TABLES`, `SHOW VIEWS`, `SHOW COLUMNS FROM x` or `DESCRIBE x`.

    A query in flight may lose a file to a load that replaces its date: it is asked once more. `values` are those of its
    `:name` placeholders, no more and no fewer; they reach the engine beside the statement.

    Raises
    ------
    QueryError
        For anything else than one reading statement, and for what the engine refuses.
    """
    text = _bare(sql)
    if match := _SHOW_TABLES.fullmatch(text):
        return _listing(connection, views_only=match["what"].upper() == "VIEWS")
    if match := _DESCRIBE.fullmatch(text):
        return _description(connection, match["name"])
    translated = _to_duckdb(_with_decimals(_reading(text), values))
    try:
        return retried(lambda: _answer(connection, translated, values))
    except duckdb.Error as error:
        raise QueryError(_explained(connection, error)) from error


def check_reads(sql: str) -> None:
    """Make sure that a text is one statement that `run` would take, wherever it is to be asked.

    Raises
    ------
    QueryError
        If it is not.
    """
    text = _bare(sql)
    if not (_SHOW_TABLES.fullmatch(text) or _DESCRIBE.fullmatch(text)):
        _reading(text)


def retried(ask: Callable[[], _T]) -> _T:
    """Ask once more when a file was gone: a load deletes a date's old files after it has added the new ones."""
    try:
        return ask()
    except duckdb.IOException:
        return ask()


def relations(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the tables and of the views that there are, each in alphabetical order."""
    found = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY table_name").fetchall()
    names = [str(name) for (name,) in found]
    return tuple(n for n in names if n in TABLES), tuple(n for n in names if n not in TABLES)


def _bare(sql: str) -> str:
    return sql.strip().rstrip(";").strip()


def _reading(text: str) -> exp.Expr:
    statement = _parse(text)
    if not isinstance(statement, _READS) or statement.find(*_WRITES):
        raise QueryError("Only statements that read are allowed: SELECT, WITH, VALUES, SHOW TABLES, DESCRIBE.")
    return statement


def _parse(sql: str) -> exp.Expr:
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="athena") if statement is not None]
    except SqlglotError as error:
        raise QueryError(_plain(str(error))) from error
    except RecursionError as error:
        raise QueryError("The statement is nested too deeply.") from error
    if len(statements) != 1:
        raise QueryError(f"Expected one statement, got {len(statements)}.")
    return statements[0]


def _to_duckdb(statement: exp.Expr) -> str:
    rewritten = statement.copy()
    # From the leaves up: what a rewritten call holds is rewritten before it.
    for node in reversed(list(rewritten.dfs())):
        better = _as_athena_computes(node)
        if better is not node:
            rewritten = better if node is rewritten else rewritten
            node.replace(better)
    return _with_names(rewritten).sql(dialect="duckdb")


def _with_decimals(statement: exp.Expr, values: Mapping[str, object]) -> exp.Expr:
    """Give a decimal that is bound the type of its literal: DuckDB has no place for the zero of 0.5, and writes .5."""
    for placeholder in list(statement.find_all(exp.Placeholder)):
        value = values.get(placeholder.name)
        if isinstance(value, Decimal):
            whole, _, fraction = f"{value:f}".lstrip("-").partition(".")
            kind = f"DECIMAL({len(whole) + len(fraction)}, {len(fraction)})"
            placeholder.replace(exp.cast(placeholder.copy(), kind))
    return statement


def _with_names(statement: exp.Expr) -> exp.Expr:
    """Call a column that has no name `_col0`, `_col1`, … as Athena does, not by DuckDB's text of its expression."""
    outermost = statement
    while isinstance(outermost, exp.SetOperation | exp.Subquery):
        outermost = outermost.this
    if isinstance(outermost, exp.Select) and not outermost.is_star:
        named = [
            column if isinstance(column, exp.Alias | exp.Column) else exp.alias_(column, f"_col{number}")
            for number, column in enumerate(outermost.selects)
        ]
        outermost.set("expressions", named)
    return statement


def _as_athena_computes(node: exp.Expr) -> exp.Expr:
    """Rewrite the calls whose answer differs although both engines know them."""
    if isinstance(node, exp.Add | exp.Sub | exp.DateAdd):
        return _shift(node)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.to.is_type(exp.DType.TIMESTAMP):
        return _in_full(node)
    if isinstance(node, exp.DateDiff):
        # Athena counts whole units; DuckDB's date_diff counts the boundaries between them.
        return _call("date_sub", _unit(node), node.expression, node.this)
    if isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        return _as_typed(_call("date_trunc", _unit(node), node.this), node.this)
    if isinstance(node, exp.ArgMax | exp.ArgMin) and not node.args.get("count"):
        # Athena gives the value of that row, DuckDB the first that is not null.
        return _call(f"{node.sql_name().lower()}_null", node.this, node.expression)
    return node


def _shift(node: exp.Expr) -> exp.Expr:
    """Rewrite what adds an interval to a date or a time; any other sum stays."""
    moment, step = node.this, node.expression
    if isinstance(node, exp.DateAdd):
        step = exp.Interval(this=step, unit=node.args["unit"])
    elif isinstance(node, exp.Add) and isinstance(moment, exp.Interval):
        moment, step = step, moment
    if not isinstance(step, exp.Interval):
        return node
    moved = exp.Sub if isinstance(node, exp.Sub) else exp.Add
    return _as_typed(moved(this=exp.paren(moment), expression=step), moment)


def _in_full(node: exp.Cast) -> exp.Expr:
    """Give a literal of a time the type that columns have: a TIMESTAMP_S loses what is added to its seconds."""
    digits = len(node.this.name.partition(".")[2])
    return exp.cast(node.this, "TIMESTAMP") if all(int(given.name) >= digits for given in node.to.expressions) else node


def _as_typed(moved: exp.Expr, moment: exp.Expr) -> exp.Expr:
    """Keep a date a date, as Athena does; DuckDB makes a timestamp of it. Which one it is, only the engine knows."""
    return _call("cast_to_type", moved, moment.copy())


def _unit(node: exp.Expr) -> exp.Expr:
    return exp.Literal.string(node.text("unit").lower())


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Call a function by its name in DuckDB, whatever the parser would make of that name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def _answer(connection: duckdb.DuckDBPyConnection, translated: str, values: Mapping[str, object]) -> QueryResult:
    relation = connection.sql(translated, params=dict(values)) if values else connection.sql(translated)
    types = [str(kind) for kind in relation.types]
    columns = tuple(relation.columns)
    zoned = [kind == "TIMESTAMP WITH TIME ZONE" for kind in types]
    if any(zoned):
        # DuckDB hands out zoned times only where pytz is installed; the zone is always UTC here.
        relation = relation.project(
            ", ".join(
                f"CAST(#{number} AS TIMESTAMP)" if is_zoned else f"#{number}"
                for number, is_zoned in enumerate(zoned, start=1)
            )
        )
    rows: list[tuple[object, ...]] = relation.fetchall()
    if any(zoned):
        rows = [tuple(_in_utc(value) if z else value for value, z in zip(row, zoned, strict=True)) for row in rows]
    return QueryResult(columns, tuple(_athena_type(kind) for kind in types), rows)


def _in_utc(value: object) -> object:
    return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value


def _athena_type(duckdb_type: str) -> str:
    if duckdb_type.endswith("[]"):
        return f"array({_athena_type(duckdb_type[:-2])})"
    if duckdb_type.startswith(("STRUCT", "MAP")):
        kind = exp.DataType.build(duckdb_type, dialect="duckdb")
        return kind.sql(dialect="athena").lower()
    return _ATHENA_TYPES.get(duckdb_type, duckdb_type.lower())


def _listing(connection: duckdb.DuckDBPyConnection, *, views_only: bool) -> QueryResult:
    tables, views = relations(connection)
    names = views if views_only else sorted((*tables, *views))
    return QueryResult(("table_name",), ("varchar",), [(name,) for name in names])


def _description(connection: duckdb.DuckDBPyConnection, name: str) -> QueryResult:
    found = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position",
        [name.lower()],
    ).fetchall()
    if not found:
        raise QueryError(f"Table with name {name} does not exist!\n{_what_there_is(connection)}")
    rows: list[tuple[object, ...]] = [(column, _athena_type(kind)) for column, kind in found]
    return QueryResult(("column", "type"), ("varchar", "varchar"), rows)


def _explained(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> str:
    message = str(error)
    if isinstance(error, duckdb.CatalogException) and "Table with name" in message:
        # DuckDB guesses at its own system tables here, which helps nobody.
        message = re.sub(r"\nDid you mean [^\n]*", "", message).rstrip()
        return f"{message}\n{_what_there_is(connection)}"
    return message


def _what_there_is(connection: duckdb.DuckDBPyConnection) -> str:
    tables, views = relations(connection)
    return f"Tables: {', '.join(tables)}\nViews: {', '.join(views)}"


def _plain(message: str) -> str:
    """Return the parser's message without its terminal colours and the insides of its tokens."""
    message = re.sub(r"\x1b\[\d*m", "", message)
    message = re.sub(r"<Token token_type: .*?, text: (.*?), line: [^>]*>", r"\1", message)
    return message.replace("SENTINEL", "the end")
