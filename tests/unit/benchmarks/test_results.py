"""Results are kept, shown as medians against the job, and drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measure import Measured
from benchmarks.plot import chart, draw
from benchmarks.results import Result, append, differences, table


def _result(name: str, seconds: float, *, rows: int = 1_000, fault: str | None = None, songs: int = 7) -> Result:
    measured = Measured(seconds, seconds * 2, 300_000_000, fault)
    content = {} if fault else {"songs_data": (songs, 2**70)}
    return Result(name, 0, "payload", rows, 2_000_000, 11, measured, 500_000, 3, content, "a machine", "now")


def test_the_table_has_medians_and_what_they_are_to_the_jobs() -> None:
    runs = [_result("job", 4.0), _result("job", 2.0), _result("job", 3.0), _result("peer", 6.0)]
    lines = list(table(runs))
    assert lines[-2:] == [
        "| `job` | 3.0 | 1.00 | 6.0 | 300 | 0.5 | 3 |",
        "| `peer` | 6.0 | 2.00 | 12.0 | 300 | 0.5 | 3 |",
    ]
    assert lines[0] == "1,000 rows, 2 MB of raw JSON in 11 files; medians of 3; a machine"


def test_who_did_not_finish_is_named_with_the_reason() -> None:
    lines = list(table([_result("job", 1.0), _result("peer", 9.0, fault="over 9 s"), _result("half", 2.0)]))
    assert lines[-2] == "| `peer` | did not finish: over 9 s |  |  | 300 |  |  |"
    runs = [_result("half", 2.0), _result("half", 9.0, fault="over 9 s")]
    assert "| 2.0 (1 of 2 did not finish) |" in list(table(runs))[-1]


def test_unequal_tables_are_named() -> None:
    runs = [_result("peer", 1.0, songs=6), _result("job", 1.0), _result("dead", 1.0, fault="out of memory")]
    assert list(differences(runs)) == ["payload: songs_data of peer are not those of job"]


def test_a_result_is_kept_as_a_line(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    kept = [_result("job", 1.5), _result("peer", 2.5, fault="out of memory")]
    for one in kept:
        append(file, one)
    again = [Result.read(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [one.measured for one in again] == [one.measured for one in kept]


@pytest.mark.parametrize(("suffix", "begins"), [(".svg", b"<svg"), (".png", b"\x89PNG")])
def test_the_chart_is_drawn_and_leaves_out_what_did_not_finish(suffix: str, begins: bytes) -> None:
    runs = [_result(name, rows / 500, rows=rows) for name in ("job", "peer") for rows in (1_000, 10_000)]
    spec = chart([*runs, _result("peer", 99.0, rows=100_000, fault="over 9 s")])
    assert len(spec["data"]["values"]) == 4
    assert draw(spec, suffix).startswith(begins)
