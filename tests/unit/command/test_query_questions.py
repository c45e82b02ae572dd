from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import athena
from spotify_etl import cli
from spotify_etl.catalog import refresh
from spotify_etl.cli_place import Where
from spotify_etl.errors import RefusedError
from spotify_etl.questions import Asked, Question, asked, shipped
from spotify_etl.sql import QueryResult
from spotify_etl.stack import athena_query
from tests.unit.sql.lakes import Lake, track


class Done(NamedTuple):
    code: int
    out: str
    err: str


Query = Callable[..., Done]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "lake")
    songs = {"a": {"artist_ids": ["x", "y"]}, "b": {"artist_ids": ["y"]}}
    made.day("2026-01-01", {"p": [track("a", item_name="it's"), "b"]}, songs=songs)
    refresh(made.root)
    (made.root / "lake.json").write_text(json.dumps({"source": "own"}))
    return made


@pytest.fixture
def query(lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Query:
    def _query(*arguments: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["spotify-etl", "query", "--lake", str(lake.root), *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="latin-1"))
        try:
            code = cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Done(code, *capsys.readouterr())

    return _query


def _rows(done: Done) -> list[dict[str, str]]:
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


def test_list_names_every_query_with_its_question_and_parameters(query: Query) -> None:
    rows = _rows(query("--list", "--format", "csv"))

    assert [row["name"] for row in rows] == list(athena.queries())
    by_name = {row["name"]: row for row in rows}
    assert by_name["top_artists"]["question"] == "whose songs fill the library?"
    assert by_name["top_artists"]["parameters"] == "artists=20"
    assert by_name["playlist_churn"]["parameters"] == "since=2000-01-01, until=9999-12-31, playlist=%"
    assert by_name["releases_per_decade"]["parameters"] == ""


def test_list_shows_whole_names_on_a_narrow_terminal(query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    out = query("--list").out
    assert all(name in out for name in athena.queries())


def test_list_needs_no_lake(query: Query, tmp_path: Path) -> None:
    assert query("--list", "--lake", str(tmp_path / "none")).code == 0


def test_a_query_by_name_with_defaults_and_with_a_value(query: Query) -> None:
    assert [row["artist_id"] for row in _rows(query("--name", "top_artists", "--format", "csv"))] == ["y", "x"]
    first = query("--name", "top_artists", "--param", "artists=1", "--format", "csv")
    assert [row["artist_id"] for row in _rows(first)] == ["y"]


@pytest.mark.parametrize("name", athena.queries())
def test_every_query_by_its_name(query: Query, name: str) -> None:
    assert isinstance(json.loads(query("--name", name, "--format", "json").out), list)


def test_sql_that_begins_with_a_comment_from_a_file(query: Query, tmp_path: Path) -> None:
    path = tmp_path / "ask.sql"
    path.write_text("\ufeff-- what: ü\nSELECT 'ü' AS u, count(*) AS n FROM songs;\n", encoding="utf-8")
    assert _rows(query("--file", str(path), "--format", "csv")) == [{"u": "ü", "n": "2"}]


def test_sql_from_standard_input_is_utf_8_whatever_the_terminal_is(query: Query) -> None:
    done = query("--file", "-", "--format", "csv", stdin="-- what\nSELECT '雨' AS rain".encode())
    assert _rows(done) == [{"rain": "雨"}]


def test_a_value_in_own_sql_is_text_and_can_be_nothing_else(query: Query) -> None:
    sql = "SELECT song_id, :name AS given FROM songs WHERE song_name = :name"
    assert _rows(query(sql, "--param", "name=it's", "--format", "csv")) == [{"song_id": "a", "given": "it's"}]
    assert _rows(query(sql, "--param", "name=x' OR '1'='1", "--format", "csv")) == []
    number = query("SELECT 1 + CAST(:n AS integer) AS n", "--param", "n=41", "--format", "csv")
    assert _rows(number) == [{"n": "42"}]


def test_a_value_may_hold_an_equals_sign_or_nothing(query: Query) -> None:
    done = query("SELECT :a AS a, :b AS b", "--param", "a=x=y", "--param", "b=", "--format", "csv")
    assert _rows(done) == [{"a": "x=y", "b": ""}]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "What is to be asked? Give SQL, --file PATH or --name NAME; --list lists the names."),
        (("--name", "top_artist"), "There is no query 'top_artist'. The nearest: top_artists."),
        (("--name", "zzz"), "There is no query 'zzz'. spotify-etl query --list lists them."),
        (("--name", "../publish/loads"), "There is no query '../publish/loads'. spotify-etl query --list lists them."),
        (("SELECT 1", "--name", "top_artists"), "SQL and --name exclude each other: one question at a time."),
        (("--file", "x", "--name", "y"), "--file and --name exclude each other: one question at a time."),
        (("", "--file", "x"), "SQL and --file exclude each other: one question at a time."),
        (("--name", "top_artists", "--param", "days=1"), "top_artists has no parameter 'days'. It has artists."),
        (("--name", "releases_per_decade", "--param", "a=1"), "releases_per_decade has no parameter 'a'. It has none."),
        (("--name", "top_artists", "--param", "artists=all"), "--param artists: 'all' is not a whole number."),
        (("--name", "playlist_churn", "--param", "since=May"), "--param since: 'May' is not a date, YYYY-MM-DD."),
        (("SELECT :a", "--param", "a"), "--param 'a' is not NAME=VALUE."),
        (("SELECT :a", "--param", "=a"), "--param '=a' is not NAME=VALUE."),
        (("SELECT :a", "--param", "a=1", "--param", "a=2"), "--param a is there twice."),
        (("SELECT :a",), "The SQL has :a and no value for it: --param a=VALUE"),
        (("SELECT :a, :b", "--param", "b=1"), "The SQL has :a and no value for it: --param a=VALUE"),
        (("SELECT ':a'", "--param", "a=1"), "the SQL has no parameter 'a'. It has none."),
        (("--list", "SELECT 1"), "--list asks nothing: it goes without SQL, --file, --name and --param."),
        (("--list", "--param", "a=1"), "--list asks nothing: it goes without SQL, --file, --name and --param."),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(query: Query, arguments: tuple[str, ...], told: str) -> None:
    assert query(*arguments) == (2, "", f"spotify-etl: {told}\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", "folder"])
def test_a_file_that_cannot_be_read_is_named(query: Query, tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "ask.sql"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    done = query("--file", str(path))
    assert (done.code, done.out) == (2, "")
    assert str(path) in done.err
    assert done.err.count("\n") == 1


def test_on_a_stack_the_values_are_written_into_what_athena_is_asked(
    query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class _Place:
        class aws:  # noqa: N801
            class session:  # noqa: N801
                client = staticmethod(lambda name: name)

        class outputs:  # noqa: N801
            WorkGroupName = DatabaseName = "x"

    def _ask(client: object, statement: str, **place: str) -> athena_query.Answer:
        told.append(statement)
        return athena_query.Answer(QueryResult(("a",), ("varchar",), [("it's",)]), 0, 0.0)

    monkeypatch.setattr(Where, "deployed", lambda _: _Place)
    monkeypatch.setattr(athena_query, "ask", _ask)

    assert query("SELECT :a AS a -- :a", "--param", "a=it's").code == 0
    assert query("--name", "top_artists", "--param", "artists=3").code == 0
    assert told[0] == "SELECT 'it''s' AS a -- :a"
    assert told[1].endswith("\nLIMIT 3\n")


def test_a_query_that_ships_is_asked_with_its_defaults() -> None:
    assert shipped("top_artists") == Asked(athena.query("top_artists"), {"artists": 20})
    assert asked(Question(name="top_artists"), ["artists=3"]).values == {"artists": 3}


def test_a_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(RefusedError, match="not valid Unicode"):
        asked(Question("SELECT :a"), ["a=\udcff"])
