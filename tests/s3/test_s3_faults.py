"""S3 that fails: what passes is tried again, what stays ends the run in one line, and the next run repairs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from load_transform.contract import DATASETS
from spotify_load_transform import main
from tests.builders import DATE, MORNING, Dropped, ExtractRun, Lake, dropped, extracted, playlist, rows
from tests.s3.faulty_s3 import Effect, FaultyS3, S3Request
from tests.s3.s3_lakes import S3Lake

EVENING, NEXT_MORNING = ExtractRun(MORNING + timedelta(hours=12)), ExtractRun(MORNING + timedelta(days=1))
PENDING, PROCESSED, QUARANTINE = "raw_data/to_be_processed/", "raw_data/processed/", "raw_data/quarantine/"

# All have a time of their own, since copies of the lake have other modification times.
FIRST = [
    extracted(ExtractRun(), rows("a", "b", "c")),
    dropped(f"extract_date={DATE}/mine 2026-08-03 07:00.json", playlist(rows("d"), playlist_id="playlist2")),
]
SECOND = [
    extracted(EVENING, rows("a", "e")),
    dropped(f"extract_date={DATE}/late 2026-08-03 20:00.json", playlist(rows("f", "g"), playlist_id="playlist3")),
    extracted(NEXT_MORNING, rows("h")),
    dropped("broken 2026-08-03.json", b'{"items": ['),
]
SONGS = {(DATE, song_id) for song_id in "adefg"} | {("2026-08-04", "h")}

EFFECTS = tuple(Effect)


@dataclass(frozen=True)
class Place:
    """Where in a run a fault befalls it: requests of some kinds to keys (or listings of prefixes) that begin so.

    `skip` of them go well first: the first two intents only claim the lake.
    """

    kinds: tuple[str, ...]
    begins: str = ""
    ends: str = ""
    skip: int = 0

    def __call__(self, request: S3Request) -> bool:
        name = request.key or request.query.get("prefix", "")
        return request.kind in self.kinds and name.startswith(self.begins) and name.endswith(self.ends)


# How many requests of a kind go well between two faults: there are few further pages, and many of the others.
SOMETIMES = {"next page": 0, "list": 3, "head": 3, "get": 1, "put": 1, "copy": 1, "delete": 1, "bulk delete": 3}

PLACES = {
    "listing what is pending": Place(("list",), PENDING),
    "a further page of what is pending": Place(("next page",), PENDING),
    "reading a raw object": Place(("get",), PENDING),
    "announcing what will be changed": Place(("put",), "load_intents/", ".json", skip=2),
    "writing Parquet": Place(("put",), "songs_data/_temporary/", ".parquet"),
    "committing Parquet": Place(("copy",), f"albums_data/extract_date={DATE}/"),
    "checking what was written": Place(("get",), f"playlists_data/extract_date={DATE}/"),
    "deleting an old file": Place(("delete", "bulk delete"), f"artists_data/extract_date={DATE}/"),
    "copying to processed": Place(("copy",), PROCESSED),
    "deleting what was copied": Place(("delete",), PENDING),
    "writing the report": Place(("put",), "load_reports/"),
    "copying to quarantine": Place(("copy",), QUARANTINE),
    "claiming the lake": Place(("put",), "load_intents/", ".json"),
}


@pytest.fixture(scope="module")
def before_second_load(new_s3_lake: Callable[[], S3Lake]) -> S3Lake:
    """A lake with one date loaded, and more of that date and of the next one pending."""
    lake = new_s3_lake()
    lake.drop(*FIRST)
    assert main(arguments(lake)) == 0
    lake.drop(*SECOND)
    return lake


@pytest.fixture(scope="module")
def undisturbed(before_second_load: S3Lake) -> Lake:
    """What that lake becomes when nothing fails."""
    lake = before_second_load.clone()
    assert main(arguments(lake)) == 0
    mirror = lake.mirror()
    assert {(row["extract_date"], row["song_id"]) for row in mirror.table("songs_data")} == SONGS
    return mirror


@pytest.fixture
def lake(before_second_load: S3Lake, undisturbed: Lake, proxy: FaultyS3) -> S3Lake:
    """A copy of the lake before its second load, of this test alone."""
    copy = before_second_load.clone()
    proxy.reset()
    return copy


def arguments(lake: S3Lake) -> list[str]:
    raw, transformed = lake.uris
    return ["job", "--raw_uri", raw, "--transformed_uri", transformed]


def assert_all_is_well(lake: S3Lake, undisturbed: Lake) -> None:
    mirror = lake.mirror()
    assert mirror.tables() == undisturbed.tables()
    assert all(len(loads) == 1 for loads in load_ids(mirror).values())
    assert mirror.leftovers() == set()
    assert mirror.pending() == {}
    kept = Counter([*mirror.processed().values(), *mirror.quarantined().values()])
    assert kept == Counter(one.content for one in FIRST + SECOND)
    assert mirror.reason_codes() == undisturbed.reason_codes() == {"broken 2026-08-03.json": "truncated"}


def load_ids(lake: Lake) -> dict[str, set[str]]:
    """The loads that each date's rows come from."""
    found: dict[str, set[str]] = {}
    for dataset in DATASETS:
        for row in lake.table(dataset.name, load_id=True):
            found.setdefault(row["extract_date"], set()).add(row["load_id"])
    return found


def test_what_passes_is_tried_again_and_the_run_ends_well(lake: S3Lake, undisturbed: Lake, proxy: FaultyS3) -> None:
    faults = {}
    with ExitStack() as stack:
        for kind, skipped in SOMETIMES.items():
            for effect in EFFECTS:
                faults[kind, effect.name] = stack.enter_context(proxy.fault(effect, Place((kind,)), skip=skipped))
        code = main(arguments(lake))

    assert code == 0
    assert {name for name, fault in faults.items() if fault.hits != 1} == set(), "faults that never came"
    assert_all_is_well(lake, undisturbed)


@pytest.mark.parametrize(
    ("place", "effect"), list(zip(PLACES, [*EFFECTS * 3, Effect.RESET_WHEN_DONE], strict=True)), ids=str
)
def test_what_stays_ends_the_run_in_one_line_and_the_next_run_repairs_it(
    lake: S3Lake, undisturbed: Lake, capfd: pytest.CaptureFixture[str], place: str, effect: Effect
) -> None:
    with lake.proxy.fault(effect, PLACES[place], times=None, skip=PLACES[place].skip) as fault:
        code = main(arguments(lake))

    told = capfd.readouterr().err.splitlines()[-1]
    assert code == 1
    assert told.startswith("spotify_load_transform: ")
    assert 1 <= fault.hits <= 100, "tried again, within bounds"
    broken_off = lake.mirror()
    assert set(broken_off.everything_raw()) == {one.content for one in FIRST + SECOND}, "nothing is lost"
    kept = {(row["extract_date"], row["playlist_id"]) for row in broken_off.table("playlists_data")}
    assert {(DATE, "playlist1"), (DATE, "playlist2")} <= kept, "nor does a reader see a hole"

    assert main(arguments(lake)) == 0

    assert_all_is_well(lake, undisturbed)


def test_an_object_that_arrives_during_a_run_is_the_next_runs(before_second_load: S3Lake, proxy: FaultyS3) -> None:
    lake = before_second_load.clone()
    latecomer = extracted(ExtractRun(MORNING + timedelta(days=2)), rows("z"))
    came: list[Dropped] = []

    def arrives(_number: int, request: S3Request) -> bool:
        if not came and request.key.startswith("songs_data/"):
            came.append(latecomer)
            lake.drop(latecomer)
        return True

    proxy.before_change = arrives
    assert main(arguments(lake)) == 0

    mirror = lake.mirror()
    assert list(mirror.pending().values()) == [latecomer.content]
    assert ("2026-08-05", "z") not in {(row["extract_date"], row["song_id"]) for row in mirror.table("songs_data")}

    assert main(arguments(lake)) == 0

    assert ("2026-08-05", "z") in {(row["extract_date"], row["song_id"]) for row in lake.table("songs_data")}
    assert lake.pending() == {}
