from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from spotify_etl.parameters import ParameterError, Value, from_literal, from_text, literal, names, with_literals
from spotify_etl.sql import prepare, run

INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30), max_value=10**30)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
# What ends a text, a comment or a statement, or begins something, in some dialect of SQL, more often than by chance.
HOSTILE = st.lists(
    st.sampled_from(["'", "''", '"', "\\", "\\'", "--", "/*", "*/", ";", "\n", "\r", ":a", "$a", "?", "$$", "{{", "{%"])
    | TEXTS
).map("".join)
VALUES = st.one_of(st.booleans(), INTEGERS, DECIMALS, st.dates(), TEXTS, HOSTILE)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        prepare(connection)
        yield connection


@given(text=HOSTILE)
@example(text="'); DROP TABLE songs; --")
@example(text="\\")
@example(text="\\'")
@example(text="a\r\nb")
@example(text="' OR '1'='1")
def test_the_literal_of_a_text_is_that_text_and_nothing_else(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    written = literal(text)

    (statement,) = sqlglot.parse(f"SELECT {written}", read="trino")
    assert isinstance(statement, exp.Select)
    (column,) = statement.selects
    assert isinstance(column, exp.Literal)
    assert column.is_string
    assert column.this == text
    assert run(engine, f"SELECT {written} AS a").rows == [(text,)]
    # As Trino's grammar reads it: a quote, anything in which quotes are doubled, a quote.
    assert written[0] == written[-1] == "'"
    assert "'" not in written[1:-1].replace("''", "")


@given(value=VALUES)
@example(value=-1)
@example(value=2**63 - 1)
@example(value=Decimal("0.5"))
@example(value=Decimal("-0.000001"))
@example(value=dt.date(1, 1, 1))
def test_a_literal_answers_as_the_bound_value_does(engine: duckdb.DuckDBPyConnection, value: Value) -> None:
    # Minus and text stand close to it: a literal holds together wherever it is put.
    asked = "SELECT :a AS a, ':a' AS text, coalesce(:a, NULL) AS b, 'x'||CAST(:a AS varchar)||'y' AS c -- :a"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        asked = asked.replace("SELECT", "SELECT 0.0-:a AS minus,")

    bound = run(engine, asked, {"a": value})
    written = run(engine, with_literals(asked, {"a": value}))

    assert written.rows == bound.rows
    assert written.columns == bound.columns
    assert len(written.rows) == 1
    assert value in written.rows[0]


@pytest.mark.parametrize("text", ["1" * 38, "-" + "1" * 38, "0." + "1" * 37, "-0.50", "7", "0"])
def test_a_decimal_keeps_every_digit(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    asked = "SELECT CAST(:a AS varchar) AS a"
    assert run(engine, asked, {"a": Decimal(text)}).rows == [(text,)]
    assert run(engine, with_literals(asked, {"a": Decimal(text)})).rows == [(text,)]


@given(value=VALUES)
def test_what_a_header_says_is_read_as_it_was_written(value: Value) -> None:
    again = from_literal(literal(value))
    assert again == value
    assert type(again) is type(value)


@given(first=HOSTILE, second=HOSTILE)
def test_a_value_never_becomes_a_placeholder(engine: duckdb.DuckDBPyConnection, first: str, second: str) -> None:
    values = {"a": first + ":b", "b": second + ":a"}
    sql = with_literals("SELECT :a AS a, :b AS b", values)
    assert names(sql) == ()
    assert run(engine, sql).rows == [(first + ":b", second + ":a")]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (7, "7"),
        (-7, "(-7)"),
        (Decimal("0.50"), "0.50"),
        (Decimal("-2"), "(-2.)"),
        (Decimal("1E+3"), "1000."),
        (dt.date(2026, 1, 2), "DATE '2026-01-02'"),
        ("it's", "'it''s'"),
        ("", "''"),
    ],
)
def test_how_each_type_is_written(value: Value, written: str) -> None:
    assert literal(value) == written


@pytest.mark.parametrize(
    "value", ["\0", "a\ud800", 2**63, -(2**63), Decimal("NaN"), Decimal("Infinity"), Decimal("1E+38"), Decimal("1E-38")]
)
def test_what_has_no_literal_is_refused(value: Value) -> None:
    with pytest.raises(ParameterError):
        literal(value)


@pytest.mark.parametrize("value", [None, 0.5, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), b"x", ["a"]])
def test_another_type_is_a_fault_of_the_program(value: Value) -> None:
    with pytest.raises(TypeError):
        literal(value)


@pytest.mark.parametrize(
    ("text", "like", "value"),
    [
        ("7", 1, 7),
        ("-7", 1, -7),
        ("7", "1", "7"),
        ("7", Decimal(1), Decimal(7)),
        ("0.5", Decimal(1), Decimal("0.5")),
        ("TRUE", False, True),
        ("2026-02-28", dt.date(2000, 1, 1), dt.date(2026, 2, 28)),
        ("", "x", ""),
    ],
)
def test_what_is_typed_has_the_type_of_the_default(text: str, like: Value, value: Value) -> None:
    read = from_text(text, like)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("", 1),
        ("1.5", 1),
        ("1; DROP", 1),
        ("\N{ARABIC-INDIC DIGIT ONE}", 1),
        ("1_000", 1),
        ("9" * 5000, 1),
        ("9223372036854775808", 1),
        ("1e3", Decimal(1)),
        ("NaN", Decimal(1)),
        ("yes", True),
        ("2026-02-30", dt.date(2000, 1, 1)),
        ("20260101", dt.date(2000, 1, 1)),
        ("2026-W01-1", dt.date(2000, 1, 1)),
        ("a\0", "x"),
    ],
)
def test_what_cannot_be_read_as_that_type_is_refused(text: str, like: Value) -> None:
    with pytest.raises(ParameterError):
        from_text(text, like)


def test_placeholders_are_found_where_they_are_sql() -> None:
    sql = """-- :comment
        SELECT :a, ':text', ":name", /* :block */ 'it''s :b', 雨 || :b, '🌙' || :c_1
        FROM songs AS "s:x" WHERE :a = 1 -- :end"""
    assert names(sql) == ("a", "b", "c_1")
    written = with_literals(sql, {"a": 1, "b": ":a", "c_1": "'"})
    assert written == sql.replace("SELECT :a", "SELECT 1").replace(" || :b", " || ':a'").replace(
        ":c_1", "''''"
    ).replace("WHERE :a", "WHERE 1")


@pytest.mark.parametrize("sql", ["", "SELECT 'open", "SELECT ?", "a : b", "::", "SELECT x::int", "SELECT :1"])
def test_what_has_no_placeholder_stays(sql: str) -> None:
    assert names(sql) == ()
    assert with_literals(sql, {}) == sql
