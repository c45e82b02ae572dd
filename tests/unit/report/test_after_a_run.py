"""A run on this machine makes the report of its lake, and is a good run without one."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from spotify_etl import pipeline, render
from spotify_etl.report import page
from spotify_etl.sql import QueryError
from tests.unit.report import libraries


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pipeline, "run_job", lambda *_, **__: None)
    root = libraries.ordinary(tmp_path / "lake")
    (root / "lake.json").write_text(json.dumps({"source": "own"}))
    return root


def run(root: Path) -> tuple[pipeline.Outcome, str]:
    """Publish the lake anew, as every order does in the end; the job's part has nothing to do."""
    steps, said = StringIO(), StringIO()
    with render.Progress(Console(file=steps)) as progress:
        outcome = pipeline.operate(root, {}, progress)
    render.show_outcome(Console(file=said, width=200), outcome)
    return outcome, said.getvalue()


def test_a_run_makes_the_report_and_names_it(lake: Path) -> None:
    outcome, said = run(lake)

    assert outcome.report == lake / "report.html"
    assert "You lost 1 song, from" in outcome.report.read_text(encoding="utf-8")
    assert f"Report {outcome.report}" in said
    assert outcome.as_json()["report"] == str(outcome.report)


def test_data_is_published_when_no_page_can_be_made_and_an_old_one_is_not_left(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lake)

    def fail(*_: object) -> str:
        raise QueryError("too deep\nand more")

    monkeypatch.setattr(page, "build", fail)
    outcome, said = run(lake)

    assert outcome.report is None
    assert outcome.dates == 3
    assert "No report could be made: too deep `spotify-etl report" in said
    assert not (lake / "report.html").exists()
