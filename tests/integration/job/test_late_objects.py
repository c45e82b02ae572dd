"""Objects that come later: a date is rebuilt from all of its objects, and no other date is touched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from load_transform import job, reasons
from load_transform.contract import DATASETS
from tests.builders import DATE, MORNING, Dropped, ExtractRun, Lake, dropped, extracted, page, put, rows

OTHER_DATE = "2026-07-27"
RUN, LATER_RUN = ExtractRun(), ExtractRun(MORNING + timedelta(hours=3))
OTHER_RUN = ExtractRun(MORNING - timedelta(days=7))
UNDATED = Dropped(f"extract_date={DATE}/my stuff/50% off [2] a:b – ünï.json", dropped("", page(rows("u"), playlist_id="mine")).content)
LOADED = [
    extracted(RUN, rows("a", "b", "c")),
    extracted(OTHER_RUN, rows("a")),
    UNDATED,
    dropped("spotify_raw_2026-08-03 05:00:00.000001.json", page(rows("x", shape="track"), playlist_id="classic")),
]
LEGACY = "raw_data/processed/spotify_raw_2020-01-01 00:00:00.json"


@pytest.fixture(scope="module")
def loaded(module_lake: Lake) -> Lake:
    """A lake with two loaded dates, beside what an older pipeline left in `processed/`. Copy it before changing it."""
    put(module_lake.raw / LEGACY, b"left by another pipeline")
    module_lake.take(*LOADED)
    return module_lake


@pytest.fixture
def copied(loaded: Lake, copy_of: Callable[[Lake], Lake]) -> Lake:
    return copy_of(loaded)


def songs(lake: Lake, date: str = DATE) -> list[str]:
    return [one["song_id"] for one in lake.table("songs_data") if one["extract_date"] == date]


def positions(lake: Lake, playlist_id: str) -> list[tuple[int, str]]:
    items = lake.table("playlist_items_data")
    return [(one["position"], one["song_id"]) for one in items if (one["extract_date"], one["playlist_id"]) == (DATE, playlist_id)]


def test_objects_are_moved_as_they_were(loaded: Lake) -> None:
    processed = loaded.processed()
    assert sorted(processed.values()) == sorted([*(one.content for one in LOADED), b"left by another pipeline"])
    assert RUN.object_name() in processed
    assert any(name.startswith(f"extract_date={DATE}/dropped/20260803T060000000000Z-") for name in processed)
    assert any(name.endswith("/my stuff/50% off [2] a:b – ünï.json") for name in processed)
    assert any(name.endswith("/spotify_raw_2026-08-03 05:00:00.000001.json") for name in processed)


def test_a_late_object_rebuilds_its_date_and_no_other(copied: Lake) -> None:
    others = {dataset.name: copied.partition(dataset.name, OTHER_DATE) for dataset in DATASETS}
    before = {dataset.name: copied.partition(dataset.name) for dataset in DATASETS}
    crumbs = copied.transformed / f"songs_data/_temporary/0/task_1/extract_date={OTHER_DATE}/part-0.parquet"
    put(crumbs, next(iter(before["songs_data"].values())))

    done = copied.take(extracted(LATER_RUN, rows("b", "d")))

    assert [line["extract_date"] for line in done["dates"]] == [DATE]
    assert positions(copied, "playlist1") == [(0, "b"), (1, "d")]
    assert songs(copied) == ["b", "d", "u", "x"]
    assert {dataset.name: copied.partition(dataset.name, OTHER_DATE) for dataset in DATASETS} == others
    for dataset in DATASETS:
        assert not set(before[dataset.name]) & set(copied.partition(dataset.name)), dataset.name
    assert copied.leftovers() == set()
    report = copied.reports()[-1]
    assert (report["objects_new"], report["objects_read"]) == (1, 4)
    assert (report["rows_in_new"], report["rows_in"], report["rows_superseded"], report["rows_out"]) == (2, 7, 3, 4)
    assert report["run_ids"] == [RUN.run_id, LATER_RUN.run_id]
    assert (copied.raw / LEGACY).read_bytes() == b"left by another pipeline"


def test_the_same_files_again_change_nothing(copied: Lake) -> None:
    before, objects = copied.tables(), copied.processed()
    later = Dropped(UNDATED.name, UNDATED.content, MORNING + timedelta(hours=5))

    copied.take(*LOADED[:2], later, LOADED[3])

    assert copied.tables() == before
    assert copied.pending() == {}
    assert set(copied.processed().values()) == set(objects.values())
    assert copied.reports()[-1]["rows_in"] == copied.reports()[0]["rows_in"]


def test_an_object_of_the_same_name_with_other_bytes_is_kept_beside_the_first(copied: Lake) -> None:
    own = Dropped(RUN.object_name(), extracted(RUN, rows("a", "b", "z")).content)
    classic = dropped(LOADED[3].name, page(rows("y", shape="track"), playlist_id="classic"))

    copied.take(own, classic)

    assert {own.content, classic.content, LOADED[0].content, LOADED[3].content} <= set(copied.processed().values())
    # Equally old, so that one of them counts: the one whose content's SHA-256 is the greater.
    assert [position for position, _ in positions(copied, "playlist1")] == [0, 1, 2]
    assert [position for position, _ in positions(copied, "classic")] == [0]
    before = copied.tables()
    copied.take(LOADED[0], own)
    assert copied.tables() == before


def test_an_object_that_arrives_meanwhile_waits_for_the_next_run(copied: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    late = dropped(f"{DATE} late.json", page(rows("late"), playlist_id="late"))
    begin = job.rebuild.tables

    def while_it_computes(*arguments: object) -> object:
        copied.drop(late)
        return begin(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(job.rebuild, "tables", while_it_computes)
    copied.take(dropped(f"{DATE} first.json", page(rows("first"), playlist_id="first")))

    assert copied.pending() == {late.name: late.content}
    assert "first" in songs(copied)
    assert "late" not in songs(copied)
    monkeypatch.undo()
    copied.load()
    assert {"first", "late"} <= set(songs(copied))
    assert copied.pending() == {}


def test_a_date_of_which_an_input_is_gone_is_not_rebuilt_from_the_rest(copied: Lake) -> None:
    (copied.raw / "raw_data/processed" / RUN.object_name()).unlink()
    before = {dataset.name: copied.partition(dataset.name) for dataset in DATASETS}
    late = extracted(LATER_RUN, rows("z"))

    done = copied.take(late)

    assert {dataset.name: copied.partition(dataset.name) for dataset in DATASETS} == before
    assert done["held"] == [DATE]
    assert copied.reason_codes() == {late.name: reasons.INPUTS_MISSING}
    assert copied.quarantined() == {late.name: late.content}
    assert copied.leftovers() == set()


def test_an_input_that_comes_back_lets_the_date_be_rebuilt(copied: Lake) -> None:
    (copied.raw / "raw_data/processed" / RUN.object_name()).unlink()

    done = copied.take(LOADED[0], extracted(LATER_RUN, rows("z"), playlist_id="other"))

    assert (done["held"], done["quarantined"]) == ([], [])
    assert songs(copied) == ["a", "b", "c", "u", "x", "z"]


def test_an_object_that_lies_in_both_places_after_a_cut_off_move_is_read_once(copied: Lake) -> None:
    before = copied.tables()
    for name, content in copied.processed().items():
        if "2026-08-03 05:00:00" in name or name == RUN.object_name():
            put(copied.raw / "raw_data/to_be_processed" / original_name(name), content)

    copied.load()

    assert copied.tables() == before
    assert copied.pending() == {}
    assert sorted(copied.processed().values()) == sorted([*(one.content for one in LOADED), b"left by another pipeline"])


def original_name(processed: str) -> str:
    return processed if "dropped/" not in processed else processed.rpartition("/")[2]
