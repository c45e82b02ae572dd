"""The job against the others: the same raw files, equal tables, whole processes by turns.

    python -m benchmarks.compare --sizes 100MB
    python -m benchmarks.compare --rows 500000 --playlists 5000 --only job,duckdb_sql --rounds 3 --json FILE

Prints a table of medians per size, and ends with 1 when somebody's tables are not the job's. The payload is made once
and kept in .cache/bench/. Before each run all of it is read, so that everyone finds it in the page cache alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import signal
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contestants import COMMAND, JOB, PEERS, ROOT, Contestant, contestants, environment
from benchmarks.measure import Limits, measure
from benchmarks.payloads import CLASSIC, EXTRACT, SHAPES, Payload, write
from benchmarks.results import Result, append, differences, table
from benchmarks.tables import content, size

CACHE = ROOT / ".cache" / "bench"

_UNITS = {"MB": 1_000_000, "GB": 1_000_000_000}
_BYTES_A_ROW = {EXTRACT: 2_220, CLASSIC: 2_475}
_A_PLAYLIST = 100
_BLOCK = 1 << 20


def main() -> int:
    """Run what the arguments say and print a table per size. Return 1 when tables differ."""
    given = _arguments()
    # As Ctrl-C does, so that what was started is ended: also when this runs in the background, which ignores Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    known = contestants()
    chosen = [known[name] for name in given.only]
    limits = Limits(given.time_limit, given.memory_limit)
    unequal: list[str] = []
    for payload in _payloads(given):
        folder = _made(payload)
        results: list[Result] = []
        for number in range(given.rounds):
            for one in _rotated(chosen, number):
                results.append(_run(one, payload, folder, number, limits))
                if given.json:
                    append(given.json, results[-1])
        unequal += differences(results)
        sys.stdout.write("\n".join(["", *table(results), ""]))
        sys.stdout.flush()
    for difference in unequal:
        sys.stderr.write(f"NOT EQUAL: {difference}\n")
    return min(1, len(unequal))


def _run(one: Contestant, payload: Payload, folder: Path, number: int, limits: Limits) -> Result:
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=CACHE) as scratch:
        return _run_in(Path(scratch), one, payload, folder, number, limits)


def _run_in(  # noqa: PLR0913, PLR0917  one call of it
    scratch: Path, one: Contestant, payload: Payload, folder: Path, number: int, limits: Limits
) -> Result:
    one.prepare(folder, scratch)
    raw_bytes, raw_files = _read_all(folder)
    sys.stderr.write(f"{payload.name}, round {number + 1}: {one.name} … ")
    sys.stderr.flush()
    measured = measure(
        one.command(folder, scratch),
        environment=environment(),
        folder=scratch,
        log=CACHE / f"{one.name}.log",
        # The job's heap has 4 GB; the limit on memory is for those that have none of their own.
        limits=replace(limits, memory=None) if one.name in {JOB, COMMAND} else limits,
    )
    sys.stderr.write(f"{measured.fault or f'{measured.seconds:.1f} s'}\n")
    finished = measured.fault is None
    bytes_out, files_out = size(one.tables(scratch)) if finished else (0, 0)
    return Result(
        name=one.name,
        round=number,
        payload=payload.name,
        rows=payload.rows,
        raw_bytes=raw_bytes,
        raw_files=raw_files,
        measured=measured,
        bytes_out=bytes_out,
        files_out=files_out,
        content=content(one.tables(scratch)) if finished else {},
        machine=f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}",
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _made(payload: Payload) -> Path:
    folder = CACHE / payload.name
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        sys.stderr.write(f"{payload.name}: is being made …\n")
        write(payload, folder, os.cpu_count() or 1)
    return folder


def _read_all(folder: Path) -> tuple[int, int]:
    """Read every file, and return their bytes and their number."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        with path.open("rb", buffering=0) as content_:
            while content_.read(_BLOCK):
                continue
    return sum(path.stat().st_size for path in files), len(files)


def _rotated(chosen: list[Contestant], number: int) -> list[Contestant]:
    """Return all, each round beginning with another."""
    start = number % len(chosen)
    return chosen[start:] + chosen[:start]


def _payloads(given: argparse.Namespace) -> list[Payload]:
    rows = [given.rows] if given.rows else [amount // _BYTES_A_ROW[given.shape] for amount in given.sizes]
    return [
        Payload(count, given.playlists or max(1, count // _A_PLAYLIST // given.dates), given.dates, given.shape)
        for count in rows
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_sizes, default="100MB", metavar="100MB,2GB", help="of raw JSON, about")
    parser.add_argument("--rows", type=int, help="instead of --sizes: items of playlists, in all")
    parser.add_argument("--playlists", type=int, help="default: one per 100 rows")
    parser.add_argument("--dates", type=int, default=1)
    parser.add_argument("--shape", choices=SHAPES, default=EXTRACT)
    parser.add_argument(
        "--only",
        type=_names,
        default=[JOB, *PEERS],
        metavar="NAMES",
        help=f"with commas between; default all but `{COMMAND}`, the whole of `spotify-etl run --raw`",
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=3600.0, metavar="SECONDS", help="of a run")
    parser.add_argument("--memory-limit", type=_bytes, metavar="10GB", help="of a peer's run; default: the machine's")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append a line per run")
    return parser.parse_args()


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(MB|GB)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is no size like 100MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2]])


def _sizes(text: str) -> list[int]:
    return [_bytes(one) for one in text.split(",")]


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = set(names) - set(contestants())
    if unknown:
        raise argparse.ArgumentTypeError(f"no {', '.join(sorted(unknown))}; there are {', '.join(contestants())}")
    return names


if __name__ == "__main__":
    sys.exit(main())
