"""An operator's orders: rebuild dates, put quarantined objects back, forget dates. Each may be given twice."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from load_transform import datasets, forgetting
from load_transform.contract import DATASETS, PROCESSED, QUARANTINE, SONGS, TO_BE_PROCESSED
from load_transform.errors import OrderError
from load_transform.filesystem import Files
from tests.builders import (
    DATE,
    MORNING,
    Dropped,
    ExtractRun,
    Lake,
    contents,
    dropped,
    extracted,
    page,
    playlist,
    rows,
)

NEXT_DATE, LAST_DATE = "2026-08-04", "2026-08-05"
OF_DATES = [extracted(ExtractRun(MORNING + timedelta(days=day)), rows(f"day{day}")) for day in range(3)]
CLASSIC = dropped(f"spotify_raw_{DATE} 05:00:00.000001.json", page(rows("x", shape="track"), playlist_id="classic"))
UNDATED = dropped("my stuff/undated, really.json", playlist(rows("u"), playlist_id="undated"))

BROKEN = dropped("broken.json", b'{"items": [')
NEWER = Dropped(
    OF_DATES[0].name.replace("playlist1", "playlist2"),
    OF_DATES[0].content.replace(b'"schema_version":1', b'"schema_version":2'),
)


def load_ids(lake: Lake) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for dataset in DATASETS:
        for row in lake.table(dataset.name, load_id=True):
            found.setdefault(row["extract_date"], set()).add(row["load_id"])
    return found


def everything(lake: Lake) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return contents(lake.raw), contents(lake.transformed)


def test_reprocess_rebuilds_the_dates_of_the_range_and_no_other(lake: Lake) -> None:
    lake.take(*OF_DATES, CLASSIC, UNDATED)
    tables, loads, raw = lake.tables(), load_ids(lake), contents(lake.raw)

    said = lake.load(action="reprocess", from_date=NEXT_DATE, to_date=NEXT_DATE)

    assert [line["extract_date"] for line in said["dates"]] == [NEXT_DATE]
    assert (lake.tables(), contents(lake.raw)) == (tables, raw)
    assert {date for date, ids in load_ids(lake).items() if ids != loads[date]} == {NEXT_DATE}

    lake.load(action="reprocess", from_date=DATE)
    lake.load(action="reprocess", from_date=DATE)
    assert (lake.tables(), contents(lake.raw)) == (tables, raw)
    assert all(len(ids) == 1 for ids in load_ids(lake).values())
    assert lake.leftovers() == set()


def test_reprocess_is_how_old_dates_come_by_what_newer_code_does(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.take(*OF_DATES)
    songs = datasets.songs
    monkeypatch.setitem(datasets.OF_ITEMS, SONGS, lambda items: songs(items).withColumn("popularity", F.lit(1)))

    lake.load()
    assert {*lake.column("songs_data", "popularity")} == {55}, "an upgrade changes no old date by itself"

    lake.load(action="reprocess", to_date=DATE)
    assert lake.column("songs_data", "popularity") == [1, 55, 55]


def test_reprocess_of_what_was_never_loaded_is_refused(lake: Lake) -> None:
    lake.take(*OF_DATES)
    before = everything(lake)

    with pytest.raises(OrderError, match="Nothing was ever loaded of these dates"):
        lake.load(action="reprocess", from_date="2031-01-01")

    assert everything(lake) == before


def test_a_date_of_which_an_object_is_gone_is_not_rebuilt_unless_that_is_accepted(lake: Lake) -> None:
    lake.take(OF_DATES[0], CLASSIC)
    tables = lake.tables()
    (lake.raw / PROCESSED / OF_DATES[0].name).unlink()

    said = lake.load(action="reprocess", from_date=DATE, to_date=DATE)
    assert (said["held"], lake.tables()) == ([DATE], tables)
    assert OF_DATES[0].name in said["messages"][0]
    assert f"reprocess --accept {DATE}" in said["messages"][0]

    late = dropped(f"extract_date={DATE}/late.json", playlist(rows("late"), playlist_id="late"))
    assert lake.take(late)["held"] == [DATE]
    assert lake.tables() == tables
    assert lake.reason_codes() == {late.name: "inputs_missing"}

    assert lake.load(action="reprocess", accept=frozenset({DATE}))["held"] == []
    assert lake.column("songs_data", "song_id") == ["x"]
    assert lake.load(action="requeue")["held"] == []
    assert lake.column("songs_data", "song_id") == ["late", "x"]
    assert lake.quarantined() == {}


def test_a_date_of_which_every_object_is_gone_is_forgotten_when_that_is_accepted(lake: Lake) -> None:
    lake.take(*OF_DATES[:2])
    shutil.rmtree(lake.raw / PROCESSED / f"extract_date={DATE}")

    assert lake.load(action="reprocess", from_date=DATE, to_date=DATE)["held"] == [DATE]

    said = lake.load(action="reprocess", accept=frozenset({DATE}))
    assert (said["held"], said["forgotten"]) == ([], [DATE])
    assert not any(DATE in name for name in contents(lake.transformed))
    late = dropped(f"extract_date={DATE}/late.json", playlist(rows("late"), playlist_id="late"))
    assert lake.take(late)["held"] == []
    assert lake.column("songs_data", "song_id") == ["late", "day1"]


def quarantine_all(lake: Lake) -> None:
    lake.take(OF_DATES[0], BROKEN, NEWER)
    assert lake.reason_codes() == {BROKEN.name: "truncated", NEWER.name: "newer_schema_version"}


def fix(lake: Lake, name: str, content: bytes) -> None:
    """As an operator does in the bucket: the object gets other bytes, and by that a new modification time."""
    (path,) = (lake.raw / QUARANTINE).rglob(name)
    path.write_bytes(content)


def test_requeue_puts_everything_back_and_loads_it(lake: Lake) -> None:
    quarantine_all(lake)
    fixed = playlist(rows("fixed"), playlist_id="fixed")
    fix(lake, BROKEN.name, dropped("x", fixed).content)

    said = lake.load(action="requeue")

    assert len(said["requeued"]) == 2
    assert lake.column("songs_data", "song_id") == ["day0", "fixed"]
    assert {row["extract_date"] for row in lake.table("songs_data")} == {DATE}, "by its file time, as when it came"
    assert lake.reason_codes() == {NEWER.name: "newer_schema_version"}, "it is as unreadable as it was"
    assert (lake.pending(), lake.leftovers()) == ({}, set())


def test_requeue_of_what_is_still_bad_ends_where_it_was(lake: Lake) -> None:
    quarantine_all(lake)
    before, tables = set(contents(lake.raw)), lake.tables()

    for _ in range(2):
        lake.load(action="requeue")

        assert (set(contents(lake.raw)), lake.tables()) == (before, tables)


def test_requeue_by_name_leaves_the_others(lake: Lake) -> None:
    quarantine_all(lake)
    by_file_name = lake.load(action="requeue", objects=(BROKEN.name,), dry_run=True)
    assert [one["object"].rpartition("/")[2] for one in by_file_name["would"]] == [BROKEN.name]
    (path,) = (lake.raw / QUARANTINE).rglob(NEWER.name.rpartition("/")[2])
    fix(lake, path.name, path.read_bytes().replace(b'"schema_version":2', b'"schema_version":1'))

    said = lake.load(action="requeue", objects=(TO_BE_PROCESSED + NEWER.name,))

    assert [one["put_back_to"] for one in said["requeued"]] == [TO_BE_PROCESSED + NEWER.name]
    assert NEWER.name in lake.processed()
    assert lake.reason_codes() == {BROKEN.name: "truncated"}


def test_requeue_of_a_name_that_is_not_there_is_refused(lake: Lake) -> None:
    quarantine_all(lake)
    before = everything(lake)

    with pytest.raises(OrderError, match=r"nosuch\.json is not in quarantine"):
        lake.load(action="requeue", objects=(BROKEN.name, "nosuch.json"))

    assert everything(lake) == before


def test_requeue_keeps_date_and_order_of_a_file_without_a_time(lake: Lake) -> None:
    """Its file time is that of its folder in quarantine: S3 gives a moved object a new one."""
    lake.take(UNDATED)
    expected = lake.tables()
    (path,) = (lake.raw / PROCESSED).rglob(UNDATED.name.rpartition("/")[2])
    again = Lake(lake._spark, lake.raw.parent / "again")
    again.take(Dropped(UNDATED.name, b"{", UNDATED.modified))
    fix(again, path.name, UNDATED.content)

    again.load(action="requeue")

    assert again.tables() == expected
    assert set(again.processed()) == set(lake.processed())


def test_forget_drops_dates_from_raw_and_curated_together(lake: Lake) -> None:
    lake.take(*OF_DATES, CLASSIC, BROKEN)
    kept = {name: lake.partition(name, LAST_DATE) for name in (dataset.name for dataset in DATASETS)}
    waiting = dropped(f"extract_date={DATE}/waits.json", playlist(rows("w"), playlist_id="w"))
    lake.drop(waiting)

    said = lake.load(action="forget", before_date=LAST_DATE)

    assert said["forgotten"] == [DATE, NEXT_DATE]
    assert {name: lake.partition(name, LAST_DATE) for name in kept} == kept
    assert lake.processed() == {OF_DATES[2].name: OF_DATES[2].content}
    left = {name for name in contents(lake.transformed) if DATE in name or NEXT_DATE in name}
    assert left == set()
    assert lake.pending() == {waiting.name: waiting.content}, "what waits belongs to no date yet"
    assert lake.reason_codes() == {BROKEN.name: "truncated"}
    assert lake.leftovers() == set()

    again = lake.load(action="forget", before_date=LAST_DATE)
    assert again["forgotten"] == []
    assert lake.load()["held"] == [], "a forgotten date begins anew"
    assert set(lake.column("songs_data", "song_id")) == {"day2", "w"}


def test_a_forget_that_was_cut_off_is_finished_by_the_next_run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.take(*OF_DATES)
    delete_folder, deleted = Files.delete_folder, []

    def cut_off(files: Files, prefix: str) -> None:
        if prefix.startswith(PROCESSED):
            raise KeyboardInterrupt
        deleted.append(prefix)
        delete_folder(files, prefix)

    monkeypatch.setattr(forgetting, "in_parallel", lambda function, values: [function(value) for value in values])
    monkeypatch.setattr(Files, "delete_folder", cut_off)
    with pytest.raises(KeyboardInterrupt):
        lake.load(action="forget", before_date=LAST_DATE)
    monkeypatch.undo()
    assert deleted
    assert len(lake.processed()) == 3, "cut off before the raw objects"

    lake.load()

    assert set(lake.processed()) == {OF_DATES[2].name}
    assert {row["extract_date"] for row in lake.table("songs_data")} == {LAST_DATE}
    assert not any(DATE in name or NEXT_DATE in name for name in contents(lake.transformed))
    assert lake.leftovers() == set()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(lake: Lake) -> None:
    lake.take(*OF_DATES)
    before = everything(lake)

    rebuilt = lake.load(action="reprocess", from_date=DATE, to_date=NEXT_DATE, dry_run=True)
    forgotten = lake.load(action="forget", before_date=NEXT_DATE, dry_run=True)

    assert rebuilt["would"] == [{"extract_date": date, "raw_objects": 1} for date in (DATE, NEXT_DATE)]
    assert forgotten["would"] == [{"extract_date": DATE, "raw_objects": 1, "curated_files": 5}]
    assert everything(lake) == before


def test_a_dry_run_of_requeue_names_what_goes_where(lake: Lake) -> None:
    quarantine_all(lake)
    before = everything(lake)

    said = lake.load(action="requeue", objects=(BROKEN.name,), dry_run=True)

    ((one),) = said["would"]
    assert one["object"].startswith(QUARANTINE)
    assert one["object"].endswith(BROKEN.name)
    assert one["goes_to"].startswith(f"{TO_BE_PROCESSED}dropped/20260803T060000000000Z-")
    assert everything(lake) == before
