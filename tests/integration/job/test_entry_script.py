"""The script that Glue starts, as a process of its own with Glue's arguments."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from load_transform.contract import DATASETS, PROCESSED, TO_BE_PROCESSED
from spotify_etl.java import java_home
from tests.builders import DATE, ExtractRun, contents, extracted, put, read_table, rows

SCRIPT = Path(__file__).parents[3] / "glue_jobs" / "spotify_load_transform.py"
OBJECT = extracted(ExtractRun(), rows("a", "b"))


def start(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the script with a Spark that is configured as little as a folder in place of a bucket allows."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": (cwd / "warehouse").as_uri(),
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m",
    }
    conf = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    environment = {
        **os.environ,
        "JAVA_HOME": str(java_home()),
        "PYSPARK_SUBMIT_ARGS": shlex.join(["--master", "local[2]", *conf, "pyspark-shell"]),
    }
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_it_loads_what_is_pending_and_says_so_in_its_last_line(tmp_path: Path) -> None:
    raw, transformed = tmp_path / "raw", tmp_path / "transformed"
    put(raw / TO_BE_PROCESSED / OBJECT.name, OBJECT.content)
    transformed.mkdir()
    # Glue adds arguments of its own.
    of_glue = (
        "--JOB_NAME",
        "spotify_load_transform",
        "--JOB_RUN_ID",
        "jr_1",
        "--job-bookmark-option",
        "job-bookmark-disable",
    )

    done = start(*of_glue, "--raw_uri", raw.as_uri(), "--transformed_uri", transformed.as_uri(), cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["pending"], said["quarantined"], said["held"]) == (1, [], [])
    (line,) = said["dates"]
    assert (line["extract_date"], line["rows"]["playlist_items_data"]) == (DATE, 2)
    assert [row["song_id"] for row in read_table(transformed, "songs_data")] == ["a", "b"]
    for dataset in DATASETS:
        assert read_table(transformed, dataset.name), dataset.name
    assert contents(raw) == {PROCESSED + OBJECT.name: OBJECT.content}
    assert not [name for name in contents(transformed) if "_SUCCESS" in name or name.endswith(".crc")]


@pytest.mark.parametrize("given", ["--raw_uri", "--transformed_uri"])
def test_a_missing_argument_stops_it_before_anything_is_read(tmp_path: Path, given: str) -> None:
    put(tmp_path / TO_BE_PROCESSED / OBJECT.name, OBJECT.content)

    done = start(given, tmp_path.as_uri(), cwd=tmp_path)

    assert done.returncode != 0
    assert done.stdout == ""
    (missing,) = {"raw_uri", "transformed_uri"} - {given.removeprefix("--")}
    assert missing in done.stderr
    assert contents(tmp_path) == {TO_BE_PROCESSED + OBJECT.name: OBJECT.content}
