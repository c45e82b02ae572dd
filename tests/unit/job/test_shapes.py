"""Documents of every shape and framing to pages: whose rows they are, and at which positions."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.builders import (
    ABSENT,
    API,
    MORNING,
    Dropped,
    ExtractRun,
    Json,
    dropped,
    extracted,
    json_lines,
    metadata,
    one_line,
    page,
    playlist,
    pretty,
    row,
    rows,
    track,
    utc,
)
from tests.unit.job.cases import Cases, Transformed

RUN = ExtractRun()
cases = Cases()

OLD, NEW, BOTH = (rows("a", "b", shape=shape) for shape in ("track", "item", "both"))
WITHOUT_PLACE: Json = {"href": ABSENT, "offset": ABSENT, "total": ABSENT}


def page_at(name: str, first: Json, *more: Json) -> str:
    return cases.of(Dropped(name, json_lines([first, *more])))


TWO_ROWS = {
    "an envelope": cases.of(extracted(RUN, NEW)),
    "an envelope of two pages": cases.of(Dropped(RUN.object_name(), json_lines(RUN.lines(NEW, size=1)))),
    "a full playlist, new shape": cases.of(dropped("x.json", playlist(NEW))),
    "a full playlist, old shape": cases.of(dropped("x.json", playlist(OLD, shape="tracks"))),
    "a full playlist, both shapes": cases.of(dropped("x.json", playlist(BOTH, shape="both"))),
    "old rows in a new playlist": cases.of(dropped("x.json", playlist(OLD))),
    "a page, new shape": cases.of(dropped("x.json", page(NEW))),
    "a page, old shape": cases.of(
        dropped("x.json", page(OLD, href=f"{API}/playlists/playlist1/tracks?offset=0&limit=100"))
    ),
    "a page of a user's playlist": cases.of(
        dropped("x.json", page(OLD, href=f"{API}/users/u/playlists/playlist1/tracks"))
    ),
    "a page with fields left out": cases.of(
        dropped("playlist1.json", {"items": [{"track": track("a")}, {"track": track("b")}]})
    ),
    "a bare array": cases.of(dropped("playlist1.json", NEW)),
    "an array of one playlist": cases.of(dropped("x.json", [playlist(NEW)])),
    "an array of pages": cases.of(dropped("x.json", [page(NEW[:1]), page(NEW[1:], offset=1)])),
    "an array of arrays": cases.of(dropped("playlist1.json", [NEW[:1], NEW[1:]])),
    "pages as lines": cases.of(Dropped("x.json", json_lines([page(NEW[:1]), page(NEW[1:], offset=1)]))),
    "pages as lines of Windows": cases.of(
        Dropped("x.jsonl", one_line(page(NEW[:1])) + b"\r\n" + one_line(page(NEW[1:], offset=1)))
    ),
    "lines with blank ones": cases.of(Dropped("x.jsonl", b"\n" + json_lines([page(NEW)]) + b"\n \n")),
    "a pretty page": cases.of(Dropped("x.json", pretty(page(NEW)))),
    "a pretty playlist": cases.of(Dropped("x.jsonl", pretty(playlist(NEW)))),
    "a pretty array": cases.of(Dropped("playlist1.json", pretty(OLD))),
    "a pretty envelope": cases.of(Dropped("x.json", pretty(RUN.line(page(NEW))))),
    "blanks around": cases.of(Dropped("x.json", b"\n\t " + one_line(page(NEW)) + b" \n")),
    "a byte order mark": cases.of(Dropped("x.json", b"\xef\xbb\xbf" + one_line(page(NEW)))),
    "a byte order mark before lines": cases.of(
        Dropped("x.json", b"\xef\xbb\xbf" + json_lines([page(NEW[:1]), page(NEW[1:], offset=1)]))
    ),
}


@pytest.fixture(scope="module")
def found(transformed: Callable[[Cases], Transformed]) -> Transformed:
    return transformed(cases)


@pytest.mark.parametrize("shape", TWO_ROWS)
def test_two_rows_come_out_of_every_shape(shape: str, found: Transformed) -> None:
    items = found.items(TWO_ROWS[shape])
    assert [(one["playlist_id"], one["position"], one["song_id"]) for one in items] == [
        ("playlist1", 0, "a"),
        ("playlist1", 1, "b"),
    ]


# --- Both shapes at once ---

CONFLICT = cases.of(
    dropped("x.json", {**playlist(rows("new")), "tracks": page(rows("old", shape="track"))}),
    dropped("y.json", page([{**row(track("item")), "track": track("track")}], playlist_id="other")),
)


def test_where_both_shapes_are_there_the_new_one_is_read(found: Transformed) -> None:
    assert found.column(CONFLICT, "playlist_items_data", "song_id") == ["item", "new"]


# --- The playlist ---

NO_ID = metadata(id=ABSENT, href=f"{API}/playlists/inHref?market=DE")
IDS = {
    "object": (cases.of(dropped("stem.json", playlist(NEW, id="object"))), "object"),
    "envelope": (cases.of(extracted(RUN, NEW, playlist_id="envelope")), "envelope"),
    "inPage": (cases.of(dropped("stem.json", page(NEW, playlist_id="inPage"))), "inPage"),
    "inHref": (cases.of(dropped("stem.json", {**NO_ID, "items": page(NEW, href=None)})), "inHref"),
    "no id in the address": (cases.of(dropped("stem.json", page(NEW, href=f"{API}/me/tracks?offset=0"))), "stem"),
    "stem": (cases.of(dropped("my stem 2026-01-01 10:00:00.json", NEW)), "my stem"),
    "case-sensitive": (cases.of(dropped("x.json", playlist(NEW, playlist_id="AbC"))), "AbC"),
}


@pytest.mark.parametrize("source", IDS)
def test_the_playlist_is_named_by_the_first_that_knows_it(source: str, found: Transformed) -> None:
    case, playlist_id = IDS[source]
    assert set(found.column(case, "playlist_items_data", "playlist_id")) == {playlist_id}
    assert found.column(case, "playlists_data", "playlist_id") == [playlist_id]


# --- Positions ---

FROM_HREF: Json = {"offset": ABSENT, "href": f"{API}/playlists/playlist1/tracks?limit=100&offset=100"}
POSITIONS = {
    "the page's offset": (page_at("x.json", page(NEW, offset=100)), [100, 101]),
    "the offset before that of the address": (
        page_at("x.json", {**page(NEW, offset=7), "href": FROM_HREF["href"]}),
        [7, 8],
    ),
    "the address where there is no offset": (page_at("x.json", page(NEW, **FROM_HREF)), [100, 101]),
    "0 where nothing tells": (page_at("p.json", page(NEW, **WITHOUT_PLACE)), [0, 1]),
    "running on": (page_at("p.json", *(page(NEW, **WITHOUT_PLACE) for _ in range(3))), [0, 1, 2, 3, 4, 5]),
    "running on behind an offset": (
        page_at(
            "p.json", page(NEW, **{**WITHOUT_PLACE, "offset": 50}), *(page(NEW, **WITHOUT_PLACE) for _ in range(2))
        ),
        [50, 51, 52, 53, 54, 55],
    ),
    "an empty page between": (
        page_at(
            "p.json", page(NEW, **WITHOUT_PLACE), page([], **{**WITHOUT_PLACE, "total": 9}), page(NEW, **WITHOUT_PLACE)
        ),
        [0, 1, 2, 3],
    ),
    "an offset that is none": (page_at("x.json", page(NEW, **{**FROM_HREF, "offset": -5})), [100, 101]),
    "an offset as a text": (page_at("x.json", {**page(NEW), "offset": "3"}), [3, 4]),
    "pages in any order": (page_at("x.json", page(NEW, offset=2), page(NEW, offset=0)), [0, 1, 2, 3]),
}
INTERLEAVED = cases.of(
    Dropped(
        "p.json",
        json_lines([playlist(NEW, playlist_id="q"), page(NEW, **WITHOUT_PLACE), page(OLD, playlist_id="q", offset=2)]),
    )
)


@pytest.mark.parametrize("rule", POSITIONS)
def test_positions(rule: str, found: Transformed) -> None:
    case, positions = POSITIONS[rule]
    assert found.column(case, "playlist_items_data", "position") == positions


def test_positions_run_on_per_playlist(found: Transformed) -> None:
    items = found.items(INTERLEAVED)
    places = [("p", 0), ("p", 1), ("q", 0), ("q", 1), ("q", 2), ("q", 3)]
    assert [(one["playlist_id"], one["position"]) for one in items] == places


# --- Times ---

TIMES = {
    "the envelope": (cases.of(extracted(RUN, NEW)), utc(2026, 8, 3, 6, 0, 2)),
    "the name": (
        cases.of(dropped("x 2023-10-28 20:12:33.123456.json", NEW)),
        utc(2023, 10, 28, 20, 12, 33, 123456),
    ),
    "the file": (
        cases.of(Dropped("x.json", one_line(NEW), MORNING.replace(microsecond=123000))),
        utc(2026, 8, 3, 6, 0, 0, 123000),
    ),
    "an envelope that does not know": (
        cases.of(Dropped("p-20260803T070809Z.jsonl", json_lines([RUN.line(page(NEW), extracted_at=None)]))),
        utc(2026, 8, 3, 7, 8, 9),
    ),
}


@pytest.mark.parametrize("source", TIMES)
def test_when_an_object_was_extracted(source: str, found: Transformed) -> None:
    case, moment = TIMES[source]
    assert set(found.column(case, "playlist_items_data", "extracted_at")) == {moment}
    assert found.column(case, "playlists_data", "extracted_at") == [moment]


# --- Texts ---

TEXT = 'quotes " \\ and / , tab \t newline \n \u2028 \u200f rtl é e\u0301 한글 🌙 {"a": [1]} NULL \x7f'
NAMED = [row(track("a", name=TEXT))]
MISFIT = row(track("b", artists="nobody"))
TEXTS = {
    "escaped": cases.of(Dropped("x.json", json.dumps(page(NAMED)).encode())),
    "plain": cases.of(dropped("x.json", page(NAMED))),
    "envelope": cases.of(extracted(RUN, NAMED)),
    "beside a value that does not fit": cases.of(dropped("x.json", page([*NAMED, MISFIT]))),
    "envelope beside a value that does not fit": cases.of(extracted(RUN, [*NAMED, MISFIT])),
}
HALF_A_PAIR = {
    "envelope": cases.of(Dropped("x.json", json.dumps(RUN.line(page([row(track("a", name="x\ud83d"))]))).encode())),
    "page": cases.of(Dropped("x.json", json.dumps(page([row(track("a", name="x\ud83d"))])).encode())),
}


@pytest.mark.parametrize("form", TEXTS)
def test_names_keep_every_character(form: str, found: Transformed) -> None:
    assert found.column(TEXTS[form], "playlist_items_data", "item_name")[0] == TEXT
    assert found.column(TEXTS[form], "songs_data", "song_name")[0] == TEXT


@pytest.mark.parametrize("form", HALF_A_PAIR)
def test_half_a_surrogate_pair_does_not_cost_the_row(form: str, found: Transformed) -> None:
    assert found.column(HALF_A_PAIR[form], "songs_data", "song_id") == ["a"]
    assert found.column(HALF_A_PAIR[form], "songs_data", "song_name")[0].startswith("x")


def test_nothing_was_refused(found: Transformed) -> None:
    assert found.refused == {}
