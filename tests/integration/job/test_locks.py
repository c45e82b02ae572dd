"""One writer: who holds the lake, what a killed run leaves behind, what becomes of a run that was taken for dead."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from load_transform import locks, partitions
from load_transform.contract import LOAD_INTENTS
from load_transform.errors import LockedError, TakenOverError
from load_transform.filesystem import Files
from load_transform.intents import Intent
from load_transform.locks import locked
from tests.builders import DATE, ExtractRun, Lake, contents, extracted, put, rows
from tests.integration.job.test_entry_script import start

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HERE = socket.gethostname()
MINE = "20261123T070000000000Z-mine"
OTHERS = "20261123T065959000000Z-other"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "transformed"


@pytest.fixture
def files(spark: SparkSession, root: Path) -> Files:
    root.mkdir()
    return Files(spark, root.as_uri())


@pytest.fixture
def dead_process() -> int:
    """The id of a process that has ended and been looked after."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave(root: Path, *, host: str = "another", process: int = 1, age: float = 0, **plan: Any) -> None:
    """Leave what another run has in the lake: its intent, and a sign of life of that age in seconds."""
    intent = Intent(OTHERS, host, process, **{"state": "working", "dates": (DATE,), **plan})
    put(root / intent.key, json.dumps(intent.__dict__).encode())
    put(root / intent.alive_key, json.dumps({"host": host, "process": process}).encode())
    then = time.time() - age
    for key in (intent.key, intent.alive_key):
        os.utime(root / key, (then, then))


def names(root: Path) -> set[str]:
    return {Path(name).name for name in contents(root / LOAD_INTENTS)}


def test_a_run_holds_the_lake_and_leaves_nothing(files: Files, root: Path) -> None:
    with locked(files, MINE) as lock:
        assert names(root) == {f"{MINE}.json", f"{MINE}.alive"}
        assert lock.unfinished == []

    assert names(root) == set()


def test_a_second_run_says_who_holds_the_lake_and_changes_nothing(files: Files, root: Path) -> None:
    with locked(files, OTHERS):
        before = contents(root)

        with pytest.raises(LockedError) as refused, locked(files, MINE):
            pass

        assert contents(root) == before
    for told in (str(root), OTHERS, f"process {os.getpid()} on {HERE}", "last sign of life 0 s ago", "Run again"):
        assert told in str(refused.value)


@pytest.mark.parametrize("age", [0, 59])
def test_a_run_on_another_machine_that_gave_a_sign_of_life_holds_the_lake(files: Files, root: Path, age: int) -> None:
    leave(root, age=age)

    with pytest.raises(LockedError, match=f"process 1 on another, last sign of life {age}"), locked(files, MINE):
        pass


def test_one_that_gave_none_for_a_minute_is_dead(files: Files, root: Path) -> None:
    leave(root, age=61)

    with locked(files, MINE) as lock:
        assert [(one.load_id, one.dates) for one in lock.unfinished] == [(OTHERS, (DATE,))]


def test_a_killed_process_of_this_machine_is_dead_at_once(files: Files, root: Path, dead_process: int) -> None:
    leave(root, host=HERE, process=dead_process)

    with locked(files, MINE) as lock:
        assert [one.load_id for one in lock.unfinished] == [OTHERS]


def test_a_process_that_was_given_the_number_of_a_killed_one_does_not_hold_the_lake(files: Files, root: Path) -> None:
    leave(root, host=HERE, process=os.getpid(), born=1)

    with locked(files, MINE) as lock:
        assert [one.load_id for one in lock.unfinished] == [OTHERS]


def test_of_two_claims_the_one_that_was_stored_first_goes_on(files: Files, root: Path) -> None:
    leave(root, state="claimed", dates=(), age=5)
    with pytest.raises(LockedError), locked(files, MINE):
        pass

    leave(root, state="claimed", dates=(), age=-5)
    with locked(files, MINE):
        assert f"{MINE}.json" in names(root)


def test_a_run_that_works_goes_first_whatever_the_clock_says(files: Files, root: Path) -> None:
    leave(root, age=-5)

    with pytest.raises(LockedError), locked(files, MINE):
        pass


def test_signs_of_runs_that_were_killed_before_they_claimed_anything_are_removed(
    files: Files, root: Path, dead_process: int
) -> None:
    leave(root, host=HERE, process=dead_process)
    (root / LOAD_INTENTS / f"{OTHERS}.json").unlink()

    with locked(files, MINE):
        assert names(root) == {f"{MINE}.json", f"{MINE}.alive"}


def test_a_run_that_fails_gives_the_lake_back_and_leaves_what_it_had_announced(files: Files, root: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(files, MINE):
        raise ZeroDivisionError
    assert names(root) == set(), "nothing was announced"

    def fail(lock: locks.Lock) -> None:
        lock.announce(dates=[DATE])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), locked(files, MINE) as lock:
        fail(lock)
    assert names(root) == {f"{MINE}.json"}

    with locked(files, OTHERS) as lock:
        assert [one.dates for one in lock.unfinished] == [(DATE,)]


def test_a_run_gives_signs_of_life(files: Files, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "BEAT_SECONDS", 0.01)
    sign = root / LOAD_INTENTS / f"{MINE}.alive"
    with locked(files, MINE):
        os.utime(sign, (0, 0))
        deadline = time.monotonic() + 30
        while sign.stat().st_mtime == 0:
            assert time.monotonic() < deadline, "no sign of life"
            threading.Event().wait(0.01)


def test_a_run_that_was_taken_for_dead_stops(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    append = partitions.append

    def taken_over(*arguments: Any) -> None:
        append(*arguments)
        for file in (lake.transformed / LOAD_INTENTS).iterdir():
            file.unlink()

    monkeypatch.setattr(partitions, "append", taken_over)
    one = extracted(ExtractRun(), rows("a"))
    lake.drop(one)

    with pytest.raises(TakenOverError, match="another run has taken over"):
        lake.load()

    assert lake.pending() == {one.name: one.content}


def test_a_run_that_forgets_clears_away_one_that_was_killed_before_it_announced_anything(
    lake: Lake, dead_process: int
) -> None:
    leave(lake.transformed, host=HERE, process=dead_process, dates=())

    lake.load(action="forget", before_date=DATE)

    assert names(lake.transformed) == set()


def test_a_run_that_forgets_leaves_what_only_a_load_can_finish(lake: Lake, dead_process: int) -> None:
    leave(lake.transformed, host=HERE, process=dead_process)

    lake.load(action="forget", before_date=DATE)

    assert names(lake.transformed) == {f"{OTHERS}.json", f"{OTHERS}.alive"}


def test_two_runs_at_once_one_works_and_the_other_exits(lake: Lake, tmp_path: Path) -> None:
    """The other is the script that Glue starts, as a process of its own."""
    lake.drop(extracted(ExtractRun(), rows("a")))
    said: list[subprocess.CompletedProcess[str]] = []
    append = partitions.append

    def while_the_other_tries(*arguments: Any) -> None:
        if not said:
            uris = zip(("--raw_uri", "--transformed_uri"), lake.uris, strict=True)
            said.append(start(*(part for pair in uris for part in pair), cwd=tmp_path))
        append(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "append", while_the_other_tries)
        lake.load()

    (other,) = said
    assert (other.returncode, other.stdout) == (2, "")
    assert "is in use by load 2026" in other.stderr.splitlines()[-1]
    assert f"process {os.getpid()} on {HERE}" in other.stderr
    assert "Traceback" not in other.stderr
    assert lake.column("songs_data", "song_id") == ["a"]
    assert lake.pending() == {}
