"""The command, run as people run it, against an emulated AWS."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.stack.emulator import CHECKOUT, Emulator


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


class Command:
    """`spotify-etl` with the emulator's endpoint, nobody's credentials and a home of its own."""

    def __init__(self, emulator: Emulator, home: Path) -> None:
        self._home = home
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "glue_jobs"))),
            "AWS_ENDPOINT_URL": emulator.url,
            "COLUMNS": "200",
            **emulator.credentials(),
        }

    def __call__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Said:
        """Run it to its end."""
        return self._run(arguments, environment or {}, subprocess.DEVNULL)

    def at_terminal(self, answers: str, *arguments: str) -> Said:
        """Run it with somebody at a terminal, who types these lines."""
        ours, its = pty.openpty()
        try:
            os.write(ours, answers.encode())
            return self._run(arguments, {}, its)
        finally:
            os.close(its)
            os.close(ours)

    def well(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run it to a good end, and return what it printed."""
        said = self(*arguments, environment=environment)
        assert said.code == 0, f"{arguments}: {said.out}\n{said.err}"
        return said.out

    def _run(self, arguments: tuple[str, ...], environment: Mapping[str, str], answers: int) -> Said:
        ended = subprocess.run(
            [sys.executable, "-m", "spotify_etl.cli", *arguments],
            env={**self._environment, **environment},
            cwd=self._home,
            stdin=answers,
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(ended.returncode, ended.stdout, ended.stderr)
