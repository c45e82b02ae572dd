"""What `spotify-etl run --sample` spends before Spark works, and a run with nothing new: medians of fresh processes.

    .venv/bin/python -m benchmarks.start_up [--times 5]

Each time a new lake is loaded, then run again. Spark works from the job's first step on. The extract's import is
`benchmarks/lambda_package.py`'s.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_COMMAND = Path(sys.executable).with_name("spotify-etl")
_READS = "read new objects"


def main() -> None:
    """Print a row per phase."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    phases: dict[str, list[float]] = {}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as scratch:
            for name, seconds in _once(Path(scratch, "lake")).items():
                phases.setdefault(name, []).append(seconds)
    sys.stdout.write(f"| median of {times} | seconds | fastest | slowest |\n|---|---:|---:|---:|\n")
    for name, found in phases.items():
        sys.stdout.write(f"| {name} | {statistics.median(found):.2f} | {min(found):.2f} | {max(found):.2f} |\n")


def _once(lake: Path) -> dict[str, float]:
    steps, first = _timed("run", "--sample", "--lake", str(lake))
    before = next(seconds for step, seconds in steps if step == _READS)
    _, again = _timed("run", "--sample", "--lake", str(lake))
    return {
        "`spotify-etl --help`: the command's imports": _timed("--help")[1],
        "`run --sample`: until Spark works (imports, JVM, session, listing)": before,
        "`run --sample`: in all": first,
        "`run --sample` again: nothing is new": again,
    }


def _timed(*arguments: str) -> tuple[list[tuple[str, float]], float]:
    """Return each step that a run names with the second in which it did, and the seconds in all."""
    steps = []
    began = time.perf_counter()
    with subprocess.Popen(
        [_COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        for line in process.stdout or ():
            if line.startswith("→ "):
                steps.append((line.removeprefix("→ ").strip(), time.perf_counter() - began))
    if process.returncode:
        raise SystemExit(f"{_COMMAND.name} {' '.join(arguments)} ended with {process.returncode}")
    return steps, time.perf_counter() - began


if __name__ == "__main__":
    main()
