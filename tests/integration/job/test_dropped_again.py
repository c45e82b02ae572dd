"""Files that come again: the same bytes are as if they had come once, other bytes of one name and time are kept."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from tests.builders import DATE, MORNING, Dropped, ExtractRun, Lake, Row, dropped, extracted, page, rows

RUN = ExtractRun()
OWN = extracted(RUN, rows("a", "b", "c"))
CLASSIC = dropped(f"spotify_raw_{DATE} 05:00:00.000001.json", page(rows("x", shape="track"), playlist_id="classic"))
UNDATED = dropped(f"extract_date={DATE}/my stuff/50% off [2] a:b — ünï.json", page(rows("u"), playlist_id="mine"))
FIRST = [OWN, CLASSIC, UNDATED]

OTHER_OWN = Dropped(OWN.name, extracted(RUN, rows("d", "e")).content)
OTHER_CLASSIC = dropped(CLASSIC.name, page(rows("y", shape="track"), playlist_id="classic"))


def test_files_that_come_again(lake: Lake) -> None:
    lake.take(*FIRST)
    tables, processed, (report,) = lake.tables(), lake.processed(), lake.reports()

    hours_later = Dropped(UNDATED.name, UNDATED.content, MORNING + timedelta(hours=5))
    lake.take(OWN, CLASSIC, hours_later)
    assert lake.tables() == tables
    assert lake.pending() == {}
    assert {*lake.processed().values()} == {*processed.values()}
    assert [(line["rows_in"], line["rows_out"]) for line in lake.reports()] == 2 * [
        (report["rows_in"], report["rows_out"])
    ]

    lake.take(OTHER_OWN, OTHER_CLASSIC)
    assert {one.content for one in (*FIRST, OTHER_OWN, OTHER_CLASSIC)} == {*lake.processed().values()}
    # Equally old and equally named: the content decides which counts, so that the order of coming does not.
    songs = {OWN: ["a", "b", "c"], OTHER_OWN: ["d", "e"], CLASSIC: ["x"], OTHER_CLASSIC: ["y"]}
    assert of_playlist(lake, "playlist1") == songs[greater(OWN, OTHER_OWN)]
    assert of_playlist(lake, "classic") == songs[greater(CLASSIC, OTHER_CLASSIC)]
    line = lake.reports()[-1]
    assert (line["rows_in"], line["rows_out"]) == (8, 2 + len(of_playlist(lake, "playlist1")))


def of_playlist(lake: Lake, playlist_id: str) -> list[str]:
    items: list[Row] = lake.table("playlist_items_data")
    return [one["song_id"] for one in items if one["playlist_id"] == playlist_id]


def greater(one: Dropped, other: Dropped) -> Dropped:
    return max(one, other, key=lambda dropped_: sha256(dropped_.content).hexdigest())
