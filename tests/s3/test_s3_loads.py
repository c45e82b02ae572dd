"""The job on S3 does what it does on folders, although a moved object has a new modification time there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from load_transform.contract import PROCESSED, TO_BE_PROCESSED
from load_transform.errors import LockedError
from tests.builders import (
    DATE,
    MORNING,
    Dropped,
    ExtractRun,
    Lake,
    album,
    dropped,
    episode,
    extracted,
    json_lines,
    local_track,
    page,
    playlist,
    pretty,
    row,
    rows,
    track,
)
from tests.s3.faulty_s3 import FaultyS3, S3Request
from tests.s3.s3_lakes import S3Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EVENING = ExtractRun(MORNING + timedelta(hours=12))
TIMELESS = f"extract_date={DATE}/mine.json"


def varied() -> list[Dropped]:
    """What a raw zone may hold: both shapes, whole playlists and pages, several layouts, awkward names, bad files."""
    run = ExtractRun()
    items = [*rows("a", "b"), row(episode()), row(local_track()), row(None), row(track("c", album=album("album2")))]
    return [
        extracted(run, items * 20),
        extracted(EVENING, rows("b", "a"), playlist_id="playlist2"),
        extracted(EVENING, [], playlist_id="playlist3"),
        Dropped(run.marker_name, json_lines([run.marker(("playlist1", "fetched", None), ("lost", "missing", "404"))])),
        dropped("spotify_raw_2023-10-28 20:12:33.123456.json", playlist(rows("old", shape="track"), shape="tracks")),
        dropped("extract_date=2026-08-03/my [1] list 50%: ü.json", pretty(playlist(rows("d"), playlist_id="mine"))),
        dropped("no time.json", page(rows("e", "f"), playlist_id="playlist4", offset=3, total=9)),
        dropped("sub/folder/rows 2026-08-04.jsonl", rows("g", "h")),
        dropped("broken.json", b'{"items": ['),
        dropped("a/.hidden.json", b"{}"),
        dropped("notes.txt", b"hello"),
        dropped("empty 2026-08-03.json", b""),
    ]


def put_in_later_seconds(lake: S3Lake, *objects: Dropped) -> None:
    """Drop the objects one after another, each once more until S3's time of it, in whole seconds, is a later one."""
    last = MORNING - timedelta(days=36500)
    for one in objects:
        key = TO_BE_PROCESSED + one.name
        while True:
            lake.drop(one)
            at = lake.modified(lake.raw_bucket, key)[key]
            if at > last:
                last = at
                break


def test_a_first_load_leaves_tables_processed_objects_and_a_report(s3_lake: S3Lake) -> None:
    run = extracted(ExtractRun(), rows("a", "b"))
    yours = dropped(f"extract_date={DATE}/my list [1] 50%: a.json", playlist(rows("c"), playlist_id="playlist2"))
    broken = dropped("broken.json", b'{"items": [')

    s3_lake.take(run, yours, broken)

    mirror = s3_lake.mirror()
    assert mirror.column("songs_data", "song_id") == ["a", "b", "c"]
    assert mirror.pending() == {}
    assert sorted(mirror.processed().values()) == sorted([run.content, yours.content])
    assert mirror.quarantined() == {"broken.json": broken.content}
    assert mirror.reason_codes() == {"broken.json": "truncated"}
    assert mirror.leftovers() == set()
    (report,) = mirror.reports()
    assert (report["rows_in"], report["rows_out"], report["objects_new"]) == (3, 3, 2)


def test_a_second_load_of_a_date_replaces_its_tables(s3_lake: S3Lake) -> None:
    s3_lake.take(extracted(ExtractRun(), rows("a", "b")))

    s3_lake.take(extracted(EVENING, rows("b", "c")))

    mirror = s3_lake.mirror()
    assert mirror.column("playlist_items_data", "song_id") == ["b", "c"]
    assert len({row["load_id"] for row in mirror.table("playlists_data", load_id=True)}) == 1
    assert [report["rows_in"] for report in mirror.reports()] == [2, 4]
    assert mirror.leftovers() == set()


def test_buckets_and_folders_end_in_equal_lakes(s3_lake: S3Lake, s3_spark: SparkSession, tmp_path: Path) -> None:
    objects = varied()
    s3_lake.drop(*objects)
    at = s3_lake.modified(s3_lake.raw_bucket)
    folders = Lake(s3_spark, tmp_path)
    folders.drop(*(replace(one, modified=at[TO_BE_PROCESSED + one.name].astimezone(UTC)) for one in objects))

    s3_lake.load()
    folders.load()

    buckets = s3_lake.mirror()
    assert buckets.tables() == folders.tables()
    assert len(folders.table("playlist_items_data")) > 120
    assert buckets.pending() == folders.pending() == {}
    assert buckets.processed() == folders.processed()
    assert buckets.quarantined() == folders.quarantined()
    assert len(folders.quarantined()) == 4
    assert buckets.reason_codes() == folders.reason_codes()
    assert buckets.leftovers() == folders.leftovers() == set()


def test_dropped_objects_keep_their_order_and_time_when_a_move_gives_them_new_ones(s3_lake: S3Lake) -> None:
    older = dropped(TIMELESS, playlist(rows("old")))
    newer = dropped(f"extract_date={DATE}/mine too.json", playlist(rows("new")))
    put_in_later_seconds(s3_lake, older, newer)
    s3_lake.load()
    first = s3_lake.mirror()
    assert first.column("playlist_items_data", "song_id") == ["new"]

    (moved,) = (key for key in s3_lake.modified(s3_lake.raw_bucket, PROCESSED) if key.endswith("/mine.json"))
    s3_lake.touch(moved)
    times = s3_lake.modified(s3_lake.raw_bucket, PROCESSED)
    assert times[moved] == max(times.values()), "as S3 sees it, the older one is now the newer"
    s3_lake.take(extracted(ExtractRun(), rows("x"), playlist_id="another"))

    again = s3_lake.mirror()
    assert [row for row in again.table("playlist_items_data") if row["playlist_id"] == "playlist1"] == first.table(
        "playlist_items_data"
    )
    assert [row for row in again.table("playlists_data") if row["playlist_id"] == "playlist1"] == first.table(
        "playlists_data"
    )


def test_the_second_of_two_runs_is_refused_and_the_first_one_ends_well(s3_lake: S3Lake, proxy: FaultyS3) -> None:
    s3_lake.drop(extracted(ExtractRun(), rows("a", "b")))
    refusals: list[str] = []

    def another_run_comes(_number: int, request: S3Request) -> bool:
        if not refusals and request.kind == "put" and request.key.startswith("songs_data/"):
            refusals.append("under way")
            with pytest.raises(LockedError) as refused:
                s3_lake.load()
            refusals[0] = str(refused.value)
        return True

    proxy.before_change = another_run_comes
    s3_lake.load()

    (refusal,) = refusals
    assert f"s3://{s3_lake.transformed_bucket}/ is in use by load " in refusal
    mirror = s3_lake.mirror()
    assert mirror.column("songs_data", "song_id") == ["a", "b"]
    assert len(mirror.reports()) == 1
    assert mirror.leftovers() == set()
