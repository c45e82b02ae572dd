"""The job on S3 does what it does on folders."""

from __future__ import annotations

from datetime import timedelta

from tests.builders import DATE, MORNING, ExtractRun, dropped, extracted, playlist, rows
from tests.s3.s3_lakes import S3Lake

EVENING = ExtractRun(MORNING + timedelta(hours=12))


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
