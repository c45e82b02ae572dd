"""Quality gates: what was written is checked before it is published; a date that fails stays as it was.

By construction no gate fails, so the tests break the code that builds the tables.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from load_transform import datasets, partitions
from load_transform.contract import DATASETS, LOAD_INTENTS, TO_BE_PROCESSED
from load_transform.errors import PartitionChangedError
from spotify_etl import catalog
from tests.builders import (
    DATE,
    MORNING,
    ExtractRun,
    Json,
    Lake,
    Ticks,
    contents,
    dropped,
    extracted,
    playlist,
    rows,
    utc,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NEXT_DATE = "2026-08-04"
EVENING, NEXT_MORNING = ExtractRun(MORNING + timedelta(hours=12)), ExtractRun(MORNING + timedelta(days=1))
FIRST = extracted(ExtractRun(), rows("a", "b"))
SECOND = extracted(EVENING, rows("a", "c", "d"))
OTHER_DATE = extracted(NEXT_MORNING, rows("e"))


def twice(songs: DataFrame) -> DataFrame:
    return songs.unionByName(songs.where(F.col("song_id") == "c"))


def of_the_date(broken: Callable[[DataFrame], DataFrame]) -> Callable[[DataFrame], DataFrame]:
    """Break the rows of the first date only."""
    on_date = F.col("extract_date") == DATE
    return lambda frame: frame.where(~on_date).unionByName(broken(frame.where(on_date)))


def breaking(patch: pytest.MonkeyPatch, dataset: str, broken: Callable[[DataFrame], DataFrame]) -> None:
    build = getattr(datasets, dataset)

    def built(*arguments: DataFrame) -> DataFrame:
        return of_the_date(broken)(build(*arguments))

    patch.setattr(datasets, dataset, built)
    for registered, transform in datasets.OF_ITEMS.items():
        if transform is build:
            patch.setitem(datasets.OF_ITEMS, registered, built)


def shown(lake: Lake) -> list[tuple[Any, ...]]:
    """What a reader of the views sees."""
    catalog.refresh(lake.transformed.parent)
    connection = catalog.connect(lake.transformed.parent)
    try:
        return connection.execute("SELECT extract_date, load_id, song_id FROM songs_data ORDER BY ALL").fetchall()
    finally:
        connection.close()


class HeldStory:
    """A date that was published, then got a second object and failed a gate, beside a date that did not."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        lake.take(FIRST)
        self.before = {dataset.name: lake.partition(dataset.name) for dataset in DATASETS}
        self.shown_before = shown(lake)
        lake.drop(SECOND, OTHER_DATE)
        with pytest.MonkeyPatch.context() as patch:
            breaking(patch, "songs", twice)
            self.said: Json = lake.load()
            self.pending = lake.pending()
            self.after = {dataset.name: lake.partition(dataset.name) for dataset in DATASETS}
            self.shown_after = shown(lake)
            self.said_again: Json = lake.load()


@pytest.fixture(scope="module")
def held(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> HeldStory:
    return HeldStory(Lake(spark, tmp_path_factory.mktemp("held") / "lake"))


def test_a_date_that_fails_a_gate_is_left_as_it_was(held: HeldStory) -> None:
    assert held.after == held.before
    assert held.pending == {SECOND.name: SECOND.content}
    assert [row for row in held.shown_after if row[0] == DATE] == held.shown_before


def test_it_does_not_stop_the_other_dates(held: HeldStory) -> None:
    assert [line["extract_date"] for line in held.said["dates"]] == [NEXT_DATE]
    assert [row[2] for row in held.shown_after if row[0] == NEXT_DATE] == ["e"]


def test_it_says_what_failed_and_how_it_is_published_anyway(held: HeldStory) -> None:
    (message,) = held.said["messages"]

    assert held.said["held"] == [DATE]
    assert f"{DATE} is held: 2 rows of songs_data share a song_id with another." in message
    assert f"spotify-etl reprocess --accept {DATE}" in message
    report = held.lake.reports()[-1]
    assert (report["rebuilt"], report["gates_failed"]) == (False, ["2 rows of songs_data share a song_id with another"])


def test_no_event_tries_it_again(held: HeldStory) -> None:
    assert (held.said_again["dates"], held.said_again["seconds"]) == ([], {}), "it did not even read"
    assert held.said_again["messages"] == held.said["messages"]
    assert contents(held.lake.transformed / LOAD_INTENTS) == {}


def test_an_operator_publishes_it_anyway(held: HeldStory, spark: SparkSession, tmp_path: Path) -> None:
    lake = copy_of(held.lake, spark, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        breaking(patch, "songs", twice)

        said = lake.load(action="reprocess", accept=frozenset({DATE}))

    assert (said["held"], lake.pending()) == ([], {})
    assert [row["song_id"] for row in lake.table("songs_data") if row["extract_date"] == DATE] == ["a", "c", "c", "d"]
    report = lake.reports()[-1]
    assert (report["rebuilt"], report["gates_failed"]) == (True, ["2 rows of songs_data share a song_id with another"])
    assert lake.load()["held"] == [], "it is not held any more"


def test_another_object_of_the_date_is_a_reason_to_try_again(
    held: HeldStory, spark: SparkSession, tmp_path: Path
) -> None:
    lake = copy_of(held.lake, spark, tmp_path)
    late = dropped(f"extract_date={DATE}/late.json", playlist(rows("l"), playlist_id="late"))

    said = lake.take(late)

    assert (said["held"], lake.pending()) == ([], {})
    assert [row["song_id"] for row in lake.table("songs_data") if row["extract_date"] == DATE] == ["a", "c", "d", "l"]


def test_a_held_date_is_tried_again_by_reprocess(held: HeldStory, spark: SparkSession, tmp_path: Path) -> None:
    lake = copy_of(held.lake, spark, tmp_path)

    lake.load(action="reprocess", from_date=DATE, to_date=DATE)

    assert [row["song_id"] for row in lake.table("songs_data") if row["extract_date"] == DATE] == ["a", "c", "d"]
    assert not any((lake.transformed / "load_holds").iterdir())


def copy_of(lake: Lake, spark: SparkSession, root: Path) -> Lake:
    shutil.copytree(lake.transformed.parent, root / "lake")
    return Lake(spark, root / "lake", Ticks(utc(2026, 11, 24)))


def without(column: str, value: str) -> Callable[[DataFrame], DataFrame]:
    return lambda frame: frame.where(F.col(column) != value)


def nulled(column: str) -> Callable[[DataFrame], DataFrame]:
    return lambda frame: frame.withColumn(column, F.lit(None).cast("string"))


@pytest.mark.parametrize(
    ("dataset", "broken", "message"),
    [
        ("albums", without("album_id", "album1"), "1 of the songs' album_ids are not in albums_data"),
        ("artists", without("artist_id", "artist1"), "1 of the songs' artist_ids are not in artists_data"),
        ("playlist_items", nulled("playlist_id"), "2 rows of playlist_items_data have no playlist_id, position"),
        ("playlist_items", without("song_id", "a"), "2 rows were read and 1 are in playlist_items_data"),
    ],
    ids=["album", "artist", "null", "balance"],
)
def test_gates(lake: Lake, dataset: str, broken: Callable[[DataFrame], DataFrame], message: str) -> None:
    lake.drop(FIRST)
    with pytest.MonkeyPatch.context() as patch:
        breaking(patch, dataset, broken)

        said = lake.load()

    assert said["held"] == [DATE]
    assert message in said["messages"][0]
    assert lake.pending() == {FIRST.name: FIRST.content}
    assert lake.tables() == {dataset_.name: [] for dataset_ in DATASETS}


def test_a_stranger_in_a_partition_stops_the_run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    append = partitions.append

    def with_a_stranger(files: Any, dataset: Any, frame: DataFrame, load_id: str) -> None:
        append(files, dataset, frame, load_id)
        append(files, dataset, frame, "20990101T000000000000Z-other")

    monkeypatch.setattr(partitions, "append", with_a_stranger)
    lake.drop(FIRST)

    with pytest.raises(PartitionChangedError, match="Another writer"):
        lake.load()
    assert lake.pending() == {FIRST.name: FIRST.content}


MANY = [f"m{number}" for number in range(10)]


@pytest.fixture(scope="module")
def shrinking(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Dates with 10, 6, 2 and 2 rows, the last without a run of the extract."""
    lake = Lake(spark, tmp_path_factory.mktemp("shrinking") / "lake")
    runs = [ExtractRun(MORNING + timedelta(days=day)) for day in range(3)]
    for run, count in zip(runs, (10, 6, 2), strict=True):
        marker = dropped(run.marker_name, run.marker(("playlist1", "fetched", None)))
        lake.drop(extracted(run, rows(*MANY[:count])), marker)
    lake.drop(dropped("extract_date=2026-08-06/x.json", playlist(rows("x", "y"))))
    lake.load()
    return lake


def test_a_table_that_shrinks_by_more_than_half_is_warned_of(shrinking: Lake) -> None:
    by_date = {date: shrinking.reports(date)[-1]["warnings"] for date in (DATE, NEXT_DATE, "2026-08-05", "2026-08-06")}

    assert by_date[DATE] == by_date[NEXT_DATE] == by_date["2026-08-06"] == []
    assert by_date["2026-08-05"] == [
        f"songs_data: 2 rows, 6 on {NEXT_DATE} (67 % fewer)",
        f"playlist_items_data: 2 rows, 6 on {NEXT_DATE} (67 % fewer)",
    ]


def test_how_much_is_much_can_be_configured(shrinking: Lake) -> None:
    shrinking.load(action="reprocess", from_date=NEXT_DATE, to_date="2026-08-05", volume_drop_percent=39)
    assert shrinking.reports(NEXT_DATE)[-1]["warnings"] == [
        f"songs_data: 6 rows, 10 on {DATE} (40 % fewer)",
        f"playlist_items_data: 6 rows, 10 on {DATE} (40 % fewer)",
    ]

    shrinking.load(action="reprocess", from_date=NEXT_DATE, to_date="2026-08-05", volume_drop_percent=70)
    assert shrinking.reports(NEXT_DATE)[-1]["warnings"] == shrinking.reports("2026-08-05")[-1]["warnings"] == []


def test_a_held_date_whose_objects_were_taken_away_is_not_held_any_more(
    held: HeldStory, spark: SparkSession, tmp_path: Path
) -> None:
    lake = copy_of(held.lake, spark, tmp_path)
    for name in lake.pending():
        (lake.raw / TO_BE_PROCESSED / name).unlink()

    assert lake.load()["held"] == []
    lake.take(dropped("extract_date=2026-09-01/other.json", playlist(rows("o"), playlist_id="other")))
    assert contents(lake.transformed / "load_holds") == {}


def test_what_a_killed_run_wrote_of_a_date_that_is_then_held_is_deleted(lake: Lake) -> None:
    """The published rows are the only ones left, as before."""
    lake.take(FIRST)
    before = {dataset.name: lake.partition(dataset.name) for dataset in DATASETS}
    lake.drop(SECOND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "written", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            lake.load()
    assert {dataset.name: len(lake.partition(dataset.name)) for dataset in DATASETS} == dict.fromkeys(before, 2)

    with pytest.MonkeyPatch.context() as patch:
        breaking(patch, "songs", twice)
        assert lake.load()["held"] == [DATE]

    assert {dataset.name: lake.partition(dataset.name) for dataset in DATASETS} == before
    assert contents(lake.transformed / LOAD_INTENTS) == {}
