from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from spotify_etl.catalog import connect
from spotify_etl.sql import QueryError, relations, retried, run, translate
from tests.unit.sql.lakes import Lake

SECRET = "what nobody may read"


@pytest.fixture
def connection(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    lake.day("2026-01-01", {"p": ["a"]})
    (lake.root / "secret.csv").write_text(f"line\n{SECRET}\n")
    with connect(lake.root) as opened:
        yield opened


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{out}'",
        "UNLOAD (SELECT 1) TO '{out}' WITH (format = 'PARQUET')",
        "ATTACH '{out}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET TimeZone = 'Europe/Berlin'",
        "PRAGMA database_list",
        "CREATE TABLE t AS SELECT 1 AS a",
        "CREATE OR REPLACE VIEW songs AS SELECT 1 AS a",
        "DROP VIEW songs",
        "INSERT INTO songs_data SELECT * FROM songs_data",
        "DELETE FROM songs_data",
        "UPDATE songs_data SET song_id = 'x'",
        "MERGE INTO songs_data USING songs ON 1 = 1 WHEN MATCHED THEN DELETE",
        "ALTER TABLE songs_data ADD COLUMNS (x int)",
        "EXPORT DATABASE '{out}'",
        "CALL pragma_version()",
        "EXPLAIN ANALYZE SELECT 1",
        "MSCK REPAIR TABLE songs_data",
        "WITH gone AS (DELETE FROM songs_data RETURNING *) SELECT * FROM gone",
    ],
)
def test_nothing_but_reading_is_allowed(connection: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str) -> None:
    out = tmp_path / "out"
    with pytest.raises(QueryError):
        run(connection, sql.format(out=out))
    assert not out.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '{path}'",
        'SELECT * FROM "{path}"',
        "SELECT * FROM read_csv('{path}')",
        "SELECT * FROM read_text('{path}')",
        "SELECT * FROM read_blob('{path}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{path}')",
        "SELECT * FROM read_text('{folder}/transformed/../secret.csv')",
        "SELECT * FROM query('FROM read_text(''{path}'')')",
        "SELECT * FROM query_table('{path}')",
        "SELECT * FROM parquet_scan('{path}')",
    ],
)
def test_no_file_outside_the_curated_zone_can_be_read(
    connection: duckdb.DuckDBPyConnection, lake: Lake, sql: str
) -> None:
    with pytest.raises(QueryError) as caught:
        run(connection, sql.format(path=lake.root / "secret.csv", folder=lake.root))
    assert SECRET not in str(caught.value)


def test_the_secret_could_be_read_without_the_lock(lake: Lake) -> None:
    (lake.root).mkdir(exist_ok=True)
    (lake.root / "secret.csv").write_text(f"line\n{SECRET}\n")
    read = duckdb.connect().execute(f"SELECT * FROM read_csv('{lake.root}/secret.csv')")
    assert read.fetchall() == [(SECRET,)]


def test_the_lock_holds_below_the_statement_check_too(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for sql in (
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        f"ATTACH '{tmp_path / 'x.db'}'",
        f"COPY (SELECT 1) TO '{tmp_path / 'x.csv'}'",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(sql)


def test_a_variable_of_the_program_is_no_table(connection: duckdb.DuckDBPyConnection) -> None:
    here = duckdb.connect().sql("SELECT 1 AS a")
    assert here is not None
    with pytest.raises(QueryError, match="here does not exist"):
        run(connection, "SELECT * FROM here")
    assert here.fetchall() == [(1,)]


@pytest.mark.parametrize("sql", ["", "  ", ";", "-- nothing", "SELECT 1; SELECT 2", "SELECT 1; DROP VIEW songs"])
def test_exactly_one_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(QueryError, match="one statement"):
        run(connection, sql)


@pytest.mark.parametrize("sql", ["SELECT 1;", " SELECT 1 ; ", "SELECT 1 -- why not", "/* why */ SELECT 1"])
def test_a_semicolon_and_comments_do_no_harm(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert run(connection, sql).rows == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "VALUES (1)",
        "(SELECT 1)",
        "SELECT 1 UNION SELECT 1",
        "SELECT a FROM (VALUES (1)) AS t (a)",
    ],
)
def test_what_reads_is_allowed(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert run(connection, sql).rows == [(1,)]


def test_an_unknown_table_gets_the_tables_and_views_there_are(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError) as caught:
        run(connection, "SELECT * FROM nope")
    message = str(caught.value)
    assert "Table with name nope does not exist" in message
    assert "Tables: albums_data, artists_data, load_reports, playlist_items_data, playlists_data, songs_data" in message
    assert "playlist_songs" in message.split("Views: ")[1]
    assert "pg_" not in message


def test_an_unknown_column_gets_the_engines_message(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match="nope"):
        run(connection, "SELECT nope FROM songs")


@pytest.mark.parametrize("sql", ["SELECT FROM WHERE", "SELEC 1", "SELECT (1", "SELECT 'a", "SELECT nope(1)", "\x00"])
def test_bad_sql_is_one_clear_error(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(QueryError) as caught:
        run(connection, sql)
    assert "\x1b" not in str(caught.value)
    assert "Token" not in str(caught.value)
    assert str(caught.value).strip()


def test_show_and_describe(connection: duckdb.DuckDBPyConnection) -> None:
    tables, views = relations(connection)
    assert run(connection, "show tables;").rows == [(name,) for name in sorted((*tables, *views))]
    assert run(connection, "SHOW VIEWS").rows == [(name,) for name in views]
    described = run(connection, "DESCRIBE songs").rows
    assert described[0] == ("song_id", "varchar")
    assert ("as_of_date", "date") in described
    assert run(connection, 'SHOW COLUMNS IN "songs"').rows == described
    with pytest.raises(QueryError, match="Views: "):
        run(connection, "DESCRIBE nope")


def test_a_query_whose_file_vanished_is_asked_once_more() -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise duckdb.IOException("No such file or directory")
        return "answer"

    assert retried(ask) == "answer"
    assert len(asked) == 2


def test_a_file_that_stays_away_is_an_error() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        raise duckdb.IOException("No such file or directory")

    with pytest.raises(duckdb.IOException):
        retried(ask)
    assert len(asked) == 2


def test_other_errors_are_not_asked_again() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        raise duckdb.BinderException("nope")

    with pytest.raises(duckdb.BinderException):
        retried(ask)
    assert len(asked) == 1


def test_a_table_that_is_gone_for_good_is_a_query_error(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    lake.remove("load-0001")
    with pytest.raises(QueryError):
        run(connection, "SELECT * FROM songs_data")


def test_two_columns_of_one_name_stay_two(connection: duckdb.DuckDBPyConnection) -> None:
    result = run(connection, "SELECT 1 AS a, 2 AS a, now() AS a")
    assert result.rows[0][:2] == (1, 2)
    assert len(result.columns) == 3


def test_translation_is_text_to_text() -> None:
    assert translate("SELECT max(a) FROM t") == "SELECT MAX(a) AS _col0 FROM t"
