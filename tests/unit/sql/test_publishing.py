"""What the state machine asks before it publishes: which dates are new, do their rows agree, is any date held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import athena
from spotify_etl.catalog import connect
from spotify_etl.sql import run
from tests.unit.sql.lakes import Lake

DAYS = {"2026-01-01": "20260102T060000000000Z-a", "2026-01-02": "20260102T060500000000Z-b"}


def answer(lake: Lake, name: str, **literals: str) -> dict[str, Any]:
    """Ask one of the questions as the state machine does, and return its one row."""
    sql = (athena.FOLDER / "publish" / f"{name}.sql").read_text(encoding="utf-8")
    for key, text in literals.items():
        sql = sql.replace(f"${{{key}}}", text)
    result = run(connect(lake.root), sql)
    (row,) = result.rows
    return dict(zip(result.columns, row, strict=True))


def counts(lake: Lake, since: str = "", first: str = "2026-01-01", last: str = "2026-01-31") -> dict[str, Any]:
    return answer(lake, "counts", since=since, first_date=first, last_date=last)


@pytest.fixture
def two_days(lake: Lake) -> Lake:
    for date, load_id in DAYS.items():
        lake.day(date, {"p": ["a", "b"], "q": ["b", "c"]}, load_id=load_id)
    return lake


def test_an_empty_lake_has_nothing_to_publish(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert answer(lake, "loads", since="") == {
        "dates": "",
        "first_date": "",
        "last_date": "",
        "newest_load": "",
        "loads": "0 ",
        "item_rows": 0,
    }
    assert counts(lake)["differences"] == 0
    assert answer(lake, "held", since="") == {"dates": "", "told": ""}


def test_loads_are_those_since_a_moment(two_days: Lake) -> None:
    every = answer(two_days, "loads", since="")
    assert (every["dates"], every["first_date"], every["last_date"]) == (
        "2026-01-01,2026-01-02",
        "2026-01-01",
        "2026-01-02",
    )
    assert every["item_rows"] == 8
    # A load_id begins with its run's start; the state machine knows it to the millisecond.
    assert answer(two_days, "loads", since="20260102T060500000")["dates"] == "2026-01-02"
    assert answer(two_days, "loads", since="20260102T060500001")["dates"] == ""


def test_a_date_that_was_only_quarantined_or_held_is_no_load(two_days: Lake) -> None:
    before = answer(two_days, "loads", since="")
    two_days.report("2026-01-03", "20260104T060000000000Z-c", rebuilt=False)
    two_days.report("2026-01-02", "20260104T060000000000Z-c", rebuilt=False, gates_failed=["x"])
    assert answer(two_days, "loads", since="") == before


def test_another_load_is_noticed(two_days: Lake) -> None:
    before = counts(two_days)["loads"]
    assert before == answer(two_days, "loads", since="")["loads"]
    two_days.day("2026-01-01", {"p": ["a"]}, load_id="20260105T060000000000Z-d")
    assert counts(two_days)["loads"] != before


def test_counts_that_agree(two_days: Lake) -> None:
    assert counts(two_days) == {
        "loads": answer(two_days, "loads", since="")["loads"],
        "differences": 0,
        "told": "",
        "first_difference": "",
        "last_difference": "",
    }


def test_rows_that_are_missing_are_told(two_days: Lake) -> None:
    two_days.remove(DAYS["2026-01-02"], "songs")
    found = counts(two_days)
    assert found["differences"] == 1
    assert found["told"] == "of 2026-01-02 songs_data holds 0 rows and not 3"
    assert (found["first_difference"], found["last_difference"]) == ("2026-01-02", "2026-01-02")


def test_rows_too_many_are_told(two_days: Lake) -> None:
    two_days.write("songs_data", "2026-01-01", [{"song_id": "z"}], DAYS["2026-01-01"], part=1)
    assert counts(two_days)["told"] == "of 2026-01-01 songs_data holds 4 rows and not 3"


def test_rows_of_another_load_are_told(two_days: Lake) -> None:
    two_days.write("albums_data", "2026-01-01", [{"album_id": "z"}], "20250101T000000000000Z-old")
    assert counts(two_days)["told"] == "of 2026-01-01 albums_data holds 3 rows and not 3, and 1 of other loads"


def test_rows_without_a_load_are_told(two_days: Lake) -> None:
    two_days.write("albums_data", "2026-01-01", [{"album_id": "z"}], None)  # type: ignore[arg-type]
    assert counts(two_days)["differences"] == 1


def test_only_dates_since_the_moment_are_counted(two_days: Lake) -> None:
    two_days.remove(DAYS["2026-01-01"], "songs")
    assert counts(two_days, since=DAYS["2026-01-02"], first="2026-01-02", last="2026-01-02")["differences"] == 0
    assert counts(two_days)["differences"] == 1


def test_what_differs_is_told_of_five_tables_at_most(two_days: Lake) -> None:
    for load_id in DAYS.values():
        two_days.remove(load_id)
    found = counts(two_days)
    assert found["differences"] == 10
    assert found["told"].count(";") == 4
    assert (found["first_difference"], found["last_difference"]) == ("2026-01-01", "2026-01-02")


def test_every_table_is_counted(two_days: Lake) -> None:
    for dataset in ("albums", "artists", "songs", "playlist_items", "playlists"):
        lake = Lake(two_days.root / dataset)
        lake.day("2026-01-01", {"p": ["a"]}, load_id=DAYS["2026-01-01"])
        lake.remove(DAYS["2026-01-01"], dataset)
        assert counts(lake)["told"] == f"of 2026-01-01 {dataset}_data holds 0 rows and not 1"


def test_held_dates_with_what_was_found(two_days: Lake) -> None:
    load_id = "20260104T060000000000Z-c"
    two_days.report("2026-01-03", load_id, rebuilt=False, gates_failed=["2 rows share a key", "1 row has none"])
    two_days.report("2026-01-02", load_id, rebuilt=False, gates_failed=["it's odd"])
    two_days.report("2026-01-04", load_id, rebuilt=False)
    assert answer(two_days, "held", since="20260104") == {
        "dates": "2026-01-02,2026-01-03",
        "told": "2026-01-02: it's odd\n2026-01-03: 2 rows share a key; 1 row has none",
    }
    assert answer(two_days, "held", since="20260105")["dates"] == ""


def test_a_date_that_was_accepted_since_is_not_held(two_days: Lake) -> None:
    two_days.report("2026-01-03", "20260104T060000000000Z-c", rebuilt=False, gates_failed=["odd"])
    two_days.report("2026-01-03", "20260104T070000000000Z-d", rebuilt=True, gates_failed=["odd"])
    assert answer(two_days, "held", since="20260104")["dates"] == ""
