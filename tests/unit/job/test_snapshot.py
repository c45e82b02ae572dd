"""Which rows of a date count, where several objects tell of one playlist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders import (
    ABSENT,
    DATE,
    MORNING,
    Dropped,
    ExtractRun,
    dropped,
    extracted,
    json_lines,
    page,
    playlist,
    rows,
)
from tests.unit.job.cases import Cases, Transformed

RUN, LATER_RUN = ExtractRun(), ExtractRun(MORNING + timedelta(hours=2))
BEFORE, BETWEEN, AFTER = f"x {DATE} 05:00:00.json", f"x {DATE} 07:00:00.json", f"x {DATE} 09:00:00.json"
cases = Cases()


def partial(name: str, *track_ids: str, offset: int = 0) -> Dropped:
    return dropped(name, page(rows(*track_ids), offset=offset))


def complete(name: str, *track_ids: str) -> Dropped:
    return dropped(name, playlist(rows(*track_ids)))


def incomplete(name: str, *track_ids: str, total: int | object = 99, offset: int = 0) -> Dropped:
    return dropped(name, playlist([], items=page(rows(*track_ids), offset=offset, total=total)))


# Per rule: the case, then the songs by position, then how many rows were superseded.
RULES: dict[str, tuple[str, dict[int, str], int]] = {
    "a newer run supersedes an older one": (
        cases.of(extracted(RUN, rows("a", "b", "c")), extracted(LATER_RUN, rows("z"))),
        {0: "z"},
        3,
    ),
    "a newer complete playlist supersedes a run": (
        cases.of(extracted(RUN, rows("a", "b", "c")), complete(AFTER, "z")),
        {0: "z"},
        3,
    ),
    "a newer run supersedes older pages": (
        cases.of(partial(BEFORE, "a", "b", offset=5), extracted(RUN, rows("z"))),
        {0: "z"},
        2,
    ),
    "a newer page supersedes only its positions": (
        cases.of(extracted(RUN, rows("a", "b", "c")), partial(AFTER, "y", "z", offset=2)),
        {0: "a", 1: "b", 2: "y", 3: "z"},
        1,
    ),
    "a page between two runs counts for nothing": (
        cases.of(extracted(RUN, rows("a")), partial(BETWEEN, "m", offset=7), extracted(LATER_RUN, rows("z"))),
        {0: "z"},
        2,
    ),
    "pages of one playlist are put together": (
        cases.of(partial(BEFORE, "a", "b"), partial(AFTER, "c", "d", offset=2)),
        {0: "a", 1: "b", 2: "c", 3: "d"},
        0,
    ),
    "of three pages the newest holds a position": (
        cases.of(partial(AFTER, "z", offset=1), partial(BEFORE, "a", "b", "c"), partial(BETWEEN, "m", "n")),
        {0: "m", 1: "z", 2: "c"},
        3,
    ),
    "a playlist with rows missing is partial": (
        cases.of(extracted(RUN, rows("a", "b", "c")), incomplete(AFTER, "z")),
        {0: "z", 1: "b", 2: "c"},
        1,
    ),
    "a playlist without a total is partial": (
        cases.of(extracted(RUN, rows("a", "b")), incomplete(AFTER, "z", total=ABSENT)),
        {0: "z", 1: "b"},
        1,
    ),
    "a playlist whose page starts later is partial": (
        cases.of(extracted(RUN, rows("a", "b", "c")), incomplete(AFTER, "z", offset=1, total=1)),
        {0: "a", 1: "z", 2: "c"},
        1,
    ),
    "a page with as many rows as its total is partial still": (
        cases.of(extracted(RUN, rows("a", "b")), dropped(AFTER, page(rows("z"), total=1))),
        {0: "z", 1: "b"},
        1,
    ),
    "a bare array is partial": (
        cases.of(
            dropped(f"playlist1 {DATE} 05:00:00.json", rows("a", "b")),
            dropped(f"playlist1 {DATE} 06:00:00.json", rows("z")),
        ),
        {0: "z", 1: "b"},
        1,
    ),
    "an emptied playlist is empty": (cases.of(extracted(RUN, rows("a", "b")), extracted(LATER_RUN, [])), {}, 2),
    "an empty full playlist is complete": (cases.of(extracted(RUN, rows("a", "b")), complete(AFTER)), {}, 2),
    "an empty page supersedes nothing": (
        cases.of(extracted(RUN, rows("a", "b")), dropped(AFTER, page([], total=2))),
        {0: "a", 1: "b"},
        0,
    ),
    "an older run does not count, whenever it comes": (
        cases.of(extracted(LATER_RUN, rows("z")), extracted(RUN, rows("a", "b"))),
        {0: "z"},
        2,
    ),
    "a stated time goes before any file time": (
        cases.of(
            extracted(RUN, rows("a", "b")), Dropped("x.json", complete("", "z").content, MORNING + timedelta(days=99))
        ),
        {0: "a", 1: "b"},
        1,
    ),
    "of file times the newer": (
        cases.of(
            Dropped("x.json", complete("", "a", "b").content, MORNING),
            Dropped("y/x.json", complete("", "z").content, MORNING - timedelta(seconds=1)),
        ),
        {0: "a", 1: "b"},
        1,
    ),
    "of equal times the greater name": (
        cases.of(complete(f"b {DATE} 05:00:00.json", "b"), complete(f"a {DATE} 05:00:00.json", "a", "aa")),
        {0: "b"},
        2,
    ),
    "names are compared with their folders": (
        cases.of(complete(f"b/a {DATE} 05:00:00.json", "b"), complete(f"a/b {DATE} 05:00:00.json", "a", "aa")),
        {0: "b"},
        2,
    ),
    "of overlapping pages in one object the later": (
        cases.of(Dropped("x.json", json_lines([page(rows("a", "b")), page(rows("z"), offset=1)]))),
        {0: "a", 1: "z"},
        1,
    ),
    "the pages of a run are one extraction": (
        cases.of(
            partial(BEFORE, "m", offset=2),
            Dropped(RUN.object_name(), json_lines(RUN.lines(rows("a", "b", "c"), size=1))),
        ),
        {0: "a", 1: "b", 2: "c"},
        1,
    ),
    "each playlist of a list is an extraction": (
        cases.of(
            dropped(AFTER, [playlist(rows("z")), playlist(rows("other"), playlist_id="playlist2")]),
            extracted(RUN, rows("a", "b")),
        ),
        {0: "z"},
        2,
    ),
}

OTHER_DATE_OLD = cases.of(extracted(RUN, rows("old")))
OTHER_DATE_NEW = cases.of(extracted(LATER_RUN, rows("new")))


@pytest.fixture(scope="module")
def found(transformed: Callable[[Cases], Transformed]) -> Transformed:
    return transformed(cases)


@pytest.mark.parametrize("rule", RULES)
def test_which_rows_count(rule: str, found: Transformed) -> None:
    case, songs, superseded = RULES[rule]
    items = [one for one in found.items(case) if one["playlist_id"] == "playlist1"]
    assert {one["position"]: one["song_id"] for one in items} == songs
    assert found.counts[case].rows_superseded == superseded


@pytest.mark.parametrize("rule", RULES)
def test_rows_in_are_rows_out_and_rows_superseded(rule: str, found: Transformed) -> None:
    case, _, _ = RULES[rule]
    counts = found.counts[case]
    assert counts.rows_in == len(found.items(case)) + counts.rows_superseded
    assert sum(found.column(case, "playlists_data", "item_count")) == counts.rows_out == len(found.items(case))


def test_songs_of_superseded_rows_are_gone(found: Transformed) -> None:
    case, _, _ = RULES["a newer run supersedes an older one"]
    assert found.column(case, "songs_data", "song_id") == ["z"]


def test_dates_do_not_supersede_each_other(found: Transformed) -> None:
    assert found.column(OTHER_DATE_OLD, "songs_data", "song_id") == ["old"]
    assert found.column(OTHER_DATE_NEW, "songs_data", "song_id") == ["new"]
