"""One process and all that it starts: seconds, processor seconds, peak memory. For Linux, which has /proc.

Memory is the resident memory of the whole tree (a JVM below Python included), looked at ten times a second; pages that
two processes share count twice. Processor seconds are each process's as it was last seen, so up to a tenth is missed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_INTERVAL, _LAST_WAIT = 0.1, 10.0
_PAGE, _TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _RSS = 11, 12, 21
"""Places in /proc/PID/stat behind the name of the program."""


@dataclass(frozen=True)
class Measured:
    """What a run took, in seconds and bytes, and why it did not finish (None when it did)."""

    seconds: float
    cpu_seconds: float
    peak_memory: int
    fault: str | None


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes that a run may take; None for as much as it wants."""

    seconds: float | None = None
    memory: int | None = None


def measure(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    limits: Limits,
) -> Measured:
    """Run a command in a folder to its end. Over a limit, it is killed with all that it started."""
    cpu: dict[int, float] = {}
    peak, fault = 0, None
    with log.open("w", encoding="utf-8") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            # Where Spark, DuckDB and Python put what they spill.
            cwd=folder,
            env={**environment, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                seen = dict(_tree(process.pid))
                cpu |= {one: seconds for one, (seconds, _) in seen.items()}
                memory = sum(resident for _, resident in seen.values())
                peak = max(peak, memory)
                fault = _over(limits, time.monotonic() - begun, memory)
                if fault:
                    break
                time.sleep(_INTERVAL)
            seconds = time.monotonic() - begun
        finally:
            _end(process.pid, cpu)
            code = process.wait()
    if fault is None and code:
        fault = _death(code, log)
    return Measured(seconds, sum(cpu.values()), peak, fault)


def _over(limits: Limits, seconds: float, memory: int) -> str | None:
    if limits.seconds is not None and seconds > limits.seconds:
        return f"over {limits.seconds:g} s"
    if limits.memory is not None and memory > limits.memory:
        return f"over {limits.memory / 1e9:g} GB"
    return None


def _death(code: int, log: Path) -> str:
    if code < 0:
        killed = signal.Signals(-code).name
        return f"{killed}, as for want of memory" if killed == "SIGKILL" else killed
    said = log.read_text(encoding="utf-8", errors="replace")
    if "OutOfMemoryError" in said or "MemoryError" in said or "Out of Memory Error" in said:
        return "out of memory"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"exit code {code}: {lines[-1][:100]}" if lines else f"exit code {code}"


def _tree(process: int, parent: bytes = b"") -> Iterator[tuple[int, tuple[float, int]]]:
    """Yield the processes below and including one, each with its processor seconds and its resident bytes.

    One that was forked and has not become another program yet shows its parent's memory (a JVM's, whenever it starts a
    program), which must not count twice: it has its parent's command line, given as `parent`.
    """
    fields = _fields(process)
    try:
        line = Path(f"/proc/{process}/cmdline").read_bytes()
        children = [path.read_text(encoding="ascii") for path in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        # It has ended meanwhile.
        return
    if not fields:
        return
    resident = 0 if line and line == parent else int(fields[_RSS]) * _PAGE
    yield process, ((int(fields[_UTIME]) + int(fields[_STIME])) / _TICK, resident)
    for child in map(int, " ".join(children).split()):
        yield from _tree(child, line)


def _end(group: int, processes: Iterable[int]) -> None:
    """Kill what a run left, which is of one process group, and wait until it has given back its memory."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    until = time.monotonic() + _LAST_WAIT
    while any(map(_is_alive, processes)) and time.monotonic() < until:
        time.sleep(_INTERVAL)


def _is_alive(process: int) -> bool:
    fields = _fields(process)
    return bool(fields) and fields[0] not in {"Z", "X"}


def _fields(process: int) -> list[str]:
    """Return what /proc/PID/stat has behind the program's name, which may hold anything; nothing when it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []
