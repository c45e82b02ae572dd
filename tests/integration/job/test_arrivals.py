"""Objects that land while a run is at work: it leaves them alone, whatever it is doing, and the next run loads them."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from load_transform import archive, partitions, reports
from load_transform.contract import DATASETS
from tests.builders import DATE, MORNING, Dropped, ExtractRun, Json, Lake, dropped, extracted, playlist, rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = [
    extracted(ExtractRun(), rows("a")),
    dropped(f"extract_date={DATE}/undated.json", playlist(rows("u"), playlist_id="undated")),
    dropped("broken.json", b'{"items": ['),
]
NEXT_DATE = "2026-08-04"


class Arriving(logging.Handler):
    """Drops two objects whenever the job says that a step begins: one of a date at work, one of another."""

    def __init__(self, lake: Lake) -> None:
        super().__init__()
        self.lake = lake
        self.steps: list[str] = []
        self.dropped: list[Dropped] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.land(record.getMessage())

    def land(self, step: str) -> None:
        name = step.replace(" ", "_")
        self.steps.append(step)
        arrived = [
            dropped(f"extract_date={date}/{name}.json", playlist(rows(f"{name}-{date}"), playlist_id=f"{name}-{date}"))
            for date in (DATE, NEXT_DATE)
        ]
        self.lake.drop(*arrived)
        self.dropped += arrived

    def around(self, function: Any, name: str) -> Any:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            self.land(f"before {name} {len(self.steps)}")
            return function(*arguments, **named)

        return wrapped


class Arrivals:
    """A lake after a run during which objects landed at every step, and after the next one."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self.arriving = lake, Arriving(lake)
        lake.drop(*FIRST)
        logger = logging.getLogger("load_transform.run")
        level = logger.level
        logger.addHandler(self.arriving)
        logger.setLevel(logging.INFO)
        try:
            with pytest.MonkeyPatch.context() as patch:
                for owner, name in (
                    (partitions, "partition_files"),
                    (partitions, "written"),
                    (archive, "_move_or_drop_copy"),
                    (reports, "write_report"),
                ):
                    patch.setattr(owner, name, self.arriving.around(getattr(owner, name), name))
                self.first: Json = lake.load()
        finally:
            logger.removeHandler(self.arriving)
            logger.setLevel(level)
        self.pending, self.processed = lake.pending(), lake.processed()
        self.songs = set(lake.column("songs_data", "song_id"))
        self.second: Json = lake.load()


@pytest.fixture(scope="module")
def arrivals(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Arrivals:
    return Arrivals(Lake(spark, tmp_path_factory.mktemp("arrivals") / "lake"))


def test_objects_landed_at_every_step(arrivals: Arrivals) -> None:
    steps = {step.partition(" ")[0] for step in arrivals.arriving.steps}

    assert {"read", "choose", "write", "check", "delete", "move", "quarantine", "before"} <= steps
    assert len(arrivals.arriving.dropped) >= 30


def test_the_run_left_them_untouched(arrivals: Arrivals) -> None:
    assert arrivals.first["pending"] == len(FIRST)
    assert arrivals.pending == {one.name: one.content for one in arrivals.arriving.dropped}
    assert arrivals.songs == {"a", "u"}
    assert sorted(arrivals.processed.values()) == sorted(one.content for one in FIRST[:2])


def test_the_next_run_loads_them_all(arrivals: Arrivals) -> None:
    assert arrivals.second["pending"] == len(arrivals.arriving.dropped)
    assert arrivals.lake.pending() == {}
    landed = {f"{Path(one.name).stem}-{one.name[13:23]}" for one in arrivals.arriving.dropped}
    assert set(arrivals.lake.column("songs_data", "song_id")) == {"a", "u"} | landed
    everything = [*arrivals.lake.processed().values(), *arrivals.lake.quarantined().values()]
    assert sorted(everything) == sorted(one.content for one in (*FIRST, *arrivals.arriving.dropped))


def test_an_object_that_is_replaced_while_it_is_loaded_is_loaded_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a file is dropped twice in a row under one name, the second time while the first is being loaded."""
    name = f"extract_date={DATE}/mine.json"
    before = dropped(name, playlist(rows("before"), playlist_id="mine"))
    after = dropped(name, playlist(rows("after1", "after2"), playlist_id="mine"), MORNING + timedelta(minutes=1))
    lake.drop(before)
    move = archive.move_to_processed

    def replaced_then_moved(files: Any, moves: Any) -> Any:
        lake.drop(after)
        return move(files, moves)

    monkeypatch.setattr(archive, "move_to_processed", replaced_then_moved)
    lake.load()
    monkeypatch.undo()

    assert lake.pending() == {name: after.content}
    said = lake.load()
    assert said["held"] == []
    assert lake.column("songs_data", "song_id") == ["after1", "after2"]
    assert [*lake.processed().values()] == [after.content]
    assert {dataset.name: len(lake.partition(dataset.name)) for dataset in DATASETS} == dict.fromkeys(
        (dataset.name for dataset in DATASETS), 1
    )
