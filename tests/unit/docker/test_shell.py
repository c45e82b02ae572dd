"""docker/shell.sh on a terminal, with real Spark and S3A on moto: what docker/spark.conf says, said by nobody else."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import duckdb
import pytest

from spotify_etl.java import java_home
from tests.s3.s3_lakes import MotoServer
from tools.s3_jars import S3JarsError, bundled_hadoop, s3_jars

SHELL = Path(__file__).parents[3] / "docker" / "shell.sh"
SECONDS = 300


@pytest.fixture(scope="module")
def server() -> Iterator[MotoServer]:
    with MotoServer() as server:
        yield server


@pytest.fixture(scope="module")
def conf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the image's own spark-defaults.conf: the class path of S3A."""
    try:
        jars = s3_jars(bundled_hadoop())
    except S3JarsError as error:
        pytest.skip(f"S3A's jars are not there: {error}")
    folder: Path = tmp_path_factory.mktemp("conf")
    (folder / "spark-defaults.conf").write_text(f"spark.driver.extraClassPath {':'.join(map(str, jars))}\n")
    return folder


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        self.said = ""
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir("/")
            os.execve(program, [str(program)], environment)  # noqa: S606 - a terminal needs the process itself

    def until(self, text: str) -> None:
        """Read until the program has said something."""
        give_up = time.monotonic() + SECONDS
        while text not in self.said:
            ready, _, _ = select.select([self._terminal], [], [], max(0, give_up - time.monotonic()))
            assert ready, f"{text!r} did not come within {SECONDS} s, but:\n{self.said}"
            try:
                self.said += os.read(self._terminal, 65536).decode(errors="replace")
            except OSError:
                pytest.fail(f"The program ended before {text!r}:\n{self.said}")

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\n")

    def end(self) -> int:
        """Leave, read to the end, and return the exit code."""
        self.type("exit()")
        with suppress(OSError):  # what a terminal answers whose program has ended
            while os.read(self._terminal, 65536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Without its terminal a program that still runs ends.
        os.close(self._terminal)


def shell(server: MotoServer, conf_folder: Path) -> Terminal:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "SPARK"))}
    environment = {
        **clean,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JAVA_HOME": str(java_home()),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(conf_folder),
        "AWS_ENDPOINT_URL": f"http://localhost:{server.port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "TERM": "dumb",
    }
    return Terminal(SHELL, environment)


def test_the_shell_knows_the_lakes_tables(server: MotoServer, conf_folder: Path, tmp_path: Path) -> None:
    with shell(server, conf_folder) as terminal:
        terminal.until(">>> ")
        nothing = "There is nothing in s3://transformed yet: leave with Ctrl-D and run make docker-run first."
        assert nothing in terminal.said
        put_a_lake(server, tmp_path)

        terminal.type("print('found', register(spark))")
        terminal.until("found ['songs_data', 'load_reports']")
        terminal.type("print('row', *spark.table('songs_data').first())")
        terminal.until("row song1 1500-01-01 2026-08-03")
        # The partition's date is text, as the contract has it.
        terminal.type("print('kind', dict(spark.table('songs_data').dtypes)['extract_date'])")
        terminal.until("kind string")
        terminal.type("print('load', spark.table('load_reports').first().load_id)")
        terminal.until("load load1")
        assert terminal.end() == 0


def put_a_lake(server: MotoServer, scratch: Path) -> None:
    """A table, a report, and an intent, which is no table."""
    row, file = "SELECT 'song1' AS song_id, DATE '1500-01-01' AS released", scratch / "x.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({row}) TO '{file}' (FORMAT parquet)")
    s3 = server.client()
    s3.create_bucket(Bucket="transformed")
    for key, content in {
        "songs_data/extract_date=2026-08-03/x.parquet": file.read_bytes(),
        "load_reports/extract_date=2026-08-03/load1.json": b'{"load_id": "load1"}\n',
        "load_intents/load1.json": b"{}",
    }.items():
        s3.put_object(Bucket="transformed", Key=key, Body=content)
