from __future__ import annotations

from typing import Any

from spotify_etl.stack.stack_status import sum_up


def test_loads_are_summed_over_their_dates_newest_first() -> None:
    line: dict[str, Any] = {
        "load_id": "b",
        "loaded_at": "2026-11-25T06:00:00Z",
        "rebuilt": True,
        "rows_in": 3,
        "rows_out": 2,
    }
    reports: list[tuple[str, dict[str, Any]]] = [
        ("2026-11-24", {**line, "objects_new": 1, "rows_superseded": 1}),
        ("2026-11-25", {**line, "objects_new": 2, "objects_quarantined": 1, "rebuilt": False}),
        ("2026-11-23", {"load_id": "a", "loaded_at": "2026-11-23T06:00:00Z"}),
    ]
    newest, oldest = sum_up(reports)
    assert newest == {
        "load_id": "b",
        "loaded_at": "2026-11-25T06:00:00Z",
        "first_date": "2026-11-24",
        "last_date": "2026-11-25",
        "dates": 1,
        "objects_new": 3,
        "objects_quarantined": 1,
        "rows_in": 6,
        "rows_out": 4,
        "rows_superseded": 1,
    }
    assert (oldest["load_id"], oldest["rows_in"]) == ("a", 0)
