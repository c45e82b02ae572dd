"""A question to Athena, answered as `spotify_etl.sql` answers it on a local lake."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from spotify_etl.sql import QueryError, QueryResult, check_reads
from spotify_etl.stack.aws_errors import code, message

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

_POLL_SECONDS = 0.5
_AT_WORK = {"QUEUED", "RUNNING"}
# A load deletes a date's old files after it has added the new ones: a query in flight may look for one.
_FILE_GONE = re.compile(
    r"HIVE_CANNOT_OPEN_SPLIT|HIVE_FILESYSTEM_ERROR|NoSuchKey|key does not exist|HIVE_CURSOR_ERROR.*404"
)
_LIMIT = re.compile(r"bytes scanned limit|BytesScannedCutoff|exceeded.*limit.*bytes", re.IGNORECASE)

_WHOLE = {"tinyint", "smallint", "integer", "bigint", "int"}
_FRACTIONS = {"double", "float", "real"}


@dataclass(frozen=True)
class Answer:
    """What Athena answered, how many bytes it read, and in how many seconds."""

    result: QueryResult
    scanned: int
    seconds: float


class _GoneError(QueryError):
    """A file went away under the query."""


def ask(
    client: AthenaClient,
    statement: str,
    *,
    work_group: str,
    database: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Answer one reading statement. Asked once more when a file was gone.

    Raises
    ------
    QueryError
        For anything else than one reading statement, and for what Athena refuses.
    """
    check_reads(statement)
    # Athena takes no semicolon behind a SHOW or DESCRIBE.
    text = statement.strip().rstrip(";").strip()
    try:
        return _ask(client, text, work_group, database, sleep)
    except _GoneError:
        return _ask(client, text, work_group, database, sleep)


def _ask(client: AthenaClient, text: str, work_group: str, database: str, sleep: Callable[[float], None]) -> Answer:
    try:
        query = client.start_query_execution(
            QueryString=text, WorkGroup=work_group, QueryExecutionContext={"Database": database}
        )["QueryExecutionId"]
    except ClientError as error:
        if code(error) == "InvalidRequestException":
            raise QueryError(message(error)) from None
        raise
    try:
        done = _wait(client, query, sleep)
    except KeyboardInterrupt:
        # Whoever does not wait does not want to pay for it either.
        client.stop_query_execution(QueryExecutionId=query)
        raise
    status = done.get("Status", {})
    if status.get("State") != "SUCCEEDED":
        raise _fault(status.get("AthenaError", {}).get("ErrorMessage") or status.get("StateChangeReason", ""))
    statistics = done.get("Statistics", {})
    return Answer(
        _result(client, query, has_header=done.get("StatementType", "DML") == "DML"),
        statistics.get("DataScannedInBytes", 0),
        statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
    )


def _wait(client: AthenaClient, query: str, sleep: Callable[[float], None]) -> QueryExecutionTypeDef:
    while True:
        done = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        if done.get("Status", {}).get("State") not in _AT_WORK:
            return done
        sleep(_POLL_SECONDS)


def _fault(reason: str) -> QueryError:
    text = " ".join(reason.split()) or "Athena gives no reason."
    if _FILE_GONE.search(text):
        return _GoneError(text)
    if _LIMIT.search(text):
        return QueryError(
            f"{text} Query the views rather than the _data tables, or raise the stack's parameter ScanLimitBytes."
        )
    return QueryError(text)


def _result(client: AthenaClient, query: str, *, has_header: bool) -> QueryResult:
    rows: list[tuple[str | None, ...]] = []
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    for page in client.get_paginator("get_query_results").paginate(QueryExecutionId=query):
        told = page["ResultSet"]
        described = told.get("ResultSetMetadata", {}).get("ColumnInfo", [])
        columns = tuple(one["Name"] for one in described)
        types = tuple(one["Type"] for one in described)
        rows += [tuple(value.get("VarCharValue") for value in row.get("Data", [])) for row in told.get("Rows", [])]
    # A SELECT's first row repeats the names; a SHOW has rows alone.
    if has_header and rows and rows[0] == columns:
        rows = rows[1:]
    return QueryResult(columns, types, [_row(row, types) for row in rows])


def _row(row: tuple[str | None, ...], types: tuple[str, ...]) -> tuple[object, ...]:
    """Return a row in plain Python values. Fields that Athena leaves out at a row's end are null."""
    padded = (*row, *[None] * (len(types) - len(row)))
    return tuple(None if text is None else _value(text, kind) for text, kind in zip(padded, types, strict=False))


def _value(text: str, kind: str) -> object:
    """Return a value by its type; arrays, rows and maps stay in Athena's writing, which cannot be read back."""
    reader: Callable[[str], Any] = str
    if kind in _WHOLE:
        reader = int
    elif kind in _FRACTIONS:
        reader = float
    elif kind == "boolean":
        reader = {"true": True, "false": False}.__getitem__
    elif kind.startswith("decimal"):
        reader = Decimal
    elif kind == "date":
        reader = dt.date.fromisoformat
    elif kind == "timestamp":
        reader = dt.datetime.fromisoformat
    try:
        return reader(text)
    except (ValueError, KeyError, ArithmeticError):
        return text
