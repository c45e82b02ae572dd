"""A run is measured with all that it starts, ends at its limits, and tells why it died."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Limits, Measured, measure

HUNDRED_MB = 100_000_000
BUSY = """
import time
block = bytes(b"x") * 100_000_000
end = time.process_time() + 0.5
while time.process_time() < end: pass
"""


def _measure(tmp_path: Path, code: str, limits: Limits | None = None) -> Measured:
    return measure(
        [sys.executable, "-c", code],
        environment=os.environ,
        folder=tmp_path,
        log=tmp_path / "log",
        limits=limits or Limits(),
    )


def test_what_a_child_takes_is_counted(tmp_path: Path) -> None:
    found = _measure(tmp_path, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}], check=True)")
    assert found.fault is None
    assert found.peak_memory > HUNDRED_MB
    assert found.cpu_seconds > 0.2
    assert found.seconds > 0.5


def test_the_memory_of_a_fork_is_not_counted_twice(tmp_path: Path) -> None:
    code = "import os, time; block = bytes(b'x') * 100_000_000; child = os.fork(); time.sleep(0.6)"
    assert HUNDRED_MB < _measure(tmp_path, code).peak_memory < 2 * HUNDRED_MB


@pytest.mark.parametrize(
    ("limits", "fault"), [(Limits(seconds=0.3), "over 0.3 s"), (Limits(memory=50_000_000), "over 0.05 GB")]
)
def test_over_a_limit_all_of_it_is_killed(tmp_path: Path, limits: Limits, fault: str) -> None:
    child = f"import os; open('child', 'w').write(str(os.getpid())){BUSY}time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    assert _measure(tmp_path, code, limits).fault == fault
    started = tmp_path / "child"
    if started.exists() and (text := started.read_text(encoding="ascii")):
        state = Path(f"/proc/{text}/stat")
        assert not state.exists() or state.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import sys; print('why not'); sys.exit(3)", "exit code 3: why not"),
        ("raise MemoryError", "out of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL, as for want of memory"),
    ],
)
def test_a_death_has_its_reason(tmp_path: Path, code: str, fault: str) -> None:
    assert _measure(tmp_path, code).fault == fault
