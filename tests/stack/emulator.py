"""MiniStack, the emulated AWS, as a process of its own environment on a free port of loopback.

`.venv-emulator` has it, since what it pins is not what the project pins; EMULATOR_PYTHON names another Python.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.servers import Server, free_port

ACCOUNT = "123456789012"
REGION = "eu-central-1"

CHECKOUT = Path(__file__).parent.parent.parent
PYTHON = Path(os.environ.get("EMULATOR_PYTHON", CHECKOUT / ".venv-emulator" / "bin" / "python"))

_START_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.05


class Emulator(Server):
    """A running MiniStack.

    Parameters
    ----------
    program
        what the emulator's Python runs instead of `-m ministack`: a script that ends in `ministack.app.main()`
    environment
        more variables for it; SFN_WAIT_SCALE is 0 unless given: a state machine's waits take no time
    """

    def __init__(self, *, program: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._scratch = tempfile.TemporaryDirectory(prefix="emulator-")
        self._log = Path(self._scratch.name) / "log"
        command = [str(PYTHON), *([str(program)] if program else ["-m", "ministack"])]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env={**self._environment(), **(environment or {})},
                cwd=self._scratch.name,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _environment(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **passed,
            **self.credentials(),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LOG_LEVEL": "WARNING",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "PYTHONDONTWRITEBYTECODE": "1",
            "SFN_WAIT_SCALE": "0",
            "TMPDIR": self._scratch.name,
        }

    @staticmethod
    def credentials() -> dict[str, str]:
        """Return variables that make boto3 a client of any emulator, with nobody's credentials."""
        return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

    def client(self, service: str) -> Any:
        """Return a boto3 client for the emulated service."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def log(self) -> str:
        """Return what the emulator has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End the process, this one and no other, and remove what it left."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._scratch.cleanup()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"The emulator ended with {self._process.returncode}: {self.log()[-2000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2) as answer:  # noqa: S310
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"The emulator was not ready within {_START_WITHIN_SECONDS:.0f} s: {self.log()[-2000:]}")
