"""A run that is cut off at any point: the next one ends in the tables of a run that was not, and no raw byte is lost.

A killed run leaves behind what lay there at that moment. So one run is photographed on its way, and each picture is
loaded again.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from load_transform import archive, partitions, reports
from load_transform.contract import DATASETS, LOAD_INTENTS
from load_transform.objects import RawObject
from tests.builders import (
    DATE,
    MORNING,
    Dropped,
    ExtractRun,
    Lake,
    contents,
    dropped,
    extracted,
    playlist,
    rows,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEXT_DATE = "2026-08-04"
EVENING, NEXT_MORNING = ExtractRun(MORNING + timedelta(hours=12)), ExtractRun(MORNING + timedelta(days=1))

FIRST = [
    extracted(ExtractRun(), rows("a", "b", "c")),
    dropped(f"extract_date={DATE}/no time.json", playlist(rows("d"), playlist_id="playlist2")),
]
SECOND = [
    extracted(EVENING, rows("a", "e")),
    dropped(f"extract_date={DATE}/late.json", playlist(rows("f", "g"), playlist_id="playlist3")),
    extracted(NEXT_MORNING, rows("h")),
]
BROKEN = dropped("broken.json", b'{"items": [')

SONGS = {(DATE, song_id) for song_id in "adefg"} | {(NEXT_DATE, "h")}


class StepError(Exception):
    """What a step of a run raises, as a test wants it."""


def raise_at(call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, except that one call of it raises."""
    calls = 0

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise StepError
        return function(*arguments, **named)

    return wrapped


class Pictures:
    """Copies of a lake, taken while a run works on it."""

    def __init__(self, spark: SparkSession, lake: Lake, root: Path) -> None:
        self._spark, self._lake, self._root = spark, lake, root

    def take(self, name: str) -> Lake:
        folder = self._root / name
        # The run that is photographed gives signs of life; the one that a picture stands for is dead.
        shutil.copytree(self._lake.raw.parent, folder, ignore=shutil.ignore_patterns("*.alive"))
        return self[name]

    def taking(self, name: str) -> Callable[..., object]:
        return lambda *_: self.take(name)

    def __getitem__(self, name: str) -> Lake:
        return Lake(self._spark, self._root / name)

    def before(self, call: int, function: Callable[..., Any], look: Callable[..., object]) -> Callable[..., Any]:
        """Return the function, except that before one call of it `look` sees what it is called with."""
        calls = 0

        def wrapped(*arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call:
                look(*arguments)
            return function(*arguments)

        return wrapped


@pytest.fixture(scope="module")
def first_attempt(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake whose very first run failed between two datasets."""
    lake = Lake(spark, tmp_path_factory.mktemp("interrupted") / "lake")
    lake.drop(*FIRST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "append", raise_at(3, partitions.append))
        with pytest.raises(StepError):
            lake.load()
    return lake


@pytest.fixture(scope="module")
def pictures(first_attempt: Lake, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Pictures of a second run at each of its steps, and of its end under `uninterrupted`."""
    lake = first_attempt
    taken = Pictures(spark, lake, tmp_path_factory.mktemp("pictures"))
    taken.take("failed")
    with pytest.MonkeyPatch.context() as patch:
        look = taken.taking("moved, not reported")
        patch.setattr(reports, "write_report", taken.before(1, reports.write_report, look))
        lake.load()
    taken.take("repaired")
    lake.drop(*SECOND, BROKEN)

    def some_deleted(_: object, keys: list[str]) -> None:
        picture = taken.take("some old files deleted")
        assert len(keys) == len(DATASETS), "the old files of the first date"
        for key in keys[::2]:
            (picture.transformed / key).unlink()

    def some_moved(_: object, moves: list[tuple[RawObject, str]]) -> None:
        picture = taken.take("some objects moved, one copied")
        (moved, copied), (its_target, others_target) = zip(*moves[:2], strict=True)
        for target in (its_target, others_target):
            (picture.raw / target).parent.mkdir(parents=True, exist_ok=True)
        (picture.raw / moved.key).rename(picture.raw / its_target)
        # As a move on S3 that was cut off: both are there, and the copy has a modification time of its own.
        shutil.copyfile(picture.raw / copied.key, picture.raw / others_target)

    def half_quarantined(_: object, refused: list[Any], *__: object) -> None:
        picture = taken.take("copied to quarantine")
        target = picture.raw / refused[0].target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture.raw / refused[0].item.key, target)

    with pytest.MonkeyPatch.context() as patch:
        steps: list[tuple[Any, str, int, Callable[..., object]]] = [
            (partitions, "append", 3, taken.taking("two datasets appended")),
            (partitions, "delete_files", 1, some_deleted),
            (archive, "move_to_processed", 1, some_moved),
            (reports, "write_report", 2, taken.taking("one date reported")),
            (archive, "quarantine", 1, half_quarantined),
        ]
        for owner, name, call, look in steps:
            patch.setattr(owner, name, taken.before(call, getattr(owner, name), look))
        lake.load()
    taken.take("uninterrupted")
    return taken


def intents(lake: Lake) -> dict[str, bytes]:
    return contents(lake.transformed / LOAD_INTENTS)


def load_ids(lake: Lake) -> dict[str, set[str]]:
    """The loads that each date's rows come from."""
    found: dict[str, set[str]] = {}
    for dataset in DATASETS:
        for row in lake.table(dataset.name, load_id=True):
            found.setdefault(row["extract_date"], set()).add(row["load_id"])
    return found


def assert_nothing_lost(lake: Lake, *objects: Dropped) -> None:
    assert lake.pending() == {}
    kept = Counter([*lake.processed().values(), *lake.quarantined().values()])
    assert kept == Counter(one.content for one in objects)


def test_a_failed_step_stops_the_run_and_leaves_the_raw_objects_where_they_are(pictures: Pictures) -> None:
    failed = pictures["failed"]

    assert set(failed.pending().values()) == {one.content for one in FIRST}
    assert failed.processed() == {}
    assert len(intents(failed)) == 1
    assert failed.reports() == []
    assert failed.table("playlists_data"), "it had begun to write"


def test_the_run_after_a_failed_one_replaces_what_that_had_written(pictures: Pictures) -> None:
    repaired = pictures["repaired"]

    assert repaired.column("songs_data", "song_id") == ["a", "b", "c", "d"]
    assert repaired.column("playlists_data", "playlist_id") == ["playlist1", "playlist2"]
    assert {date: len(loads) for date, loads in load_ids(repaired).items()} == {DATE: 1}
    assert repaired.leftovers() == set()
    assert_nothing_lost(repaired, *FIRST)


def test_pictures_of_one_run_lead_to_what_that_run_itself_led_to(pictures: Pictures) -> None:
    done = pictures["uninterrupted"]

    assert {(row["extract_date"], row["song_id"]) for row in done.table("songs_data")} == SONGS
    assert done.leftovers() == set()
    assert_nothing_lost(done, *FIRST, *SECOND, BROKEN)


@pytest.mark.parametrize(
    "moment",
    [
        "two datasets appended",
        "some old files deleted",
        "some objects moved, one copied",
        "one date reported",
        "copied to quarantine",
    ],
)
def test_a_run_killed_at_any_step_is_repaired_by_the_next(pictures: Pictures, moment: str) -> None:
    killed, done = pictures[moment], pictures["uninterrupted"]
    assert contents(killed.raw) != contents(done.raw) or intents(killed), "there is something to repair"

    killed.load()

    assert killed.tables() == done.tables()
    assert all(len(loads) == 1 for loads in load_ids(killed).values())
    assert killed.leftovers() == set()
    assert_nothing_lost(killed, *FIRST, *SECOND, BROKEN)
    assert killed.reason_codes() == done.reason_codes() == {"broken.json": "truncated"}


def test_an_unfinished_run_is_finished_although_nothing_is_pending(pictures: Pictures) -> None:
    killed, done = pictures["moved, not reported"], pictures["repaired"]
    assert killed.pending() == {}
    assert killed.reports() == []
    assert len(intents(killed)) == 2, "that of the failed run and that of the run that repaired it"

    summary = killed.load()

    assert summary["pending"] == 0
    assert killed.tables() == done.tables()
    assert {date: len(loads) for date, loads in load_ids(killed).items()} == {DATE: 1}
    assert killed.leftovers() == set()
    assert_nothing_lost(killed, *FIRST)
    (report,), (details,) = killed.reports(), killed.details()
    assert (report["objects_new"], report["objects_read"], report["rows_in"]) == (0, 2, 4)
    assert details["inputs"] == done.details()[0]["inputs"], "what a later run looks for"
