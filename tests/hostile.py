"""Hostile input: named cases with what must become of each, and good documents that hypothesis breaks.

A case puts raw JSON in the place of a value, which no `json.dumps` would write, and does so in every framing that the
job reads on a way of its own: the extract's line, a bare page, a playlist object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from load_transform import reasons
from tests.builders import (
    DATE,
    Dropped,
    ExtractRun,
    Json,
    Row,
    album,
    artist,
    json_lines,
    metadata,
    one_line,
    page,
    playlist,
    row,
    track,
)
from tests.strategies import PLAYLISTS, pages, playlists, row_lists

HERE = "@here@"
RUN = ExtractRun()
FRAMINGS = ("line", "page", "playlist")

LONG = "x" * 1_000_000
MANY_KEYS = ",".join(f'"key{number}":{number}' for number in range(20_000))


@dataclass(frozen=True)
class Case:
    """Raw JSON in a place, and what becomes of its object.

    `reason`: it is quarantined for that; else it is loaded, its first row shows `item`, its song `song`, its playlist
    `playlist`, and the report counts the fields `counted`.
    """

    place: str
    raw: str | bytes
    reason: str | None = None
    item: Row = field(default_factory=dict)
    song: Row = field(default_factory=dict)
    playlist: Row = field(default_factory=dict)
    counted: tuple[str, ...] = ()

    @property
    def framings(self) -> tuple[str, ...]:
        return ("line", "playlist") if self.place.startswith("playlist.") else FRAMINGS


def refused(place: str, raw: str | bytes, reason: str) -> Case:
    return Case(place, raw, reason)


def named(raw: str, name: str | None) -> Case:
    return Case("name", raw, item={"item_name": name}, song={"song_name": name})


def misfit(place: str, raw: str, *counted: str, **item: Any) -> Case:
    return Case(place, raw, item=item, counted=counted or (place.rpartition(".")[2],))


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def objects(depth: int) -> str:
    return '{"a":' * depth + "0" + "}" * depth


UNAVAILABLE = {"item_type": "unavailable", "item_id": None, "song_id": None, "item_name": None}

CASES: dict[str, Case] = {
    # characters
    "a lone high surrogate": named(r'"a\ud800b"', "a?b"),
    "a lone low surrogate": named(r'"a\udc00b"', "a?b"),
    "half a pair at the end": named(r'"a\ud83d"', "a?"),
    "a pair the wrong way round": named(r'"\ude00\ud83d"', "??"),
    "a pair": named(r'"\ud83d\ude00"', "😀"),
    "a surrogate in an unknown field": Case("unknown", r'"\ud800"'),
    "a surrogate in a key": Case("unknown", r'1,"\ud800":2'),
    "a NUL": named(r'"a\u0000b"', "a\0b"),
    "a NUL in an id": Case("id", r'"a\u0000b"', item={"item_id": "a\0b", "song_id": "a\0b"}),
    "a NUL in a key": Case("unknown", r'1,"\u0000":2'),
    "a NUL byte in a text": refused("name", b'"a\0b"', reasons.NOT_JSON),
    "a NUL byte between values": refused("name", b'1,\0"x":2', reasons.NOT_JSON),
    "a control byte in a text": refused("name", b'"a\x01b"', reasons.NOT_JSON),
    "a tab in a text": refused("name", b'"a\tb"', reasons.NOT_JSON),
    "a line feed in a text": refused("name", b'"a\nb"', reasons.TRUNCATED),
    "surrogates as bytes": refused("name", b'"\xed\xa0\xbd\xed\xb8\x80"', reasons.NOT_UTF8),
    "a byte that is no UTF-8": refused("name", b'"a\xffb"', reasons.NOT_UTF8),
    "a longer form than UTF-8 allows": refused("name", b'"a\xc0\x80b"', reasons.NOT_UTF8),
    "a replacement character": named('"a\ufffdb"', "a\ufffdb"),
    "a byte order mark in a text": named('"a\ufeffb"', "a\ufeffb"),
    "a byte order mark between values": refused("name", '1,\ufeff"x":2', reasons.NOT_JSON),
    "other ends of a line in a text": named('"a\u2028\u2029\x85b"', "a\u2028\u2029\x85b"),
    "another end of a line between values": refused("name", '1,\u2028"x":2', reasons.NOT_JSON),
    # numbers
    "a number of 100,000 digits": refused("duration_ms", "9" * 100_000, reasons.BEYOND_LIMITS),
    "a number of 1,001 digits": refused("duration_ms", "9" * 1_001, reasons.BEYOND_LIMITS),
    "a number of 1,000 digits": misfit("duration_ms", "9" * 1_000, duration_ms=None),
    "a fraction of 100,000 digits": refused("unknown", "0." + "1" * 100_000, reasons.BEYOND_LIMITS),
    "an unknown number of 100,000 digits": refused("unknown", "9" * 100_000, reasons.BEYOND_LIMITS),
    "a number beyond all doubles": misfit("duration_ms", "1e999999", duration_ms=None),
    "a number below all doubles": misfit("duration_ms", "1e-999999", duration_ms=None),
    "an unknown number beyond all doubles": Case("unknown", "1e999999"),
    "a number beyond 64 bits": misfit("duration_ms", "9223372036854775808", duration_ms=None),
    "a number beyond 32 bits": misfit("popularity", "2147483648"),
    "a whole number as a fraction": misfit("duration_ms", "1.0", duration_ms=None),
    "a negative zero": Case("duration_ms", "-0", item={"duration_ms": 0}),
    "a number as text": Case("duration_ms", '"200040"', item={"duration_ms": 200_040}),
    "a number with a line feed": misfit("duration_ms", r'"5\n"', duration_ms=None),
    "a number with a blank": misfit("duration_ms", '" 5"', duration_ms=None),
    "a number in other digits": misfit("duration_ms", '"٣٤"', duration_ms=None),
    "Infinity as text": misfit("duration_ms", '"Infinity"', duration_ms=None),
    "NaN": refused("duration_ms", "NaN", reasons.NOT_JSON),
    "a leading zero": refused("duration_ms", "007", reasons.NOT_JSON),
    "a number as a name": named("1999", "1999"),
    "a truth as a name": named("true", "true"),
    "an object as a name": named('{"a":[1,null]}', '{"a":[1,null]}'),
    "an array as a name": named('["a"]', '["a"]'),
    "a truth as text": Case("explicit", '"true"', song={"explicit": True}),
    "a truth in capitals": Case("explicit", '"TRUE"', song={"explicit": True}),
    "a truth as a number": Case("explicit", "1", song={"explicit": None}, counted=("explicit",)),
    # moments
    "a moment with a line feed": misfit("row.added_at", r'"2020-01-01T00:00:00Z\n"', added_at=None),
    "a moment as a number": misfit("row.added_at", "1577836800", added_at=None),
    "a moment before the first year": misfit("row.added_at", '"0001-01-01T00:00:00+14:00"', added_at=None),
    "a moment behind the last year": misfit("row.added_at", '"9999-12-31T23:59:59-14:00"', added_at=None),
    "a moment that is none": misfit("row.added_at", '"2020-02-30T25:00:00Z"', added_at=None),
    "a moment with nanoseconds": Case(
        "row.added_at",
        '"9999-12-31T23:59:59.999999999Z"',
        item={"added_at": datetime(9999, 12, 31, 23, 59, 59, 999_999)},  # noqa: DTZ001 - as DuckDB gives it
    ),
    "a date with a line feed": misfit("album.release_date", r'"2020-01-01\n"'),
    "a date as an object": misfit("album.release_date", '{"year":2020}'),
    # other shapes
    "an id as an object": misfit("id", '{"x":1}', item_id=None, item_type="unavailable"),
    "an id as an array": misfit("id", "[1]", item_id=None, item_type="unavailable"),
    "an id as a number": Case("id", "7", item={"item_id": "7", "song_id": "7"}),
    "an album id as an object": misfit("album.id", '{"x":1}', "album_id", item_type="track"),
    "an artist id as an object": misfit("artist.id", '{"x":1}', "artist_id", item_type="track"),
    "who added it as a text": misfit("row.added_by", '"me"', "page", added_by=None),
    "who added it as an object in an id": misfit("row.added_by", '{"id":{}}', "added_by", added_by=None),
    "an album as an array": misfit("album", "[1]", "page", item_album_name=None),
    "an album as an empty text": misfit("album", '""', "page", item_album_name=None),
    "artists as an object": misfit("artists", '{"0":{"id":"x"}}', "page", item_artist_names=[]),
    "artists as a text": misfit("artists", '"me"', "page", item_artist_names=[]),
    "an artist as a text": misfit("artists", '["me",null,5,{"name":"N"}]', "page", item_artist_names=["N"]),
    "an item as a number": misfit("item", "5", "page", **UNAVAILABLE),
    "an item as a text": misfit("item", '""', "page", **UNAVAILABLE),
    "an item as an array": misfit("item", "[{}]", "page", **UNAVAILABLE),
    "a row as an array": misfit("row", "[1]", "page", **UNAVAILABLE),
    "a row as a text": misfit("row", '""', "page", **UNAVAILABLE),
    "a row as null": Case("row", "null", item=UNAVAILABLE),
    "items as an object": refused("items", '{"0":{"item":{}}}', reasons.NO_ROWS),
    "items as a text": refused("items", '"many"', reasons.NO_ROWS),
    "a total as text": Case("page.total", '"2"', playlist={"api_total": 2}),
    "a total as a word": misfit("page.total", '"many"', "page"),
    "an offset below zero": misfit("page.offset", "-5", "page", position=0),
    "an offset beyond all tables": misfit("page.offset", "99999999999999999999", "page", position=0),
    "an owner as a text": misfit("playlist.owner", '"me"', "page"),
    "followers as a word": misfit("playlist.followers", '{"total":"many"}', "page"),
    "public as a number": misfit("playlist.public", "1", "page"),
    "a playlist name as an array": Case("playlist.name", "[1]", playlist={"playlist_name": "[1]"}),
    # the last of equal keys
    "a name twice": named('"first","name":"last"', "last"),
    "a name, then null": named('"first","name":null', None),
    "a name, then an object": named('"first","name":{"a":1}', '{"a":1}'),
    "an object, then a name": named('{"a":1},"name":"last"', "last"),
    "an album twice": Case(
        "album",
        one_line(album("first")) + b',"album":' + one_line(album("last")),
        item={"item_album_name": "Album last"},
        song={"album_id": "last"},
    ),
    "an album, then null": Case(
        "album", one_line(album()) + b',"album":null', item={"item_album_name": None}, song={"album_id": None}
    ),
    "an album, then a text": misfit("album", one_line(album()).decode() + ',"album":"x"', "page", item_album_name=None),
    "an item twice": Case(
        "item", b'{"id":"first"},"item":' + one_line(track("last item")), item={"item_id": "last item"}
    ),
    "an item, then null": Case("item", b'{"id":"x"},"item":null', item=UNAVAILABLE),
    "a number that does not fit, then one that does": Case(
        "duration_ms", '"x","duration_ms":7', item={"duration_ms": 7}
    ),
    "items twice": Case(
        "items", b'[],"items":' + one_line([row(track("last items")), None]), item={"item_id": "last items"}
    ),
    "items, then none": refused("items", b'[{"item":{}}],"items":null', reasons.NO_ROWS),
    # sizes
    "a name of a million characters": named(json.dumps(LONG), LONG),
    "an id of a million characters": Case("id", json.dumps(LONG), item={"song_id": LONG}),
    "a long link": Case("url", json.dumps(LONG[:100_000]), song={"url": LONG[:100_000]}),
    "an artist of a million characters": Case("artist.name", json.dumps(LONG), item={"item_artist_names": [LONG]}),
    "a playlist of a million characters": Case("playlist.name", json.dumps(LONG), playlist={"playlist_name": LONG}),
    "a long moment": misfit("row.added_at", json.dumps(LONG[:100_000]), added_at=None),
    "a long number as text": misfit("duration_ms", f'"{"9" * 100_000}"', duration_ms=None),
    "a long unknown text": Case("unknown", json.dumps(LONG)),
    "a key of 50,000 characters": Case("unknown", f'1,"{LONG[:50_000]}":2'),
    "20,000 unknown keys": Case("unknown", f"1,{MANY_KEYS}"),
    "odd keys": Case("unknown", r'1,"":1,"__proto__":{"id":1},"a.b":2,"a`b":3,"$":4,"\"":5,"\n":6,"' + '\u202e":7'),
    # depth
    "900 arrays as a name": named(nested(900), nested(900)),
    "900 unknown arrays": Case("unknown", nested(900)),
    "900 unknown objects": Case("unknown", objects(900)),
    "900 arrays as an item": misfit("item", nested(900), "page", **UNAVAILABLE),
    "1,000 arrays as a name": refused("name", nested(1_000), reasons.BEYOND_LIMITS),
    "1,000 unknown arrays": refused("unknown", nested(1_000), reasons.BEYOND_LIMITS),
    "1,000 unknown objects": refused("unknown", objects(1_000), reasons.BEYOND_LIMITS),
    "1,000 arrays as a row": refused("row", nested(1_000), reasons.BEYOND_LIMITS),
    "100,000 unknown objects": refused("unknown", objects(100_000), reasons.BEYOND_LIMITS),
    "100,000 arrays that do not end": refused("unknown", "[" * 100_000, reasons.NOT_JSON),
}


def text_of(case: Case, framing: str, name: str) -> bytes:
    """A document with the raw JSON of the case in its place, of two rows: the case's and a good one."""
    raw = case.raw if isinstance(case.raw, bytes) else case.raw.encode()
    document = one_line(_document(case.place, framing, name))
    assert document.count(one_line(HERE)) == 1, case
    return document.replace(one_line(HERE), raw)


def _document(place: str, framing: str, name: str) -> Json:
    holder, _, key = place.rpartition(".")
    at: dict[str, Json] = {
        "": {},
        "row": {},
        "album": {},
        "artist": {},
        "page": {},
        "playlist": {},
        holder: {key: HERE},
    }
    inner: Any = track(name, artists=[artist(**at["artist"])], album=album(**at["album"]))
    rows: Any = [row(inner, **at["row"]), row(track(f"{name} beside"))]
    if place == "item":
        rows[0] = row(HERE)
    elif place == "row":
        rows[0] = HERE
    elif place == "url":
        inner["external_urls"] = {"spotify": HERE}
    elif place == "unknown":
        inner["unknown_field"] = HERE
    elif not holder:
        inner[key] = HERE
    body = {"items": HERE} if place == "items" else {}
    own = page(rows, playlist_id=name, **{"total": 2, **at["page"], **body})
    if framing == "page":
        return own
    if framing == "line":
        return RUN.line(own, {**metadata(name), **at["playlist"]})
    return playlist([], playlist_id=name, **{**at["playlist"], "items": own})


def playlist_id(name: str, framing: str) -> str:
    return f"{name} - {framing}".replace("/", " ")


def named_cases() -> Iterator[tuple[str, str, Case, Dropped]]:
    """Every case in every framing: its name, its framing, itself and the object."""
    for name, case in CASES.items():
        for framing in case.framings:
            its_id = playlist_id(name, framing)
            suffix = "jsonl" if framing == "line" else "json"
            content = text_of(case, framing, its_id)
            yield name, framing, case, Dropped(f"extract_date={DATE}/{its_id}.{suffix}", content)


_GOOD = one_line(page([row(track("good"))], playlist_id="whole"))
_LINE = RUN.line(page([row(track("good"))], playlist_id="whole", total=1), metadata("whole"))


def _also(line: Json, more: str) -> bytes:
    return one_line(line)[:-1] + more.encode() + b"}"


def _dropping(document: Mapping[str, Any], **changes: Any) -> bytes:
    return one_line({**document, **changes})


MARKER = RUN.marker(("never", "missing", "forbidden"))

WHOLE: dict[str, tuple[bytes, str | None]] = {
    # blanks and marks around a document
    "a mark in front": (b"\xef\xbb\xbf" + _GOOD, None),
    "two marks in front": (b"\xef\xbb\xbf\xef\xbb\xbf" + _GOOD, reasons.NOT_JSON),
    "a mark behind": (_GOOD + b"\xef\xbb\xbf", reasons.SEVERAL_DOCUMENTS),
    "a mark on the second line": (_GOOD + b"\n\xef\xbb\xbf" + _GOOD, reasons.NOT_JSON),
    "a blank that JSON has not": ("\u00a0".encode() + _GOOD, reasons.NOT_JSON),
    "a form feed in front": (b"\x0c" + _GOOD, reasons.NOT_JSON),
    "a vertical tab behind": (_GOOD + b"\x0b", reasons.SEVERAL_DOCUMENTS),
    "a NUL behind": (_GOOD + b"\0", reasons.SEVERAL_DOCUMENTS),
    "carriage returns between values": (_GOOD.replace(b",", b",\r"), None),
    "a line feed and a million blanks": (_GOOD + b"\n" + b" " * 1_000_000, None),
    "a million line feeds": (b"\n" * 1_000_000, reasons.EMPTY_FILE),
    "a million line feeds before a document": (b"\n" * 1_000_000 + _GOOD, None),
    "blank lines between documents": (_GOOD + b"\n" + b" \r\n" * 300_000 + _GOOD, None),
    "two documents and a million braces": (_GOOD + b"} " * 500_000, reasons.SEVERAL_DOCUMENTS),
    # depth and size at the top
    "900 arrays": (nested(900).encode(), reasons.NO_ROWS),
    "1,000 arrays": (nested(1_000).encode(), reasons.BEYOND_LIMITS),
    "100,000 objects": (objects(100_000).encode(), reasons.BEYOND_LIMITS),
    "a million brackets": (b"[" * 1_000_000, reasons.TRUNCATED),
    "a second line too deep": (_GOOD + b"\n" + objects(1_000).encode(), reasons.BEYOND_LIMITS),
    "a pretty document too deep": (b'{\n"a":\n' + nested(1_000).encode() + b"\n}", reasons.BEYOND_LIMITS),
    "a text that could close the check": (b'{}],"x":[{}', reasons.SEVERAL_DOCUMENTS),
    "a text that could go on with the check": (b'{},"x":{}', reasons.SEVERAL_DOCUMENTS),
    "a million characters that are not JSON": (LONG.encode(), reasons.NOT_JSON),
    "a million characters in braces": (b"{" + LONG.encode() + b"}", reasons.NOT_JSON),
    # the extract's line
    "a version as text": (_dropping(_LINE, schema_version="1"), None),
    "a version as a fraction": (_dropping(_LINE, schema_version=1.0), reasons.NEWER_SCHEMA),
    "a version as an object": (_dropping(_LINE, schema_version={}), reasons.NEWER_SCHEMA),
    "a version, then a newer one": (_also(_LINE, ',"schema_version":2'), reasons.NEWER_SCHEMA),
    "a newer version, then ours": (_also({**_LINE, "schema_version": 2}, ',"schema_version":1'), None),
    "a page, then none": (_also(_LINE, ',"page":null'), reasons.NO_ROWS),
    "a page, then a shorter one": (_also(_LINE, ',"page":{"items":[],"total":1}'), reasons.PAGE_MISSING),
    "a time that is none": (_dropping(_LINE, extracted_at="soon"), None),
    "a time as an object": (_dropping(_LINE, extracted_at={"a": 1}), None),
    "a run_id as an object": (_dropping(_LINE, run_id={"a": 1}), None),
    "a playlist as a text": (_dropping(_LINE, playlist="x"), None),
    "a page that says that it is a run": (_dropping(_LINE, kind="run", playlists=[]), None),
    "a page that says that it is a run of nothing": (_dropping(_LINE, kind="run"), None),
    # the run's marker
    "a marker of an object": (_dropping(MARKER, playlists={"a": 1}), reasons.NO_ROWS),
    "a marker of a text": (_dropping(MARKER, playlists="x"), reasons.NO_ROWS),
    "a marker of odd elements": (_dropping(MARKER, playlists=[1, None, "x", [], {}, {"outcome": "missing"}]), None),
    "a marker of an odd kind": (_dropping(MARKER, kind={"run": 1}), reasons.NO_ROWS),
}


def whole_objects() -> Iterator[tuple[str, Dropped]]:
    """Every whole object, each on a date of its own, since all hold the same playlist."""
    for number, (name, (content, _)) in enumerate(WHOLE.items()):
        day = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number)
        yield name, Dropped(f"extract_date={day:%Y-%m-%d}/{name}.json", content)


# --- Good documents that are broken ---


@dataclass(frozen=True)
class Verbatim:
    """JSON that no Python value stands for."""

    text: str


@dataclass(frozen=True)
class Twice:
    """The values of a key that an object has twice."""

    first: Any
    last: Any


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 2**31, 2**63, 1.5, "", " ", "x", "7", "true", "null", "{", "[1]", '{"id":1}'),
    *([], {}, [None], [[]], [{}], {"id": None}, {"id": {}}, {"items": []}, {"item": None}, [{"item": {"id": "z"}}]),
    *("2020-02-30T00:00:00Z", "2020-01-01T00:00:00Z\n", "2021", "0000-01-01", "spotify:local:x", "episode", "a\0b"),
    *("😀\u2028\ufeff", "\x7f\x85", "/playlists/other/items?offset=3", "x" * 5_000),
    *(
        Verbatim(text)
        for text in (r'"\ud800"', r'"a\udfffb"', r'"\ud83d\ude00"', "-0", "1E2", "9" * 1_000, nested(150))
    ),
    *(Verbatim(text) for text in ("9" * 1_001, nested(1_000), "NaN", "01", "'x'", '"\t"', "", "1 2")),
)
KEYS = ("", "__proto__", "id", "items", "item", "track", "type", "total", "schema_version", "kind", "a.b", "\0", "ключ")
BYTES = (b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\n", b"\r", "\u2028".encode(), b"}", b'"', b",", b"\\")


def dump(value: Any) -> str:
    """JSON of a document that may hold `Verbatim` and `Twice`."""
    if isinstance(value, Verbatim):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(_pair(key, one) for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _pair(key: str, value: Any) -> str:
    both = (value.first, value.last) if isinstance(value, Twice) else (value,)
    return ",".join(f"{json.dumps(key, ensure_ascii=False)}:{dump(one)}" for one in both)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from _places(one, (*path, key))


def _changed_at(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """Return a copy in which `change` was called with the container at the path's end, and the key."""
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        change(copy, path[0])
    else:
        copy[path[0]] = _changed_at(value[path[0]], path[1:], change)
    return copy


@st.composite
def broken(draw: st.DrawFn, document: Any) -> Any:
    """The document with one thing wrong."""
    places = list(_places(document))
    if not places:
        return document
    path = draw(st.sampled_from(places))
    value = draw(st.sampled_from(VALUES))
    new_key = draw(st.sampled_from(KEYS))

    def replace(container: Any, key: Any) -> None:
        container[key] = value

    def wrap(container: Any, key: Any) -> None:
        container[key] = [container[key]] if draw(st.booleans()) else {new_key: container[key]}

    def drop(container: Any, key: Any) -> None:
        del container[key]

    def twice(container: Any, key: Any) -> None:
        if isinstance(container, dict):
            first, last = (container[key], value) if draw(st.booleans()) else (value, container[key])
            container[key] = Twice(first, last)

    def insert(container: Any, key: Any) -> None:
        if isinstance(container, dict):
            container.setdefault(new_key, value)
        else:
            container.insert(key, value)

    change = draw(st.sampled_from((replace, replace, wrap, drop, twice, insert)))
    return _changed_at(document, path, change)


@st.composite
def hostile_texts(draw: st.DrawFn) -> bytes:
    """A good document, or the extract's lines, with up to three things wrong in it, and now and then a byte."""
    kind = draw(st.sampled_from(("lines", "lines", "page", "playlist", "rows")))
    if kind == "lines":
        items = draw(row_lists(most=3, shape="item"))
        documents: list[Any] = RUN.lines(items, playlist_id=draw(st.sampled_from(PLAYLISTS)), size=2)
    else:
        shapes: dict[str, st.SearchStrategy[Any]] = {"page": pages(), "playlist": playlists(), "rows": row_lists()}
        documents = [draw(shapes[kind])]
    which = draw(st.integers(0, len(documents) - 1))
    for _ in range(draw(st.integers(1, 3))):
        documents[which] = draw(broken(documents[which]))
    text = "\n".join(map(dump, documents)).encode()
    fault = draw(st.integers(0, 9))
    where = draw(st.integers(0, len(text)))
    if fault == 0:
        return text[:where]
    if fault == 1:
        return text[:where] + draw(st.sampled_from(BYTES)) + text[where:]
    return text


@st.composite
def hostile_days(draw: st.DrawFn, day: datetime) -> list[Dropped]:
    """Objects of one date: some broken, the extract's own a good one beside them."""
    names = ("playlist1.json", "x.jsonl", f"dump {day:%Y-%m-%d}.json")
    found = [
        Dropped(f"extract_date={day:%Y-%m-%d}/{name}", draw(hostile_texts()), day)
        for name in draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    ]
    run = ExtractRun(day + timedelta(hours=6))
    good = json_lines(run.lines([row(track("good"))], playlist_id="good"))
    return [*found, Dropped(run.object_name("good"), good)]


class HostileLake:
    """Objects of many dates that one run of the job takes at once. What fails is shown by date."""

    def __init__(self, by_day: list[list[Dropped]]) -> None:
        self.objects = [one for day in by_day for one in day]

    def __repr__(self) -> str:
        return f"{len(self.objects)} objects"

    def of(self, date: str) -> str:
        return self.shown({one.name for one in self.objects if f"={date}/" in one.name})

    def shown(self, names: set[str]) -> str:
        """The objects of these names, texts of thousands of characters cut."""
        found = (f"{one.name}\n{one.content[:6_000]!r}" for one in self.objects if one.name in names)
        return "\n".join(found)


@st.composite
def hostile_lakes(draw: st.DrawFn, number_of_days: int) -> HostileLake:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    return HostileLake([draw(hostile_days(first + timedelta(days=number))) for number in range(number_of_days)])
