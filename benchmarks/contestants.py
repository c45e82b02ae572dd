"""Who is compared: each makes the same three datasets of the same raw files, in a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lambda_extract.raw_zone import TO_BE_PROCESSED
from spotify_etl.java import java_home

ROOT = Path(__file__).parent.parent
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"

JOB, COMMAND = "job", "command"
PEERS = ("pandas_loops", "polars_frames", "duckdb_sql", "pyspark_per_table", "pyspark_cached")


@dataclass(frozen=True)
class Contestant:
    """One way to make the datasets: what must be there before the clock starts, what is run, where the tables are.

    All three take the payload's folder and a scratch folder, which is new each time.
    """

    name: str
    prepare: Callable[[Path, Path], None]
    command: Callable[[Path, Path], list[str]]
    tables: Callable[[Path], Path]


def contestants() -> dict[str, Contestant]:
    """Return all by their names: the job alone, the whole command around it, and the peers."""
    ours = [
        Contestant(JOB, link_into_lake, _job, lambda scratch: scratch / "lake" / "transformed"),
        Contestant(COMMAND, _nothing, _command, lambda scratch: scratch / "lake" / "transformed"),
    ]
    return {one.name: one for one in [*ours, *map(_peer, PEERS)]}


def environment() -> Mapping[str, str]:
    """Return what all are run with: this repository on Python's path, and the Java that ours takes."""
    known = {"JAVA_HOME": str(java_home()), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    strange = ("SPARK_", "PYSPARK_", "HADOOP_", "POLARS_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(strange)}, **known}


def link_into_lake(payload: Path, scratch: Path) -> None:
    """Make a lake whose raw zone holds the payload as hard links: moving those leaves the payload where it is."""
    shutil.copytree(payload, scratch / "lake" / "raw" / TO_BE_PROCESSED, copy_function=os.link)


def _peer(name: str) -> Contestant:
    def command(payload: Path, scratch: Path) -> list[str]:
        return [str(BENCH_PYTHON), "-m", f"benchmarks.peers.{name}", str(payload), str(scratch / "out")]

    return Contestant(name, _nothing, command, lambda scratch: scratch / "out")


def _job(payload: Path, scratch: Path) -> list[str]:  # noqa: ARG001
    return [sys.executable, "-m", "benchmarks.job_alone", str(scratch / "lake")]


def _command(payload: Path, scratch: Path) -> list[str]:
    run = "from spotify_etl.cli import main; main()"
    return [sys.executable, "-c", run, "run", "--strict", "--raw", str(payload), "--lake", str(scratch / "lake")]


def _nothing(payload: Path, scratch: Path) -> None:
    """Prepare nothing."""
