"""Three loads of one lake, a date for each thing that may happen to raw objects between and during them."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from load_transform import intake, reasons
from load_transform.contract import DATASETS, PROCESSED, TO_BE_PROCESSED
from tests.builders import (
    Dropped,
    ExtractRun,
    Json,
    Lake,
    Row,
    dropped,
    extracted,
    json_lines,
    page,
    playlist,
    put,
    rows,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Each date is a case of its own.
ODD, OWN, HELD, QUIET, BAD, ARRIVING = (f"2026-05-0{day}" for day in range(1, 7))


def at(date: str, hour: int = 6) -> datetime:
    return datetime.fromisoformat(date).replace(hour=hour, tzinfo=UTC)


ODD_NAMES = [
    " leading blank.json",
    "folder with trailing blank /trailing blank .json",
    "100%.json",
    "%41%2Fencoded%20already.json",
    "12:30: a talk.json",
    "[live] {remix} *.json",
    "why?.json?x=1.json",
    "no #1.json",
    "ünï 日本 🎧.json",
    "cafe\N{COMBINING ACUTE ACCENT}.json",
    "café.json",
    "back\\slash.json",
    "a+b & c=d, 'e' \"f\" ~g $h ;i |j <k> ^l `m`.json",
    "two\nlines.json",
    "sub folder/deeper: 50%/x.json",
    "sub folder/x.json",
    "SHOUTING.json",
]
ODD_OBJECTS = [
    dropped(name, page(rows(f"odd{number}"), playlist_id=f"odd{number}"), at(ODD))
    for number, name in enumerate(ODD_NAMES)
]
UNREADABLE = [
    Dropped(" bad: [1] 50%#?.json", b"{", at(ODD)),
    Dropped("sub: folder /trailing blank.json ", b"{}", at(ODD)),
]
FLAT = {
    "flat.json": playlist(rows("flat"), playlist_id="flat"),
    f"year=2026/{QUIET} flat.json": playlist(rows("flat"), playlist_id="flat"),
}

OWN_RUN = ExtractRun(at(OWN))
FIRST_OWN = extracted(OWN_RUN, rows("old1", "old2", "old3"))
AGAIN = ExtractRun(at(OWN)).lines(rows("new1", "new2"))
OTHER_OWN = Dropped(FIRST_OWN.name, json_lines([{**line, "extracted_at": f"{OWN}T07:00:00.000Z"} for line in AGAIN]))

HELD_RUN = ExtractRun(at(HELD))
HELD_FIRST = [extracted(HELD_RUN, rows(f"held{one}"), playlist_id=f"held{one}") for one in (1, 2)]
HELD_LATE = dropped(f"extract_date={HELD}/late.json", playlist(rows("late"), playlist_id="late"), at(HELD, 20))

QUIET_OBJECT = extracted(ExtractRun(at(QUIET)), rows("quiet"))
BAD_OBJECT = Dropped("gone wrong.json", b'{"error": {"status": 401, "message": "expired"}}', at(BAD))
ARRIVAL = dropped("arrived.json", playlist(rows("arrived"), playlist_id="arrived"), at(ARRIVING))
ARRIVAL_OF_A_READ_DATE = extracted(OWN_RUN, rows("arrived too"), playlist_id="another")

EVERYTHING = [
    *(*ODD_OBJECTS, *UNREADABLE, FIRST_OWN, OTHER_OWN, *HELD_FIRST, HELD_LATE),
    *(QUIET_OBJECT, BAD_OBJECT, ARRIVAL, ARRIVAL_OF_A_READ_DATE),
]

LEFTOVER_FOLDERS = (
    "_temporary/0/task_202605040600_0001_m_000000",
    ".spark-staging-0b6b5f5e",
    "__magic_job-0b6b5f5e/tasks",
)


class Story:
    """The lake after each of its loads, and what each load said."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self._spark, self._root = spark, root
        self.lake = Lake(spark, root / "lake")
        self.said: list[Json] = []

    def load(self) -> None:
        self.said.append(self.lake.load())
        shutil.copytree(self.lake.raw.parent, self._root / str(len(self.said)))

    def after(self, load: int) -> Lake:
        return Lake(self._spark, self._root / str(load))


@pytest.fixture(scope="module")
def story(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Story:
    told = Story(spark, tmp_path_factory.mktemp("story"))
    lake = told.lake
    for name, document in FLAT.items():
        put(lake.raw / PROCESSED / name, json.dumps(document).encode())
    lake.drop(*ODD_OBJECTS, *UNREADABLE, FIRST_OWN, *HELD_FIRST, QUIET_OBJECT)
    told.load()

    (lake.raw / PROCESSED / HELD_FIRST[0].name).unlink()
    for dataset in DATASETS:
        (left,) = lake.partition(dataset.name, QUIET).values()
        for folder in LEFTOVER_FOLDERS:
            put(lake.transformed / dataset.name / folder / f"extract_date={QUIET}" / "part-left.zstd.parquet", left)
    lake.drop(OTHER_OWN, HELD_LATE, BAD_OBJECT)
    with pytest.MonkeyPatch.context() as patch:
        read_batch = intake.read_batch

        def arrived_before_it_was_read(*arguments: Any) -> object:
            lake.drop(ARRIVAL, ARRIVAL_OF_A_READ_DATE)
            return read_batch(*arguments)

        patch.setattr(intake, "read_batch", arrived_before_it_was_read)
        told.load()

    lake.drop(HELD_FIRST[0], HELD_LATE)
    told.load()
    return told


def of_date(lake: Lake, dataset: str, date: str) -> list[Row]:
    return [row for row in lake.table(dataset) if row["extract_date"] == date]


def songs(lake: Lake, date: str) -> set[str]:
    return {row["song_id"] for row in of_date(lake, "songs_data", date)}


def items(lake: Lake, date: str) -> list[tuple[str, int, str]]:
    return [(row["playlist_id"], row["position"], row["song_id"]) for row in of_date(lake, "playlist_items_data", date)]


def partitions(lake: Lake, date: str) -> dict[str, dict[str, bytes]]:
    return {dataset.name: lake.partition(dataset.name, date) for dataset in DATASETS}


def loaded_dates(said: Json) -> set[str]:
    return {line["extract_date"] for line in said["dates"]}


def test_no_byte_is_lost_over_all_loads(story: Story) -> None:
    kept = story.lake.everything_raw()

    for one in EVERYTHING:
        assert one.content in kept, one.name
    assert story.lake.pending() == {}


def test_odd_names_are_read_and_moved_as_they_are(story: Story) -> None:
    lake = story.after(1)
    names = {
        name.split("/", 3)[3]: content
        for name, content in lake.processed().items()
        if name.startswith(f"extract_date={ODD}/dropped/")
    }

    assert names == {one.name: one.content for one in ODD_OBJECTS}
    assert songs(lake, ODD) == {f"odd{number}" for number in range(len(ODD_NAMES))}


def test_odd_names_are_quarantined_as_they_are(story: Story) -> None:
    lake = story.after(1)

    assert lake.quarantined() == {one.name: one.content for one in UNREADABLE}
    assert lake.reason_codes() == {
        UNREADABLE[0].name: reasons.TRUNCATED,
        UNREADABLE[1].name: reasons.UNSUPPORTED_NAME,
    }


def test_what_lies_flat_in_processed_is_neither_read_nor_touched(story: Story) -> None:
    for lake in (story.after(1), story.after(3)):
        assert "flat" not in lake.column("songs_data", "song_id")
        processed = lake.processed()
        assert {name: processed[name] for name in FLAT} == {
            name: json.dumps(document).encode() for name, document in FLAT.items()
        }


def test_a_newer_object_under_the_extracts_own_key_is_kept_beside_the_older_and_wins(story: Story) -> None:
    before, after = story.after(1), story.after(2)

    assert items(before, OWN) == [("playlist1", 0, "old1"), ("playlist1", 1, "old2"), ("playlist1", 2, "old3")]
    assert items(after, OWN) == [("playlist1", 0, "new1"), ("playlist1", 1, "new2")]
    assert songs(after, OWN) == {"new1", "new2"}
    assert after.processed()[FIRST_OWN.name] == FIRST_OWN.content
    assert OTHER_OWN.content in after.processed().values()


def test_only_dates_with_something_new_are_rebuilt(story: Story) -> None:
    assert [loaded_dates(said) for said in story.said] == [{ODD, OWN, HELD, QUIET}, {OWN}, {HELD, OWN, ARRIVING}]
    for date in (QUIET, ODD):
        assert partitions(story.after(3), date) == partitions(story.after(1), date)


@pytest.mark.parametrize("folder", LEFTOVER_FOLDERS)
def test_what_a_killed_spark_left_is_removed_and_surfaces_in_no_table(story: Story, folder: str) -> None:
    assert partitions(story.after(2), QUIET) == partitions(story.after(1), QUIET)
    for dataset in DATASETS:
        assert not (story.after(2).transformed / dataset.name / folder).exists()
    assert story.after(2).leftovers() == set()


def test_a_date_with_a_lost_input_waits_and_the_others_of_the_run_are_loaded(story: Story) -> None:
    lake, said = story.after(2), story.said[1]

    assert partitions(lake, HELD) == partitions(story.after(1), HELD)
    assert said["held"] == [HELD]
    assert {one["object"]: one["reason"] for one in said["quarantined"]} == {
        f"{TO_BE_PROCESSED}{HELD_LATE.name}": reasons.INPUTS_MISSING,
        f"{TO_BE_PROCESSED}{BAD_OBJECT.name}": reasons.API_ERROR,
    }
    assert lake.quarantined()[HELD_LATE.name] == HELD_LATE.content
    assert "new1" in songs(lake, OWN)


def test_with_the_lost_input_back_the_waiting_object_is_loaded_when_it_comes_again(story: Story) -> None:
    assert story.said[2]["held"] == []
    assert songs(story.after(3), HELD) == {"held1", "held2", "late"}


def test_objects_that_arrive_during_a_run_are_loaded_by_the_next(story: Story) -> None:
    during, next_ = story.after(2), story.after(3)
    arrived = {one.name: one.content for one in (ARRIVAL, ARRIVAL_OF_A_READ_DATE)}

    assert during.pending() == arrived
    assert not songs(during, ARRIVING)
    assert "arrived too" not in songs(during, OWN)
    assert songs(next_, ARRIVING) == {"arrived"}
    assert songs(next_, OWN) == {"new1", "new2", "arrived too"}


def test_a_date_of_which_nothing_could_be_read_has_a_report_and_no_table(story: Story) -> None:
    lake = story.after(2)
    (line,), (details,) = lake.reports(BAD), lake.details(BAD)

    assert (line["rebuilt"], line["objects_quarantined"], line["objects_read"]) == (False, 1, 0)
    assert set(line["rows"].values()) == {0}
    assert [one["reason"] for one in details["quarantined"]] == [reasons.API_ERROR]
    assert partitions(lake, BAD) == {dataset.name: {} for dataset in DATASETS}


def test_the_reports_of_a_date_tell_each_load_of_it(story: Story) -> None:
    counted = [(line["objects_new"], line["objects_read"], line["rows_superseded"]) for line in story.lake.reports(OWN)]

    assert counted == [(1, 1, 0), (1, 2, 3), (1, 3, 3)]
    assert [len(details["inputs"]) for details in story.lake.details(OWN)] == [1, 2, 3]
    assert [line["load_id"] for line in story.lake.reports(OWN)] == [said["load_id"] for said in story.said]
