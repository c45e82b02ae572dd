"""Huge and hostile objects through the job as a local run starts it: what becomes of each, seconds, peak memory.

Run it with `.venv/bin/python benchmarks/hostile_input.py [name …]`; it ends with 1 when an outcome is not the expected
one. Every object lies beside a good one, which must be loaded. The peak is the resident memory of the job's JVM, whose
heap is 4 GB; Java gives little of it back, so a peak near 4 GB says that it was enough, not that all of it was needed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_extract.raw_zone import TO_BE_PROCESSED
from load_transform import reasons
from load_transform.documents import MAX_DOCUMENTS, MAX_TEXTS, MAX_VALUES
from load_transform.objects import MAX_OBJECT_BYTES
from spotify_etl.lake import OWN, open_for_writing
from spotify_etl.local_job import run_job

MEGABYTE = 1024 * 1024
GOOD = b'{"items":[{"item":{"id":"good","name":"Good"}}],"total":1}'
HEAD = b'{"schema_version":1,"run_id":"r","playlist":{"id":"huge"},"page":{"items":['
ROW = b'{"added_at":"2026-01-01T00:00:00Z","item":{"id":"a","name":"%s","available_markets":[%s]}}' % (
    b"name " * 100,
    b",".join([b'"DE"'] * 60),
)


@dataclass(frozen=True)
class Huge:
    """An object, how often it is dropped, and what must become of it: its rows, or why it is refused."""

    content: Callable[[], bytes]
    expected: int | str
    copies: int = 1


def _many(unit: bytes, size: int, between: bytes = b",") -> bytes:
    return between.join([unit] * (size // (len(unit) + len(between))))


def _line(rows: bytes) -> bytes:
    return HEAD + rows + b"]}}"


def _page(rows: bytes) -> bytes:
    return b'{"items":[' + rows + b"]}"


def _rows(size: int) -> int:
    return size // (len(ROW) + 1)


FIFTY, LARGEST = 50 * MEGABYTE, MAX_OBJECT_BYTES - len(HEAD) - 100
OBJECTS: dict[str, Huge] = {
    "a line of rows, 50 MB": Huge(lambda: _line(_many(ROW, FIFTY)), _rows(FIFTY)),
    "a page of rows, 50 MB": Huge(lambda: _page(_many(ROW, FIFTY)), _rows(FIFTY)),
    "a text of 50 MB": Huge(lambda: _page(b'{"item":{"name":"' + b"x" * FIFTY + b'"}}'), reasons.BEYOND_LIMITS),
    "a text of 50 MB in a line": Huge(
        lambda: _line(b'{"item":{"name":"' + b"x" * FIFTY + b'"}}'), reasons.BEYOND_LIMITS
    ),
    "50 MB that are not JSON": Huge(lambda: b"x" * FIFTY, reasons.NOT_JSON),
    "50 MB of brackets": Huge(lambda: b"[" * FIFTY, reasons.TRUNCATED),
    "50 MB of line feeds around a page": Huge(lambda: b"\n" * (FIFTY // 2) + GOOD + b"\n" * (FIFTY // 2), 1),
    "50 MB of unknown keys": Huge(
        lambda: _page(b'{"item":{' + b",".join(b'"%d":1' % number for number in range(FIFTY // 11)) + b"}}"), 1
    ),
    "a million documents": Huge(lambda: (GOOD + b"\n") * MAX_DOCUMENTS, MAX_DOCUMENTS),
    "as many values as may be, twice": Huge(
        lambda: _page(b'{"item":null},' + _many(b"{}", 3 * MAX_VALUES - 6)), MAX_VALUES - 1, copies=2
    ),
    "as many texts as may be, twice": Huge(
        lambda: _page(b'{"item":null},' + _many(b'""', 3 * MAX_TEXTS - 6)), MAX_TEXTS - 1, copies=2
    ),
    "256 MiB of lines": Huge(lambda: _many(_line(_many(ROW, MEGABYTE // 10)), LARGEST, b"\n"), -1),
    "256 MiB that are not JSON": Huge(lambda: b"x" * LARGEST, reasons.NOT_JSON),
}


def main() -> int:
    """Print the rows of the table; return 1 where an outcome is not the expected one."""
    wrong = 0
    sys.stdout.write("| object | MB | becomes | seconds | peak memory |\n|---|---:|---|---:|---:|\n")
    for name in sys.argv[1:] or OBJECTS:
        huge = OBJECTS[name]
        content = huge.content()
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as root, _peak_of_java() as peak:
            outcome = _load(Path(root) / "lake", content, huge)
        wrong += not outcome.endswith("as expected")
        figures = f"{time.monotonic() - began:.0f} | {max(peak):,.0f} MB"
        sys.stdout.write(f"| {name} | {len(content) / MEGABYTE:.0f} | {outcome} | {figures} |\n")
        sys.stdout.flush()
    return min(wrong, 1)


def _load(root: Path, content: bytes, huge: Huge) -> str:
    waiting = root / "raw" / TO_BE_PROCESSED
    waiting.mkdir(parents=True)
    for number in range(huge.copies):
        (waiting / f"huge{number}.jsonl").write_bytes(content)
    (waiting / "good.json").write_bytes(GOOD)
    with open_for_writing(root, OWN) as (lake, lock):
        done: dict[str, Any] = run_job(lake, lock, {}, on_step=_nothing, on_stage=_nothing)
    rows = sum(line["rows_in"] for line in done["dates"]) - 1
    codes = [one["reason"] for one in done["quarantined"]]
    if isinstance(huge.expected, str):
        as_expected = codes == [huge.expected] * huge.copies and rows == 0
    else:
        as_expected = not codes and rows == (huge.expected if huge.expected >= 0 else rows) * huge.copies
    return f"{', '.join(codes) or f'{rows:,} rows'}{', as expected' if as_expected else ', NOT EXPECTED'}"


@contextmanager
def _peak_of_java() -> Iterator[list[float]]:
    """Give a list that the highest resident memory of this process's JVM, in MB, is appended to until the end."""
    seen, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            seen.extend(filter(None, map(_high_water_mark, _descendants(os.getpid()))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _high_water_mark(process: int) -> float | None:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(fields["VmHWM"].split()[0]) / 1024 if fields["Name"].strip() == "java" and "VmHWM" in fields else None


def _descendants(process: int) -> Iterator[int]:
    try:
        listed = [path.read_text(encoding="ascii") for path in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        # It has ended meanwhile.
        return
    for child in map(int, " ".join(listed).split()):
        yield child
        yield from _descendants(child)


def _nothing(_: str) -> None:
    """Show no progress."""


if __name__ == "__main__":
    sys.exit(main())
