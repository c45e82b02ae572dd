from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from botocore.stub import Stubber

from spotify_etl.sql import QueryError
from spotify_etl.stack.athena_query import Answer, ask
from tests.unit.stack.stubs import Sleeps, stubbed

QUERY = "11111111-1111-1111-1111-111111111111"


def start(stubber: Stubber, text: str) -> None:
    stubber.add_response(
        "start_query_execution",
        {"QueryExecutionId": QUERY},
        {"QueryString": text, "WorkGroup": "spotify", "QueryExecutionContext": {"Database": "spotify"}},
    )


def ends(stubber: Stubber, state: str, *, kind: str = "DML", **status: Any) -> None:
    execution = {
        "QueryExecutionId": QUERY,
        "StatementType": kind,
        "Status": {"State": state, **status},
        "Statistics": {"DataScannedInBytes": 2_500_000, "TotalExecutionTimeInMillis": 1500},
    }
    stubber.add_response("get_query_execution", {"QueryExecution": execution})


def answers(stubber: Stubber, columns: dict[str, str], rows: list[list[str | None]], token: str | None = None) -> None:
    result = {
        "ResultSetMetadata": {"ColumnInfo": [{"Name": name, "Type": kind} for name, kind in columns.items()]},
        "Rows": [{"Data": [{"VarCharValue": one} if one is not None else {} for one in row]} for row in rows],
    }
    response: dict[str, Any] = {"ResultSet": result}
    if token:
        response["NextToken"] = token
    stubber.add_response("get_query_results", response)


def asked(client: Any, text: str) -> Answer:
    return ask(client, text, work_group="spotify", database="spotify", sleep=Sleeps())


def test_values_come_in_their_types() -> None:
    client, stubber = stubbed("athena")
    start(stubber, "SELECT * FROM x")
    ends(stubber, "RUNNING")
    ends(stubber, "SUCCEEDED")
    columns = {
        "i": "bigint", "d": "double", "b": "boolean", "n": "decimal(3,1)", "day": "date", "t": "timestamp",
        "s": "varchar", "a": "array",
    }  # fmt: skip
    row: list[str | None] = ["7", "0.5", "true", "1.5", "2026-11-25", "2026-11-25 06:00:00.000", "x", "[a, b]"]
    answers(stubber, columns, [list(columns), row], token="more")
    answers(stubber, columns, [[None] * 8])
    done = asked(client, "SELECT * FROM x ;")
    assert done.result.columns == tuple(columns)
    assert done.result.rows == [
        (7, 0.5, True, Decimal("1.5"), dt.date(2026, 11, 25), dt.datetime(2026, 11, 25, 6), "x", "[a, b]"),  # noqa: DTZ001
        (None,) * 8,
    ]
    assert (done.scanned, done.seconds) == (2_500_000, 1.5)


def test_a_show_has_no_header() -> None:
    client, stubber = stubbed("athena")
    start(stubber, "SHOW TABLES")
    ends(stubber, "SUCCEEDED", kind="UTILITY")
    answers(stubber, {"tab_name": "string"}, [["tab_name"], ["songs"]])
    assert asked(client, "SHOW TABLES;").result.rows == [("tab_name",), ("songs",)]


def test_a_file_that_vanished_is_looked_for_once_more() -> None:
    client, stubber = stubbed("athena")
    start(stubber, "SELECT 1")
    ends(stubber, "FAILED", StateChangeReason="HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://b/k: gone")
    start(stubber, "SELECT 1")
    ends(stubber, "SUCCEEDED")
    answers(stubber, {"_col0": "integer"}, [["_col0"], ["1"]])
    assert asked(client, "SELECT 1").result.rows == [(1,)]

    start(stubber, "SELECT 1")
    ends(stubber, "FAILED", StateChangeReason="HIVE_CANNOT_OPEN_SPLIT: gone")
    start(stubber, "SELECT 1")
    ends(stubber, "FAILED", StateChangeReason="HIVE_CANNOT_OPEN_SPLIT: gone")
    with pytest.raises(QueryError, match="gone"):
        asked(client, "SELECT 1")
    stubber.assert_no_pending_responses()


def test_what_athena_refuses_is_told_as_it_says_it() -> None:
    client, stubber = stubbed("athena")
    start(stubber, "SELECT x FROM songs")
    ends(stubber, "FAILED", AthenaError={"ErrorMessage": "COLUMN_NOT_FOUND: line 1:8:\n Column 'x' cannot be resolved"})
    with pytest.raises(QueryError, match="COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"):
        asked(client, "SELECT x FROM songs")

    stubber.add_client_error("start_query_execution", "InvalidRequestException", "mismatched input 'FORM'")
    with pytest.raises(QueryError, match="mismatched input 'FORM'"):
        asked(client, "SELECT 1")

    start(stubber, "SELECT 1")
    ends(stubber, "CANCELLED", StateChangeReason="Bytes scanned limit was exceeded")
    with pytest.raises(QueryError, match="Query the views"):
        asked(client, "SELECT 1")


@pytest.mark.parametrize("text", ["DROP TABLE songs", "CREATE TABLE x AS SELECT 1 AS a", "SELECT 1; SELECT 2", ""])
def test_only_one_reading_statement_is_sent(text: str) -> None:
    client, _ = stubbed("athena")
    with pytest.raises(QueryError):
        asked(client, text)
