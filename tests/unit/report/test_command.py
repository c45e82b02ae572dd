"""The command, in this process: where it writes, and what it refuses before it asks."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from spotify_etl import catalog, sql
from spotify_etl.cli import app
from spotify_etl.cli_place import Where
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.report import facts, page
from spotify_etl.stack import athena_query
from tests.unit.report import libraries


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    root = libraries.ordinary(tmp_path / "lake")
    (root / "lake.json").write_text(json.dumps({"source": "own"}))
    return root


def report(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_the_report_goes_into_the_lake_and_its_path_is_said(lake: Path) -> None:
    done = report("--lake", lake)

    assert done.exit_code == 0, done.output
    assert done.stdout == f"{lake / 'report.html'}\n"
    assert "You lost 1 song, from" in (lake / "report.html").read_text(encoding="utf-8")


def test_it_goes_where_it_is_wanted_and_replaces_what_was_there(lake: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "page.html"
    wanted.write_text("old")

    assert report("--lake", lake, "--out", wanted).exit_code == 0
    assert wanted.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not (lake / "report.html").exists()


@pytest.mark.parametrize(
    ("out", "said"), [("", "is a folder. Name the file"), ("nowhere/page.html", "There is no folder")]
)
def test_a_place_that_cannot_be_written_is_refused(lake: Path, tmp_path: Path, out: str, said: str) -> None:
    refused = report("--lake", lake, "--out", tmp_path / out)

    assert isinstance(refused.exception, RefusedError)
    assert said in str(refused.exception)


def test_no_lake_is_refused(tmp_path: Path) -> None:
    assert isinstance(report("--lake", tmp_path / "none").exception, RefusedError)


def test_a_lake_and_a_stack_exclude_each_other(lake: Path) -> None:
    assert isinstance(report("--lake", lake, "--stack", "spotify-etl").exception, RefusedError)


def test_a_stacks_athena_is_asked_the_same_and_what_it_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = libraries.ordinary(tmp_path / "lake")
    asked: list[str] = []

    def ask(client: object, statement: str, *, work_group: str, database: str) -> athena_query.Answer:
        assert (client, work_group, database) == ("athena", "the group", "the database")
        asked.append(statement)
        with closing(catalog.connect(root)) as connection:
            return athena_query.Answer(sql.run(connection, statement), 10_000_000, 0.5)

    place = SimpleNamespace(
        aws=SimpleNamespace(session=SimpleNamespace(client=lambda name: name)),
        outputs=SimpleNamespace(WorkGroupName="the group", DatabaseName="the database"),
    )
    monkeypatch.setattr(Where, "deployed", lambda _: place)
    monkeypatch.setattr(athena_query, "ask", ask)
    monkeypatch.chdir(tmp_path)

    done = report("--stack", "spotify-etl")

    assert done.exit_code == 0, done.output
    assert done.stdout == "report.html\n"
    assert f"Athena read {len(asked) * 10}.00 MB for {len(asked)} queries." in done.stderr
    assert asked == list(facts.statements().values())
    assert "You lost 1 song, from" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_an_answer_that_athena_refuses_is_one_line_and_no_page(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise sql.QueryError("COLUMN_NOT_FOUND: nobody knows it")

    monkeypatch.setattr(page, "build", refuse)

    failed = report("--lake", lake)

    assert isinstance(failed.exception, CommandError)
    assert str(failed.exception) == "COLUMN_NOT_FOUND: nobody knows it"
    assert not (lake / "report.html").exists()
