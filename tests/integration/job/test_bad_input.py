"""What cannot be read: the whole object in quarantine, byte for byte, with its reason, and the rest loaded."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from load_transform import reasons
from tests.builders import (
    ABSENT,
    API,
    DATE,
    MORNING,
    Dropped,
    ExtractRun,
    Json,
    Lake,
    album,
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
)

RUN = ExtractRun()
GOOD_LINE, GOOD_PAGE = RUN.line(page(rows("good"))), page(rows("good"))
HTML = b"<!DOCTYPE html>\n<html>\n<body>504 Gateway Time-out</body>\n</html>\n"
PAGES = RUN.lines(rows("a", "b", "c"), size=2)


def paging_of(*playlists: Json, href: str = f"{API}/me/playlists?offset=0&limit=50") -> Json:
    return {"href": href, "items": list(playlists), "limit": 50, "next": None, "offset": 0, "total": len(playlists)}


def without_rows(playlist_id: str) -> Json:
    return metadata(playlist_id, items={"href": f"{API}/playlists/{playlist_id}/items", "total": 3})


def search_answer(*tracks: Any) -> Json:
    return {
        "tracks": {"href": f"{API}/search?q=x&offset=0", "items": list(tracks), "limit": 20, "offset": 0, "total": 1}
    }


CONTENTS: dict[str, tuple[bytes, str]] = {
    # not JSON
    "truncated.json": (one_line(GOOD_PAGE)[:-20], reasons.TRUNCATED),
    "truncated in a text.json": (b'{"items":[{"track":{"name":"Hal', reasons.TRUNCATED),
    "truncated over lines.json": (pretty(GOOD_PAGE)[:300], reasons.TRUNCATED),
    "truncated before its last brackets.json": (b'{"items":[{"track":{"id":"a"}}', reasons.NOT_JSON),
    "one bracket too many.json": (one_line(GOOD_PAGE) + b"}", reasons.SEVERAL_DOCUMENTS),
    "text.json": (b"no JSON at all", reasons.NOT_JSON),
    "page.json": (HTML, reasons.NOT_JSON),
    "single quotes.json": (b"{'items': [{'track': {'id': 'a'}}]}", reasons.NOT_JSON),
    "a number that JSON has not.json": (b'{"items":[{"track":{"id":"a","duration_ms":NaN}}]}', reasons.NOT_JSON),
    "an unquoted name.json": (b'{items:[{"track":{"id":"a"}}]}', reasons.NOT_JSON),
    "a comment.json": (b'{"items":[{"track":{"id":"a"}}]} // done', reasons.SEVERAL_DOCUMENTS),
    "a trailing comma.json": (b'{"items":[{"track":{"id":"a"}},]}', reasons.NOT_JSON),
    "blanks.json": (b" \n\t\r\n ", reasons.EMPTY_FILE),
    "nothing.json": (b"", reasons.EMPTY_FILE),
    "only a mark.json": (b"\xef\xbb\xbf", reasons.EMPTY_FILE),
    "gzip.json": (gzip.compress(one_line(GOOD_PAGE), mtime=0), reasons.GZIP),
    "gzip.jsonl": (gzip.compress(json_lines(PAGES), mtime=0), reasons.GZIP),
    "latin1.json": ('{"items":[{"track":{"id":"a","name":"Köln"}}]}'.encode("latin-1"), reasons.NOT_UTF8),
    "utf16.json": (json.dumps(GOOD_PAGE).encode("utf-16"), reasons.NOT_UTF8),
    # several documents
    "two on a line.json": (one_line(GOOD_PAGE) + one_line(GOOD_PAGE), reasons.SEVERAL_DOCUMENTS),
    "two with a blank.jsonl": (one_line(GOOD_PAGE) + b" " + one_line(GOOD_PAGE) + b"\n", reasons.SEVERAL_DOCUMENTS),
    "two with a comma.json": (one_line(GOOD_PAGE) + b"," + one_line(GOOD_PAGE), reasons.SEVERAL_DOCUMENTS),
    "two arrays.json": (b'[{"track":{"id":"a"}}][{"track":{"id":"b"}}]', reasons.SEVERAL_DOCUMENTS),
    "two on the second line.jsonl": (json_lines([GOOD_LINE]) + 2 * one_line(GOOD_LINE), reasons.SEVERAL_DOCUMENTS),
    # one bad line spoils its object
    "a bad line.jsonl": (json_lines([GOOD_PAGE]) + b"oops\n" + json_lines([GOOD_PAGE]), reasons.NOT_JSON),
    "a cut last line.jsonl": (json_lines(PAGES)[:-9], reasons.TRUNCATED),
    "a line without rows.jsonl": (json_lines([GOOD_PAGE, {"a": 1}]), reasons.NO_ROWS),
    "an error as a line.jsonl": (json_lines([GOOD_PAGE, {"error": {"status": 429}}]), reasons.API_ERROR),
    "a line from the future.jsonl": (json_lines([GOOD_LINE, {**GOOD_LINE, "schema_version": 2}]), reasons.NEWER_SCHEMA),
    # the API said something else
    "error.json": (one_line({"error": {"status": 404, "message": "Resource not found"}}), reasons.API_ERROR),
    "error over lines.json": (pretty({"error": {"status": 401, "message": "Token expired"}}), reasons.API_ERROR),
    "auth error.json": (b'{"error":"invalid_client","error_description":"Invalid client"}', reasons.API_ERROR),
    "my playlists.json": (one_line(paging_of(without_rows("p"), without_rows("q"))), reasons.NO_ROWS),
    "no playlists.json": (one_line(paging_of()), reasons.NO_ROWS),
    "no playlists of another.json": (one_line(paging_of(href=f"{API}/users/u/playlists?offset=0")), reasons.NO_ROWS),
    "metadata only.json": (one_line(metadata()), reasons.NO_ROWS),
    "a playlist of others.json": (one_line(without_rows("p")), reasons.NO_ROWS),
    "a track.json": (one_line(track("a")), reasons.NO_ROWS),
    "tracks with a boolean named track.json": (one_line([track("a"), track("b")]), reasons.NO_ROWS),
    "search.json": (one_line(search_answer(track("a"))), reasons.NO_ROWS),
    "an album.json": (one_line({**album(), "tracks": {"items": [track("a")], "total": 1}}), reasons.NO_ROWS),
    "liked songs as booleans.json": (b'{"items":[{"track":true},{"item":"x"}]}', reasons.NO_ROWS),
    # JSON, but of something else
    "null.json": (b"null", reasons.NO_ROWS),
    "number.json": (b"5", reasons.NO_ROWS),
    "word.json": (b'"items"', reasons.NO_ROWS),
    "JSON in a text.json": (json.dumps(json.dumps(GOOD_PAGE)).encode(), reasons.NO_ROWS),
    "empty object.json": (b"{}", reasons.NO_ROWS),
    "empty array.json": (b"[]", reasons.NO_ROWS),
    "numbers.json": (b"[1,2,3]", reasons.NO_ROWS),
    "a list with a stranger.json": (one_line([playlist(rows("a")), {"name": "x"}]), reasons.NO_ROWS),
    "items as a text.json": (b'{"items":"many","total":4}', reasons.NO_ROWS),
    # the envelope
    "newer.jsonl": (json_lines([{**GOOD_LINE, "schema_version": 2}]), reasons.NEWER_SCHEMA),
    "much newer.json": (b'{"schema_version":17,"anything":{"else":[]}}', reasons.NEWER_SCHEMA),
    "a page missing.jsonl": (json_lines(PAGES[:1]), reasons.PAGE_MISSING),
    "an envelope without a page.jsonl": (json_lines([{**GOOD_LINE, "page": None}]), reasons.NO_ROWS),
    "a page without items.jsonl": (json_lines([RUN.line(page([], items=ABSENT))]), reasons.NO_ROWS),
}
NAMES: dict[str, str] = {
    "_x.json": reasons.HIDDEN_NAME,
    ".x.json": reasons.HIDDEN_NAME,
    "x.json._COPYING_": reasons.HIDDEN_NAME,
    "_hidden/x.json": reasons.HIDDEN_NAME,
    "a/.hidden/b/x.json": reasons.HIDDEN_NAME,
    "x.csv": reasons.UNSUPPORTED_NAME,
    "x.JSON": reasons.UNSUPPORTED_NAME,
    "x.json.gz": reasons.UNSUPPORTED_NAME,
    "no suffix": reasons.UNSUPPORTED_NAME,
    f"extract_date={DATE}/x.txt": reasons.UNSUPPORTED_NAME,
}
BAD = [
    *(Dropped(name, content) for name, (content, _) in CONTENTS.items()),
    *(dropped(name, GOOD_PAGE) for name in NAMES),
]
CODES = {**{name: code for name, (_, code) in CONTENTS.items()}, **NAMES}
GOOD = [
    extracted(RUN, rows("a", "b")),
    dropped("empty playlist.json", playlist([], playlist_id="empty")),
    dropped("only nulls.json", {"items": [row(None)]}),
    dropped("with a mark.json", b"\xef\xbb\xbf" + pretty(playlist(rows("c"), playlist_id="marked"))),
]


@pytest.fixture(scope="module")
def done(module_lake: Lake) -> Json:
    return module_lake.take(*GOOD, *BAD)


@pytest.mark.parametrize("name", CODES)
def test_it_is_quarantined_for_the_right_reason(name: str, module_lake: Lake, done: Json) -> None:
    assert module_lake.reason_codes().get(name) == CODES[name]


def test_quarantine_holds_every_byte(module_lake: Lake, done: Json) -> None:
    assert module_lake.quarantined() == {one.name: one.content for one in BAD}


def test_the_reason_is_told_beside_the_object_and_in_the_summary(module_lake: Lake, done: Json) -> None:
    assert module_lake.reasons()["a bad line.jsonl"] == {
        "object": "raw_data/to_be_processed/a bad line.jsonl",
        "reason": reasons.NOT_JSON,
        "message": f"Line 2 of 3: {reasons.SENTENCES[reasons.NOT_JSON]}",
        "bytes": len(CONTENTS["a bad line.jsonl"][0]),
        "quarantined_at": "2026-11-23T07:00:00Z",
        "load_id": done["load_id"],
    }
    told = {one["object"].removeprefix("raw_data/to_be_processed/"): one for one in done["quarantined"]}
    assert {name: one["reason"] for name, one in told.items()} == CODES
    assert all((module_lake.raw / one["moved_to"]).is_file() for one in told.values())


def test_the_rest_is_loaded(module_lake: Lake, done: Json) -> None:
    assert module_lake.pending() == {}
    assert len(module_lake.processed()) == len(GOOD)
    assert [(one["playlist_id"], one["item_count"]) for one in module_lake.table("playlists_data")] == [
        ("empty", 0),
        ("marked", 1),
        ("only nulls", 1),
        ("playlist1", 2),
    ]
    assert module_lake.column("songs_data", "song_id") == ["a", "b", "c"]


def test_the_report_counts_what_was_refused(module_lake: Lake, done: Json) -> None:
    assert module_lake.reports()[-1]["objects_quarantined"] == len(BAD)
    assert {one["reason"] for one in module_lake.details()[-1]["quarantined"]} == set(CODES.values())


def test_only_bad_input_changes_no_table(lake: Lake) -> None:
    done = lake.take(Dropped(f"extract_date={DATE}/x.json", b"?"))

    assert done["dates"] == []
    assert lake.tables() == {name: [] for name in lake.tables()}
    assert [(line["rebuilt"], line["objects_quarantined"]) for line in lake.reports()] == [(False, 1)]
    assert lake.leftovers() == set()


def test_the_same_bad_file_again_is_one_in_quarantine(lake: Lake) -> None:
    bad = Dropped("x.json", b"?")
    lake.take(bad)
    done = lake.take(bad)

    assert lake.pending() == {}
    assert lake.quarantined() == {"x.json": b"?"}
    assert [one["reason"] for one in done["quarantined"]] == [reasons.NOT_JSON]


def test_another_bad_file_of_the_same_name_and_time_stays_beside_the_first(lake: Lake) -> None:
    lake.take(Dropped("x.json", b"?", MORNING))
    done = lake.take(Dropped("x.json", b"!", MORNING))

    assert lake.pending() == {}
    assert lake.everything_raw() == [b"!", b"?"]
    assert (lake.raw / done["quarantined"][0]["moved_to"]).read_bytes() == b"!"
