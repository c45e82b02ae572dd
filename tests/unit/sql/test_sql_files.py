from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import athena
from spotify_etl.catalog import Publication, connect
from spotify_etl.parameters import from_literal, literal, names
from spotify_etl.sql import TABLES, relations

FILES = sorted(athena.FOLDER.rglob("*.sql"))
ENOUGH = 27

# The question is about every date, so no view of the newest one answers it.
OTHER_READS = {
    "popularity_by_date": ("songs_data",),
    "popularity_of_songs": ("songs_data",),
    "data_quality_by_date": ("load_reports",),
}


def test_the_files_are_found() -> None:
    assert len(FILES) >= ENOUGH
    assert len(athena.queries()) >= 16


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_one_statement_a_file_in_athenas_sql(path: Path) -> None:
    text = Publication().fill(path.read_text(encoding="utf-8"))
    statements = sqlglot.parse(text, read="athena")
    assert len(statements) == 1
    expected = exp.Create if path.parent.name == "views" else exp.Query
    assert isinstance(statements[0], expected)
    assert not statements[0].find(exp.Command)
    assert not text.rstrip().endswith(";"), "Athena's API takes no semicolon"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_header_says_question_grain_columns_and_what_prunes(path: Path) -> None:
    header = path.read_text(encoding="utf-8").split("\n\n")[0]
    for word in ("Question:", "Grain:", "Columns:", "Prunes:"):
        assert f"-- {word}" in header


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_identifiers_are_lower_case(path: Path) -> None:
    for identifier in sqlglot.parse_one(_filled(path), read="athena").find_all(exp.Identifier):
        assert identifier.name == identifier.name.lower()


def test_every_view_file_is_in_the_order_and_named_as_its_view() -> None:
    files = {path.stem for path in (athena.FOLDER / "views").glob("*.sql")}
    assert files == set(athena.VIEWS)
    for name in athena.VIEWS:
        assert f"CREATE OR REPLACE VIEW {name} AS" in athena.view(name)


def test_a_view_reads_only_views_before_it() -> None:
    for position, name in enumerate(athena.VIEWS):
        read = _read_by(athena.view(name)) & set(athena.VIEWS)
        assert read <= set(athena.VIEWS[:position])


def test_a_view_takes_its_dates_from_one_place() -> None:
    # Views are refreshed one after the other: who reads literals and another view joins two publications for seconds.
    for name in athena.VIEWS:
        has_literals = "${" in athena.view(name)
        reads_views = bool(_read_by(athena.view(name)) & set(athena.VIEWS))
        assert has_literals != reads_views


@pytest.mark.parametrize("name", athena.VIEWS)
def test_every_read_of_a_table_is_bounded_by_literals_or_by_such_a_view(name: str) -> None:
    text = athena.view(name)
    for select in sqlglot.parse_one(Publication().fill(text), read="athena").find_all(exp.Select):
        sources = [source.this for source in (select.args.get("from_"), *select.args.get("joins", ())) if source]
        tables = [source.name for source in sources if isinstance(source, exp.Table) and source.name.endswith("_data")]
        if tables:
            bound = f"{select.args.get('where') or ''} {' '.join(str(j) for j in select.args.get('joins', ()))}"
            assert "extract_date" in bound


def test_every_placeholder_is_a_column_of_the_publication() -> None:
    query = sqlglot.parse_one(athena.publication(), read="athena")
    assert isinstance(query, exp.Select)
    computed = query.named_selects
    used = {match for name in athena.VIEWS for match in re.findall(r"\$\{(\w+)\}", athena.view(name))}
    assert used == set(computed) == set(Publication().literals)


@pytest.mark.parametrize("name", athena.queries())
def test_queries_ask_views_in_a_fixed_order_and_size(name: str) -> None:
    statement = sqlglot.parse_one(athena.query(name), read="athena")
    assert statement.args.get("order")
    assert statement.args.get("limit")
    assert _read_by(athena.query(name)) <= {*athena.VIEWS, *OTHER_READS.get(name, ())}


@pytest.mark.parametrize("name", athena.queries())
def test_a_query_that_reads_a_table_filters_its_dates_by_parameters(name: str) -> None:
    bound = "extract_date BETWEEN CAST(:since AS VARCHAR) AND CAST(:until AS VARCHAR)"
    for select in sqlglot.parse_one(athena.query(name), read="athena").find_all(exp.Select):
        source = select.args.get("from_")
        if source and isinstance(source.this, exp.Table) and source.this.name in TABLES:
            assert bound in select.args["where"].sql()


@pytest.mark.parametrize("name", athena.queries())
def test_the_header_documents_the_parameters_that_the_query_has(name: str) -> None:
    assert sorted(names(athena.query(name))) == sorted(parameter.name for parameter in athena.parameters(name))
    for parameter in athena.parameters(name):
        assert literal(from_literal(parameter.default)) == parameter.default
        assert parameter.means


def test_the_views_exist_before_the_first_load(tmp_path: Path) -> None:
    assert relations(connect(tmp_path))[1] == tuple(sorted(athena.VIEWS))


def _filled(path: Path) -> str:
    return Publication().fill(path.read_text(encoding="utf-8"))


def _read_by(text: str) -> set[str]:
    statement = sqlglot.parse_one(Publication().fill(text), read="athena")
    query = statement.expression if isinstance(statement, exp.Create) else statement
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    names = {table.name for table in query.find_all(exp.Table)}
    return {name for name in names if name and name not in own}
