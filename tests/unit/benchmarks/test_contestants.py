"""What is laid before a run leaves the payload as it is, whatever the run does with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.compare import main
from benchmarks.contestants import COMMAND, JOB, PEERS, contestants, link_into_lake
from benchmarks.payloads import Payload, write
from tests.builders import contents


def test_moving_what_lies_in_the_lake_leaves_the_payload(tmp_path: Path) -> None:
    write(Payload(200, 2), tmp_path / "payload")
    before = contents(tmp_path / "payload")
    link_into_lake(tmp_path / "payload", tmp_path / "scratch")
    waiting = tmp_path / "scratch" / "lake" / "raw" / "raw_data" / "to_be_processed"
    assert contents(waiting) == before
    waiting.rename(waiting.with_name("processed"))
    for path in (file for file in waiting.with_name("processed").rglob("*") if file.is_file()):
        path.unlink()
    assert contents(tmp_path / "payload") == before


def test_all_are_known_by_their_names() -> None:
    assert set(contestants()) == {JOB, COMMAND, *PEERS}


@pytest.mark.parametrize(
    ("arguments", "said"), [(["--only", "job,nobody"], "no nobody; there are job"), (["--sizes", "many"], "is no size")]
)
def test_arguments_that_say_nothing_are_refused(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["compare", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert said in capsys.readouterr().err
