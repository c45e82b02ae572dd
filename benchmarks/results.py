"""The results of a comparison: kept as lines of JSON, shown as a table of medians."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.contestants import JOB
from benchmarks.measure import Measured
from benchmarks.tables import Content, differing


@dataclass(frozen=True)
class Result:
    """One run of one contestant: bytes and files out are the three datasets' Parquet, and 0 where it did not finish."""

    name: str
    round: int
    payload: str
    rows: int
    raw_bytes: int
    raw_files: int
    measured: Measured
    bytes_out: int
    files_out: int
    content: Content
    machine: str
    at: str

    @classmethod
    def read(cls, line: str) -> Result:
        """Return a result from its line of JSON."""
        kept = json.loads(line)
        return cls(**{**kept, "measured": Measured(**kept["measured"])})

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its end."""
        return self.measured.fault is None


def append(file: Path, result: Result) -> None:
    """Append a result to a file of them, one a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(result)) + "\n")


def median_seconds(runs: Iterable[Result]) -> float | None:
    """Return the median of the runs that finished; None when none did."""
    finished = [one.measured.seconds for one in runs if one.is_finished]
    return statistics.median(finished) if finished else None


def table(results: Iterable[Result]) -> Iterator[str]:
    """Yield the lines of a Markdown table of one payload's results: medians of those runs that finished."""
    by_name: dict[str, list[Result]] = {}
    for one in results:
        by_name.setdefault(one.name, []).append(one)
    first = next(iter(by_name.values()))[0]
    ours = median_seconds(by_name.get(JOB, []))
    yield (
        f"{first.rows:,} rows, {first.raw_bytes / 1e6:,.0f} MB of raw JSON in {first.raw_files:,} files; "
        f"medians of {max(map(len, by_name.values()))}; {first.machine}"
    )
    yield ""
    yield "| | seconds | to the job's | processor seconds | peak memory, MB | Parquet, MB | files |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, runs in by_name.items():
        yield f"| `{name}` | {' | '.join(_cells(runs, ours))} |"


def _cells(runs: list[Result], ours: float | None) -> list[str]:
    finished = [one for one in runs if one.is_finished]
    seconds = median_seconds(finished)
    if seconds is None:
        peak = max(one.measured.peak_memory for one in runs)
        return [f"did not finish: {runs[0].measured.fault}", "", "", f"{peak / 1e6:,.0f}", "", ""]
    died = f" ({len(runs) - len(finished)} of {len(runs)} did not finish)" if len(finished) < len(runs) else ""
    return [
        f"{seconds:.1f}{died}",
        f"{seconds / ours:.2f}" if ours else "",
        f"{statistics.median(one.measured.cpu_seconds for one in finished):.1f}",
        f"{statistics.median(one.measured.peak_memory for one in finished) / 1e6:,.0f}",
        f"{statistics.median(one.bytes_out for one in finished) / 1e6:.1f}",
        f"{statistics.median(one.files_out for one in finished):.0f}",
    ]


def differences(results: Iterable[Result]) -> Iterator[str]:
    """Yield a sentence per contestant whose tables are not those of the first that finished."""
    finished = [one for one in results if one.is_finished]
    first = next((one for one in finished if one.name == JOB), finished[0] if finished else None)
    for one in finished:
        if first and (datasets := differing(first.content, one.content)):
            yield f"{one.payload}: {', '.join(datasets)} of {one.name} are not those of {first.name}"
