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
from dataclasses import dataclass
from pathlib import Path

_INTERVAL = 0.1
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


def measure(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    time_limit: float | None = None,
    memory_limit: int | None = None,
) -> Measured:
    """Run a command to its end and return what it took. Over a limit, it is killed with all that it started."""
    cpu: dict[int, float] = {}
    peak, fault = 0, None
    with log.open("w", encoding="utf-8") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            env=environment,
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
                fault = _over(time.monotonic() - begun, time_limit, memory, memory_limit)
                if fault:
                    break
                time.sleep(_INTERVAL)
            seconds = time.monotonic() - begun
        finally:
            _end([process.pid, *cpu])
            code = process.wait()
    if fault is None and code:
        fault = _death(code, log)
    return Measured(seconds, sum(cpu.values()), peak, fault)


def _over(seconds: float, time_limit: float | None, memory: int, memory_limit: int | None) -> str | None:
    if time_limit is not None and seconds > time_limit:
        return f"over {time_limit:g} s"
    if memory_limit is not None and memory > memory_limit:
        return f"over {memory_limit / 1e9:g} GB"
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


def _tree(process: int) -> Iterator[tuple[int, tuple[float, int]]]:
    """Yield the processes below and including one, each with its processor seconds and its resident bytes."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        children = [path.read_text(encoding="ascii") for path in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        # It has ended meanwhile.
        return
    yield process, ((int(fields[_UTIME]) + int(fields[_STIME])) / _TICK, int(fields[_RSS]) * _PAGE)
    for child in map(int, " ".join(children).split()):
        yield from _tree(child)


def _end(processes: Iterable[int]) -> None:
    """Kill what is still there of processes that were started here: they are of one session of their own."""
    session = next(iter(processes))
    for one in processes:
        try:
            if os.getsid(one) == session:
                os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue
