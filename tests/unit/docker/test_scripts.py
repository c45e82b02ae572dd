"""The scripts of docker/ as the container runs them, with moto for the emulated AWS and a stand-in of spark-submit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from load_transform.contract import PROCESSED, TO_BE_PROCESSED
from spotify_etl import sample
from tests.s3.s3_lakes import MotoServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parents[3]

DONE = {
    "load_id": "20261123T070000000000Z-abcdef",
    "pending": 3,
    "dates": [
        {
            "extract_date": date,
            "objects_new": 1,
            "rows_in": 1200,
            "rows_out": 1000,
            "rows_superseded": 200,
            "rows": {"songs_data": 700, "albums_data": 40},
        }
        for date in ("2026-11-16", "2026-11-23")
    ],
    "quarantined": [{"object": "raw_data/to_be_processed/x.json", "reason": "not_json", "message": "It is no JSON."}],
    "held": ["2026-10-05"],
    "seconds": {},
}

SPARK_SUBMIT = """#!/usr/bin/env bash
printf '%s\\n' "$@" > "$NOTED/arguments"
env > "$NOTED/environment"
for one in "$@"; do case "$one" in *.zip | *.py) cp "$one" "$NOTED/" ;; esac; done
echo "INFO load_transform: write songs_data"
cat "$NOTED/done.json"
exit "$(cat "$NOTED/exit_code")"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[MotoServer]:
    with MotoServer() as server:
        yield server


@pytest.fixture(scope="module")
def s3(server: MotoServer) -> S3Client:
    return server.client()


def keys(client: S3Client, bucket: str, prefix: str = "") -> set[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


class Container:
    """The container's environment, and what spark-submit was given in it."""

    def __init__(self, folder: Path, endpoint: str | None) -> None:
        self.noted = folder / "noted"
        self.noted.mkdir()
        submit = folder / "bin" / "spark-submit"
        submit.parent.mkdir()
        submit.write_text(SPARK_SUBMIT)
        submit.chmod(0o755)
        self.spark_ends(0, done=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "SPARK"))}
        self.environment = {
            **clean,
            "PATH": f"{submit.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NOTED": str(self.noted),
            "TMPDIR": str(folder),
            "PYSPARK_PYTHON": sys.executable,
            "TEST_PACKAGES": "/test-packages",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
        }

    def spark_ends(self, exit_code: int, *, done: bool) -> None:
        (self.noted / "done.json").write_text(json.dumps(DONE) + "\n" if done else "")
        (self.noted / "exit_code").write_text(str(exit_code))

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd="/", env=self.environment, input=stdin, capture_output=True, text=True, check=False
        )

    @property
    def arguments(self) -> list[str]:
        return (self.noted / "arguments").read_text().splitlines()

    @property
    def settings(self) -> dict[str, str]:
        given = self.arguments
        pairs = [value.partition("=") for option, value in pairwise(given) if option == "--conf"]
        return {name: value for name, _, value in pairs}


RUN = str(ROOT / "docker" / "run.sh")


@pytest.fixture(scope="module")
def landed(server: MotoServer, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the first run put into the raw bucket. Later runs meet it there, which is quicker."""
    first = Container(tmp_path_factory.mktemp("first"), endpoint(server)).run(RUN)
    assert first.returncode == 0, first.stderr
    there = keys(s3, "raw", "raw_data/")
    assert first.stdout.startswith(f"Put {len(there)} raw objects into s3://raw\n")
    return there


def endpoint(server: MotoServer) -> str:
    """By a name, as in the container."""
    return f"http://localhost:{server.port}"


@pytest.fixture
def container(tmp_path: Path, server: MotoServer, landed: set[str]) -> Container:
    return Container(tmp_path, endpoint(server))


def test_the_whole_sample_is_put(landed: set[str]) -> None:
    of_the_run = {key for key in landed if sample.EVENT["time"][:10] in key}
    assert len(of_the_run) == 9
    assert landed == {key for key, _ in sample.snapshots()} | of_the_run


def test_a_sample_that_was_put_half_is_completed(container: Container, s3: S3Client, landed: set[str]) -> None:
    for key in sorted(landed, key=lambda key: "run-20261123" not in key)[:5]:
        s3.delete_object(Bucket="raw", Key=key)

    done = container.run(RUN)

    assert done.stdout.startswith("Put 5 raw objects into s3://raw\n"), done.stderr
    assert keys(s3, "raw", "raw_data/") == landed


def test_a_sample_that_was_loaded_is_not_put_again(container: Container, s3: S3Client, landed: set[str]) -> None:
    for key in landed:  # as the job does
        moved = key.replace(TO_BE_PROCESSED, PROCESSED)
        s3.copy_object(Bucket="raw", Key=moved, CopySource={"Bucket": "raw", "Key": key})
        s3.delete_object(Bucket="raw", Key=key)

    done = container.run(RUN)

    assert done.stdout.startswith("The sample lies in s3://raw already\n"), done.stderr
    assert keys(s3, "raw", TO_BE_PROCESSED) == set()


def test_spark_gets_what_glue_would_give_it(container: Container) -> None:
    done = container.run(RUN)

    assert done.returncode == 0, done.stderr
    script = next(one for one in container.arguments if one.endswith(".py"))
    after = container.arguments[container.arguments.index(script) + 1 :]
    assert after == ["--raw_uri", "s3://raw", "--transformed_uri", "s3://transformed"]
    # The script lies alone: the package can only come from the zip.
    assert Path(script).parent != ROOT / "glue_jobs"
    assert (container.noted / Path(script).name).read_bytes() == (ROOT / "glue_jobs" / Path(script).name).read_bytes()
    with zipfile.ZipFile(container.noted / "load_transform.zip") as package:
        modules = {f"load_transform/{path.name}" for path in (ROOT / "glue_jobs" / "load_transform").glob("*.py")}
        assert modules <= set(package.namelist())
    # And none of the test packages can be imported.
    assert "PYTHONPATH=" not in (container.noted / "environment").read_text()
    assert not Path(script).exists()


def test_the_settings_are_those_of_an_s3_that_is_not_amazons(container: Container) -> None:
    assert container.run(RUN).returncode == 0

    settings = {name.removeprefix("spark.hadoop.fs."): value for name, value in container.settings.items()}
    assert settings["s3.impl"] == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert settings["s3a.endpoint"] == "${env.AWS_ENDPOINT_URL}"
    assert settings["s3a.endpoint.region"] == "${env.AWS_REGION}"
    assert settings["s3a.path.style.access"] == "true"
    assert settings["s3a.connection.ssl.enabled"] == "false"
    assert settings["s3a.aws.credentials.provider"] == "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"
    # In place of the image's spark-defaults.conf it would take the class path of S3A away.
    assert "--properties-file" not in container.arguments


def test_the_summary_says_what_was_loaded(container: Container) -> None:
    done = container.run(RUN)

    assert done.stdout.splitlines()[1:] == [
        "Loaded 2 new objects into 2 dates (2026-11-16 … 2026-11-23)",
        "Rows   2,400 in = 2,000 out + 400 superseded",
        "        1,400 songs_data",
        "           80 albums_data",
        "In quarantine: raw_data/to_be_processed/x.json: It is no JSON.",
        "Held: 2026-10-05: raw objects that it was loaded from are gone; it was not rebuilt.",
        "Look at it: make docker-shell. Forget it: make docker-stop",
    ]
    assert done.stderr == "INFO load_transform: write songs_data\n"


@pytest.mark.parametrize(("exit_code", "done"), [(1, False), (0, False), (3, True)])
def test_a_job_that_does_not_end_well_fails_the_target(container: Container, exit_code: int, done: bool) -> None:
    container.spark_ends(exit_code, done=done)

    run = container.run(RUN)

    assert run.returncode != 0
    assert "Look at it" not in run.stdout
    assert ("The job did not end well; why is above." in run.stderr) is not done


def test_nothing_new_is_said() -> None:
    nothing = {"load_id": "x", "pending": 0, "dates": [], "quarantined": [], "held": [], "seconds": {}}
    done = subprocess.run(
        [sys.executable, ROOT / "docker" / "summary.py"],
        input=json.dumps(nothing) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Nothing is new: no raw object waits, the tables are as they were.\n"


@pytest.mark.parametrize("script", ["run.sh", "shell.sh"])
def test_without_an_endpoint_nothing_begins(tmp_path: Path, script: str) -> None:
    container = Container(tmp_path, None)

    done = container.run(str(ROOT / "docker" / script))

    assert done.returncode != 0
    assert "AWS_ENDPOINT_URL: is not set" in done.stderr
    assert not (container.noted / "arguments").exists()


def test_an_emulator_that_is_not_there_is_named(tmp_path: Path) -> None:
    container = Container(tmp_path, "http://127.0.0.1:9")
    container.environment["AWS_MAX_ATTEMPTS"] = "1"

    done = container.run(RUN)

    assert done.returncode != 0
    assert "put_sample: the sample could not be put into http://127.0.0.1:9: " in done.stderr
    assert not (container.noted / "arguments").exists()


def test_the_image_keeps_its_own_spark() -> None:
    pinned = (ROOT / "requirements" / "test.txt").read_text()
    done = subprocess.run(
        [sys.executable, ROOT / "docker" / "test_requirements.py"],
        input=pinned,
        capture_output=True,
        text=True,
        check=True,
    )

    def names(text: str) -> list[str]:
        return [line.partition("==")[0] for line in text.splitlines() if "==" in line]

    gone = {"awsgluedataplanepython", "py4j", "pyspark"}
    assert names(done.stdout) == [name for name in names(pinned) if name not in gone]
    # A package goes with its hashes, and no other's go.
    kept = done.stdout.splitlines()
    assert all(line.startswith("    --hash=") or "==" in line for line in kept)
    assert [line for line in pinned.splitlines() if line in set(kept)] == kept
    assert all(after.startswith("    --hash=") for line, after in pairwise(kept) if "==" in line)
    assert len(pinned.splitlines()) - len(kept) == sum(lines_of(pinned, name) for name in gone)


def lines_of(requirements: str, name: str) -> int:
    lines = requirements.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{name}=="))
    rest = [number for number, line in enumerate(lines) if number > start and "==" in line]
    return (rest[0] if rest else len(lines)) - start
