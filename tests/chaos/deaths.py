"""Starting a victim in a process group of its own and seeing it die, JVM included."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from spotify_etl.java import java_home
from tests.chaos.orders import Order
from tests.conftest import SPARK_SETTINGS

VICTIM = Path(__file__).parent / "victim.py"
LONGEST = 300.0
"""Seconds after which a victim that neither ends nor dies is taken for stuck."""


class StrangeDeathError(Exception):
    """A victim that did not do what it was started for."""


@dataclass(frozen=True)
class End:
    """How a victim ended: the points that it reached, whether it was killed, and the seconds since the first point."""

    points: list[str]
    killed: bool
    seconds: float


def run_victim(
    root: Path,
    orders: Sequence[Order],
    *,
    copying: bool = False,
    kill_at: int | None = None,
    kill_after: float | None = None,
) -> End:
    """Run orders on a lake in a process that dies at a point, some seconds after its first point, or not at all.

    Returns when no process of its group is left.

    Raises
    ------
    StrangeDeathError
        when it fails instead, or leaves a process behind
    """
    reading, writing = os.pipe()
    told = {"root": str(root), "orders": orders, "kill_at": kill_at, "copying": copying, "points_to": writing}
    with os.fdopen(reading, "rb", buffering=0) as points:
        process = subprocess.Popen(
            [sys.executable, str(VICTIM), json.dumps(told)],
            env=_environment(root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            start_new_session=True,
            text=True,
            errors="replace",
        )
        os.close(writing)
        with process:
            said: list[str] = []
            # The JVM has the same output: it ends when the last process of the group has.
            listener = Thread(target=_listen, args=(process.stdout, said), daemon=True)
            listener.start()
            reached, seconds = _follow(points, process.pid, kill_after)
            listener.join(LONGEST)
    left = _alive(process.pid)
    if listener.is_alive() or left:
        raise StrangeDeathError(f"Processes of the victim's group {process.pid} are left: {left}. End them by hand.")
    if process.returncode not in {0, -signal.SIGKILL}:
        raise StrangeDeathError(f"The victim stopped by itself with {process.returncode}:\n{''.join(said)}")
    return End(reached, process.returncode != 0, seconds)


def _follow(points: IO[bytes], group: int, kill_after: float | None) -> tuple[list[str], float]:
    """Read the points that a victim reaches until it ends; kill it when its time has come."""
    text = b""
    first = None
    deadline = time.monotonic() + LONGEST
    while True:
        ready, _, _ = select.select([points], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.killpg(group, signal.SIGKILL)
            deadline = time.monotonic() + LONGEST
            continue
        part = points.read(65536)
        if not part:
            break
        text += part
        if first is None:
            first = time.monotonic()
            deadline = first + (LONGEST if kill_after is None else kill_after)
    return text.decode().splitlines(), 0.0 if first is None else time.monotonic() - first


def _listen(output: IO[str] | None, said: list[str]) -> None:
    said.extend(output or ())


def _alive(group: int) -> list[str]:
    """Return the processes of a group that are more than an entry in the table of processes."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,pid=,stat=,comm="], capture_output=True, text=True, check=True)
    found = (line.split(None, 3) for line in listed.stdout.splitlines())
    return [f"{pid} {command}" for number, pid, state, command in found if int(number) == group and state[0] != "Z"]


def _environment(root: Path) -> dict[str, str]:
    settings = {**SPARK_SETTINGS, "spark.sql.warehouse.dir": (root.parent / "warehouse").as_uri()}
    conf = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    return {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "JAVA_HOME": str(java_home()),
        "PYTHONUNBUFFERED": "1",
        "PYSPARK_SUBMIT_ARGS": shlex.join(["--master", "local[2]", *conf, "pyspark-shell"]),
    }
