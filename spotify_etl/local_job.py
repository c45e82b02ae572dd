"""The Glue job on this machine: the very script and arguments of the cloud, with folders where the buckets are.

Spark sees `s3://raw` and `s3://transformed`; Hadoop's view file system shows it the lake's folders under these names.
The raw local file system, unlike Hadoop's checksumming one, takes names with colons and leaves no `.crc` files.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from lambda_extract.raw_zone import PROCESSED, TO_BE_PROCESSED
from spotify_etl.errors import REFUSED, CommandError, RefusedError
from spotify_etl.java import java_home
from spotify_etl.lake import Lake

SCRIPT = Path(__file__).parent.parent / "glue_jobs" / "spotify_load_transform.py"

OnProgress = Callable[[str], None]

_CONF = Path(__file__).parent / "spark_conf"
_SMALL_LOAD = 64 * 1024 * 1024
_QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

_STEP = re.compile(r"INFO load_transform\.run: (.+)")
_STAGE = re.compile(r"\[Stage (\d+):[=> ]*\((\d+) \+ \d+\) / (\d+)\]")
_REASON = re.compile(r"spotify_load_transform: (.+)")


def run_job(
    lake: Lake, lock: int, arguments: Mapping[str, str], *, on_step: OnProgress, on_stage: OnProgress
) -> dict[str, Any]:
    """Run the job on the lake and return its summary.

    Parameters
    ----------
    lock
        The open file that locks the lake: the job holds it too.
    arguments
        The job's arguments beside the two buckets: see `load_transform.orders`.
    on_step, on_stage
        Called with the name of each step as it begins, and with Spark's own progress within it.

    Raises
    ------
    RefusedError
        If the job refused: nothing was changed.
    CommandError
        If the job stopped.
    """
    given = {"raw_uri": "s3://raw", "transformed_uri": "s3://transformed", **arguments}
    # With an equals sign, so that a value may begin with a hyphen.
    command = [sys.executable, str(SCRIPT), *(f"--{name}={value}" for name, value in given.items())]
    with (
        tempfile.TemporaryDirectory(prefix="spotify-etl-") as scratch,
        # A file, since a pipe that nobody reads while the progress is followed would stop the job when it is full.
        tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        lake.log.open("w", encoding="utf-8") as log,
    ):
        process = subprocess.Popen(
            command,
            env={**_own_environment(), **_environment(lake, Path(scratch), rebuilds="action" in arguments)},
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            pass_fds=(lock,),
        )
        with process:
            reason = _follow(process.stderr or (), log, on_step=on_step, on_stage=on_stage)
        if process.returncode == REFUSED:
            raise RefusedError(reason or f"The job refused. All it said: {lake.log}")
        if process.returncode:
            raise CommandError(f"The job stopped: {reason or 'it gave no reason.'} All it said: {lake.log}")
        output.seek(0)
        return _summary(output.read(), lake)


def _summary(output: str, lake: Lake) -> dict[str, Any]:
    """Return the job's last line that is its summary: a JVM may print beside it, as its options make it do."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            summary: dict[str, Any] = json.loads(line)
            return summary
    raise CommandError(f"The job ended without telling what it did. All it said: {lake.log}")


def _own_environment() -> dict[str, str]:
    """Return the user's environment without another Spark's settings and without credentials."""
    strange = ("SPARK_", "PYSPARK_", "HADOOP_", "SPOTIPY_", "SPOTIFY_")
    return {name: value for name, value in os.environ.items() if not name.startswith(strange)}


def _environment(lake: Lake, scratch: Path, *, rebuilds: bool) -> dict[str, str]:
    mounts = {"raw": lake.raw.root, "transformed": lake.transformed}
    settings = {
        "spark.driver.memory": "4g",
        # For what gets through, not for short pauses, which nobody waits for.
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "true",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": (scratch / "warehouse").as_uri(),
        # Where a file's blocks lie is its owner's secret, too, for which Hadoop starts `ls` once a file.
        "spark.sql.sources.ignoreDataLocality": "true",
        # Opening a local file costs next to nothing, and a task of its own for every 30 of them a good deal.
        "spark.sql.files.openCostInBytes": str(256 * 1024),
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        **{
            f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback": folder.absolute().as_uri()
            for bucket, folder in mounts.items()
        },
    }
    zones = (lake.raw.root / zone for zone in (TO_BE_PROCESSED, *((PROCESSED,) if rebuilds else ())))
    if sum(path.stat().st_size for zone in zones for path in zone.rglob("*")) < _SMALL_LOAD:
        # A small load is over before compiling it would pay, be it by the JVM or by Spark.
        settings["spark.driver.extraJavaOptions"] = _QUICK_START
        settings["spark.sql.codegen.wholeStage"] = "false"
        settings["spark.sql.codegen.factoryMode"] = "NO_CODEGEN"
    configured = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    return {
        # Java decodes file names by the locale, and drops from a listing what it cannot decode.
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "JAVA_HOME": str(java_home()),
        "SPARK_CONF_DIR": str(_CONF),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": shlex.join(["--master", "local[*]", *configured, "pyspark-shell"]),
    }


def _follow(lines: Iterable[str], log: IO[str], *, on_step: OnProgress, on_stage: OnProgress) -> str | None:
    """Pass on progress, keep the rest in the log, and return the reason that the job gave for stopping.

    Spark draws its progress bar over itself with carriage returns, which text mode takes for line ends.
    """
    reason = last = None
    for line in lines:
        if stage := _STAGE.search(line):
            on_stage(f"stage {stage[1]}: {stage[2]} of {stage[3]} tasks")
            continue
        log.write(line)
        if step := _STEP.search(line):
            on_step(step[1])
        elif stopped := _REASON.match(line):
            reason = stopped[1]
        elif line.strip():
            last = line.strip()
    return reason or last
