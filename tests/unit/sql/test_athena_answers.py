"""What Athena (engine version 3, Trino) is documented to answer, asked of the local engine."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from spotify_etl.catalog import connect
from spotify_etl.sql import QueryError, run
from tests.unit.sql.conftest import Ask
from tests.unit.sql.lakes import Lake

NUMBERS = "(VALUES (2), (NULL), (1)) AS t (n)"


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("1 / 2", 0),
        ("-5 / 2", -2),
        ("1999 / 10 * 10", 1990),
        ("5 % 3", 2),
        ("-5 % 3", -2),
        ("CAST(1 AS double) / 2", 0.5),
        ("7.0 / 2", Decimal("3.5")),
        ("round(2.5)", Decimal(3)),
        ("round(CAST(-2.5 AS double))", -3.0),
        ("CAST(2.5 AS integer)", 3),
        ("'2026-01-31' < '2026-02-01'", True),
        ("DATE '2026-01-31' + INTERVAL '1' MONTH", dt.date(2026, 2, 28)),
        ("DATE '2026-01-01' + INTERVAL '1' DAY", dt.date(2026, 1, 2)),
        ("INTERVAL '1' DAY + DATE '2026-01-01'", dt.date(2026, 1, 2)),
        ("DATE '2026-01-01' - INTERVAL '1' DAY", dt.date(2025, 12, 31)),
        ("date_add('day', -1, DATE '2026-01-01')", dt.date(2025, 12, 31)),
        ("date_add('month', 2, DATE '2026-01-01')", dt.date(2026, 3, 1)),
        ("TIMESTAMP '2026-01-01 00:00:00' + INTERVAL '1' HOUR", dt.datetime(2026, 1, 1, 1)),  # noqa: DTZ001
        ("date_trunc('month', DATE '2026-01-09')", dt.date(2026, 1, 1)),
        ("date_trunc('month', min(DATE '2026-01-09'))", dt.date(2026, 1, 1)),
        ("date_trunc('hour', max(TIMESTAMP '2026-01-09 10:20:00'))", dt.datetime(2026, 1, 9, 10)),  # noqa: DTZ001
        ("max(DATE '2026-01-01') - INTERVAL '1' DAY", dt.date(2025, 12, 31)),
        ("date_add('day', 1, date_trunc('month', DATE '2026-01-09'))", dt.date(2026, 1, 2)),
        ("date_trunc('month', DATE '2026-03-31' - INTERVAL '1' MONTH + INTERVAL '1' DAY)", dt.date(2026, 3, 1)),
        (
            "TIMESTAMP '2026-01-01 00:00:00' + INTERVAL '0.5' SECOND",
            dt.datetime(2026, 1, 1, 0, 0, 0, 500_000),  # noqa: DTZ001
        ),
        ("CAST('2026-01-01 00:00:00.7' AS timestamp(0))", dt.datetime(2026, 1, 1, 0, 0, 1)),  # noqa: DTZ001
        ("date_trunc('day', TIMESTAMP '2026-01-09 10:00:00')", dt.datetime(2026, 1, 9)),  # noqa: DTZ001
        ("date_diff('day', DATE '2026-01-01', DATE '2026-02-01')", 31),
        ("date_diff('month', DATE '2026-01-31', DATE '2026-02-01')", 0),
        ("date_diff('month', DATE '2026-02-15', DATE '2026-01-15')", -1),
        ("date_diff('hour', TIMESTAMP '2026-01-01 00:59:00', TIMESTAMP '2026-01-01 02:00:00')", 1),
        ("date_format(TIMESTAMP '2026-03-04 05:06:07', '%Y-%m')", "2026-03"),
        ("from_iso8601_date('2026-01-01')", dt.date(2026, 1, 1)),
        ("day_of_week(DATE '2026-01-04')", 7),
        ("TRY_CAST('0000' AS date)", None),
        ("'a' || NULL", None),
        ("concat('a', NULL)", None),
        ("greatest(1, NULL)", None),
        ("array_join(ARRAY['a', NULL, 'b'], '-')", "a-b"),
        ("array_join(array_remove(ARRAY['', 'b'], ''), '-')", "b"),
        ("cardinality(ARRAY[1, 2, 3])", 3),
        ("ARRAY['a', 'b'][1]", "a"),
        ("element_at(ARRAY[1], 5)", None),
        ("contains(ARRAY[1, 2], 2)", True),
        ("split('a,b', ',')", ["a", "b"]),
        ("filter(ARRAY[1, 2, 3], n -> n > 1)", [2, 3]),
        ("regexp_like('abc', '^a')", True),
        ("substr('abcdef', 2, 3)", "bcd"),
        ("lpad('7', 3, '0')", "007"),
        ("CAST(DATE '2026-01-01' AS varchar)", "2026-01-01"),
        ("if(1 > 2, 'a', 'b')", "b"),
        ("coalesce(NULL, 1)", 1),
        ("1 IS DISTINCT FROM NULL", True),
    ],
)
def test_expressions(ask: Ask, expression: str, answer: Any) -> None:
    ((got,),) = ask(f"SELECT {expression}")
    assert got == answer
    assert isinstance(got, type(answer)) or isinstance(answer, Decimal)


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        ("n", [1, 2, None]),
        ("n ASC", [1, 2, None]),
        ("n DESC", [2, 1, None]),
        ("n NULLS FIRST", [None, 1, 2]),
        ("n DESC NULLS FIRST", [None, 2, 1]),
    ],
)
def test_nulls_come_last_in_both_directions(ask: Ask, order: str, answer: list[int | None]) -> None:
    assert [n for (n,) in ask(f"SELECT n FROM {NUMBERS} ORDER BY {order}")] == answer


def test_nulls_come_last_in_windows_and_aggregates(ask: Ask) -> None:
    ranks = ask(f"SELECT n, row_number() OVER (ORDER BY n DESC) AS r FROM {NUMBERS} ORDER BY r")
    assert ranks == [(2, 1), (1, 2), (None, 3)]
    assert ask(f"SELECT array_agg(n ORDER BY n) FROM {NUMBERS}") == [([1, 2, None],)]


def test_aggregates(ask: Ask) -> None:
    sql = f"""
        SELECT count(*), count(n), count(*) FILTER (WHERE n > 1), sum(n), count_if(n > 0), sum(n) FILTER (WHERE n > 5)
        FROM {NUMBERS}
    """
    assert ask(sql) == [(3, 2, 1, 3, 2, None)]


def test_max_by_gives_the_row_of_the_greatest_even_when_its_value_is_null(ask: Ask) -> None:
    rows = "(VALUES ('a', 1), (NULL, 2)) AS t (name, n)"
    assert ask(f"SELECT max_by(name, n), min_by(name, n) FROM {rows}") == [(None, "a")]
    assert ask(f"SELECT max_by(name, n) FILTER (WHERE name IS NOT NULL) FROM {rows}") == [("a",)]


def test_unnest_with_ordinality_counts_from_one(ask: Ask) -> None:
    sql = """
        SELECT t.id, u.value, u.place
        FROM (VALUES ('x', ARRAY['b', 'a']), ('y', ARRAY['c'])) AS t (id, list)
        CROSS JOIN UNNEST(t.list) WITH ORDINALITY AS u (value, place)
        ORDER BY 1, 3
    """
    assert ask(sql) == [("x", "b", 1), ("x", "a", 2), ("y", "c", 1)]


def test_last_value_ignores_nulls_where_asked(ask: Ask) -> None:
    sql = """
        SELECT last_value(v) IGNORE NULLS OVER (ORDER BY d)
        FROM (VALUES (1, 'a'), (2, NULL), (3, 'b')) AS t (d, v)
        ORDER BY d
    """
    assert ask(sql) == [("a",), ("a",), ("b",)]


@pytest.mark.parametrize("expression", ["1 / 0", "1 % 0", "CAST('x' AS integer)"])
def test_what_athena_refuses_is_refused(ask: Ask, expression: str) -> None:
    with pytest.raises(QueryError):
        ask(f"SELECT {expression}")


def test_extract_date_is_a_string(lake: Lake, ask: Ask) -> None:
    lake.day("2026-01-01", {"p": ["a"]})
    lake.day("2026-01-02", {"p": ["a"]})
    assert ask("SELECT extract_date FROM songs_data WHERE extract_date > '2026-01-01'") == [("2026-01-02",)]
    assert ask("SELECT max(extract_date) FROM songs_data") == [("2026-01-02",)]
    assert ask("SELECT count(*) FROM songs_data WHERE extract_date LIKE '2026-01-%'") == [(2,)]


def test_columns_without_a_name_are_called_as_in_athena(lake: Lake) -> None:
    result = run(connect(lake.root), "SELECT 1, 2 AS two, sum(duration_ms), song_name FROM songs GROUP BY song_name")
    assert result.columns == ("_col0", "two", "_col2", "song_name")
    assert result.types == ("integer", "integer", "bigint", "varchar")


def test_times_are_utc(ask: Ask) -> None:
    ((now, today, same),) = ask("SELECT now(), current_date, CAST(now() AS date) = current_date")
    assert now.tzinfo is dt.UTC
    assert abs(dt.datetime.now(dt.UTC) - now) < dt.timedelta(minutes=1)
    assert today == now.date()
    assert same is True
