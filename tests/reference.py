"""A second reading of the data contract (its chapters on the raw zone, on which rows count, on the curated zone).

Plain Python over plain JSON, one object after the other, written from the contract's text and not from the job: where
the two differ, one of them has read it wrongly. It is slow and knows nothing of S3, Spark or crashes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from tests.builders import Dropped

Row = dict[str, Any]
Age = tuple[int, datetime, str, str]

_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s?(Z|[+-]\d\d:?\d\d)?"
_STAMP = re.compile(
    r"(?<![0-9A-Za-z])(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T _-](\d\d)[:._-]?(\d\d)(?:[:._-]?(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?(?![0-9A-Za-z])"
)


# What the contract lets a document hold.
DEEPEST, LONGEST_NUMBER, LONGEST_TEXT = 1_000, 1_000, 20_000_000
LAST_OFFSET = 2_000_000_000
_BLANKS = " \t\r\n\x0b\x0c"


class RefusedError(ValueError):
    """The object is not read."""


@dataclass
class Page:
    """A page of a playlist, whatever document it came in."""

    rows: list[Any]
    href: str | None = None
    offset: Any = None
    total: int | None = None
    playlist: Row | None = None
    is_envelope: bool = False
    run: Row = field(default_factory=dict)
    playlist_id: str = ""
    start: int = 0


@dataclass
class Extraction:
    """What one object says of one playlist, and how old it is."""

    date: str
    playlist_id: str
    age: Age
    pages: list[Page]

    @property
    def is_complete(self) -> bool:
        return any(
            page.is_envelope or (page.playlist is not None and page.start == 0 and page.total == len(page.rows))
            for page in self.pages
        )


@dataclass
class Reading:
    """What the contract makes of a lake: the rows of every dataset, the rows read and superseded, what is refused."""

    tables: dict[str, list[Row]]
    rows_in: dict[str, int]
    rows_superseded: dict[str, int]
    refused: set[str]


def read(objects: Iterable[Dropped]) -> Reading:
    refused = set()
    extractions: list[Extraction] = []
    missing: list[Row] = []
    seen: dict[tuple[Any, ...], Age] = {}
    for one in sorted(objects, key=lambda one: one.modified):
        try:
            documents = _documents(one)
            pages, outcomes, said = _content(documents)
        except ValueError:
            refused.add(one.name)
            continue
        rank, moment = _time(one, said)
        date_ = _folder_date(one.name) or moment.date().isoformat()
        age = (rank, moment, _own_part(one.name), hashlib.sha256(one.content).hexdigest())
        same = (date_, age if rank else age[2:])
        if same in seen:
            continue
        seen[same] = age
        extractions += _extractions(one, date_, age, pages)
        missing += [{"extract_date": date_, "age": age, **outcome} for outcome in outcomes]
    return _tables(extractions, missing, refused)


# --- Objects ---


def _documents(one: Dropped) -> list[Any]:
    parts = one.name.split("/")
    if any(part.startswith(("_", ".")) for part in parts) or not one.name.endswith((".json", ".jsonl")):
        raise RefusedError
    text = one.content.decode("utf-8").removeprefix("\ufeff")
    if not text.strip(_BLANKS):
        raise RefusedError
    try:
        return [_json(text)]
    except RefusedError:
        lines = [line for line in text.split("\n") if line.strip(_BLANKS)]
        if len(lines) == 1:
            raise
        return [_json(line) for line in lines]


def _json(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise RefusedError(constant)

    def number(digits: str, kind: Callable[[str], Any]) -> Any:
        return kind(digits) if len(digits.strip("+-")) <= LONGEST_NUMBER else refuse(digits)

    try:
        found = json.loads(
            text,
            parse_constant=refuse,
            parse_int=lambda digits: number(digits, int),
            parse_float=lambda digits: number(digits, float),
        )
    except (ValueError, RecursionError) as error:
        raise RefusedError from error
    if _exceeds_limits(found):
        raise RefusedError
    return found


def _exceeds_limits(value: Any) -> bool:
    depth, level = 0, [value]
    while level:
        depth += any(isinstance(one, dict | list) for one in level)
        if depth >= DEEPEST or any(isinstance(one, str) and len(one) > LONGEST_TEXT for one in level):
            return True
        level = [inner for one in level for inner in _within(one)]
    return False


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _content(documents: Sequence[Any]) -> tuple[list[Page], list[Row], str | None]:
    """Return the pages, what a marker says is missing, and the envelopes' extracted_at."""
    pages: list[Page] = []
    outcomes: list[Row] = []
    said = [_text(one.get("extracted_at")) for one in documents if _is_line(one)]
    for document in documents:
        if not _is_line(document):
            pages += _foreign_pages(document)
            continue
        if _integer(document["schema_version"], 32) != 1:
            raise RefusedError
        body = document.get("page")
        holds_rows = isinstance(body, dict) and isinstance(body.get("items"), list)
        if document.get("kind") == "run" and isinstance(document.get("playlists"), list) and not holds_rows:
            said_of = [one for one in document["playlists"] if isinstance(one, dict)]
            lost = [one for one in said_of if one.get("outcome") == "missing" and one.get("playlist_id") is not None]
            known = [{name: _text(one.get(name)) for name in ("playlist_id", "reason")} for one in lost]
            outcomes += [{**one, "run_id": _text(document.get("run_id"))} for one in known]
            continue
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise RefusedError
        playlist = document.get("playlist")
        pages.append(_page(body["items"], body, playlist if isinstance(playlist, dict) else None, run=document))
    totals: dict[str | None, int] = defaultdict(int)
    envelopes = [(_text((page.playlist or {}).get("id")), page) for page in pages if page.is_envelope]
    for owner, page in envelopes:
        totals[owner] += len(page.rows)
    if any(totals[owner] < (page.total or 0) for owner, page in envelopes):
        raise RefusedError
    return pages, outcomes, max((one for one in said if one is not None), default=None)


def _is_line(document: Any) -> bool:
    return isinstance(document, dict) and document.get("schema_version") is not None


def _foreign_pages(document: Any) -> list[Page]:
    if isinstance(document, list) and document and not any(_is_row(one) for one in document):
        return [_foreign_page(part) for part in document]
    return [_foreign_page(document)]


def _foreign_page(part: Any) -> Page:
    if isinstance(part, list):
        page = _page(part, {})
    elif isinstance(part, dict) and isinstance(part.get("items"), list):
        page = _page(part["items"], part)
    elif isinstance(part, dict):
        body = part["items"] if isinstance(part.get("items"), dict) else part.get("tracks")
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise RefusedError
        page = _page(body["items"], body, playlist=part)
    else:
        raise RefusedError
    paging = part if isinstance(part, dict) else {}
    is_paging = page.playlist is not None or any(paging.get(name) is not None for name in ("total", "offset", "limit"))
    if not any(_is_row(one) for one in page.rows) and (page.rows or not is_paging):
        raise RefusedError
    if not page.rows and re.search(r"/(?:me|users/[^/]+)/playlists(?:\?|$)", _text(page.href) or ""):
        raise RefusedError
    return page


def _page(rows: list[Any], body: Row, playlist: Row | None = None, run: Row | None = None) -> Page:
    total = _integer(body.get("total"), 32)
    return Page(rows, body.get("href"), body.get("offset"), total, playlist, is_envelope=run is not None, run=run or {})


def _is_row(element: Any) -> bool:
    if not isinstance(element, dict):
        return False
    return any(name in element and isinstance(element[name], dict | None) for name in ("item", "track"))


def _time(one: Dropped, said: str | None) -> tuple[int, datetime]:
    try:
        moment = datetime.fromisoformat(said or "")
        return 1, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    stamp = _stamp(one.name.rpartition("/")[2])
    return (1, stamp[0]) if stamp else (0, one.modified)


def _stamp(name: str) -> tuple[datetime, re.Match[str]] | None:
    for match in _STAMP.finditer(name):
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}.{(fraction or '0').ljust(6, '0')[:6]}"
        try:
            moment = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{zone or 'Z'}")
        except ValueError:
            continue
        return moment.astimezone(UTC), match
    return None


def _stem(name: str) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0]
    found = _stamp(stem)
    if not found:
        return stem
    start, end = found[1].span()
    parts = [part for part in (stem[:start].rstrip(" _-."), stem[end:].lstrip(" _-.")) if part]
    return "_".join(parts) or stem


def _folder_date(name: str) -> str | None:
    return next(
        (part[13:] for part in name.split("/")[:-1] if re.fullmatch(r"extract_date=\d{4}-\d\d-\d\d", part)), None
    )


def _own_part(name: str) -> str:
    return "/".join(part for part in name.split("/") if not part.startswith("extract_date="))


# --- Which rows count ---


def _extractions(one: Dropped, date_: str, age: Age, pages: list[Page]) -> list[Extraction]:
    by_playlist: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        owner = page.playlist or {}
        hrefs = [re.search(r"/playlists/([^/?#]+)", _text(href) or "") for href in (page.href, owner.get("href"))]
        in_hrefs = (_id(found[1]) for found in hrefs if found)
        page.playlist_id = _id(owner.get("id")) or next(filter(None, in_hrefs), None) or _stem(one.name)
        in_href = re.search(r"[?&]offset=([0-9]{1,9})(?:&|\Z)", _text(page.href) or "")
        before = by_playlist[page.playlist_id]
        stated = _integer(page.offset, 32)
        if stated is not None and 0 <= stated <= LAST_OFFSET:
            page.start = stated
        elif in_href:
            page.start = int(in_href[1])
        elif before:
            page.start = before[-1].start + len(before[-1].rows)
        before.append(page)
    return [Extraction(date_, playlist_id, age, pages) for playlist_id, pages in by_playlist.items()]


def _tables(extractions: list[Extraction], missing: list[Row], refused: set[str]) -> Reading:
    rows_in: dict[str, int] = defaultdict(int)
    rows_out: dict[str, int] = defaultdict(int)
    playlists: list[Row] = []
    items: list[tuple[Row, Row, Age]] = []
    by_playlist: dict[tuple[str, str], list[Extraction]] = defaultdict(list)
    for extraction in extractions:
        by_playlist[extraction.date, extraction.playlist_id].append(extraction)
        rows_in[extraction.date] += sum(len(page.rows) for page in extraction.pages)
    for (date_, playlist_id), all_of_it in by_playlist.items():
        floor = max((one.age for one in all_of_it if one.is_complete), default=None)
        counting = sorted((one for one in all_of_it if floor is None or one.age >= floor), key=lambda one: one.age)
        held: dict[int, tuple[Any, Page, Age]] = {}
        for extraction in counting:
            for page in extraction.pages:
                held |= {page.start + index: (row, page, extraction.age) for index, row in enumerate(page.rows)}
        rows_out[date_] += len(held)
        head = _one_row(
            [_playlist(one) for one in counting], "playlist_name", ("playlist_name", *_PLAYLIST_COLUMNS, "extracted_at")
        )
        playlists.append({**head, "extract_date": date_, "playlist_id": playlist_id, "item_count": len(held)})
        for position, (row, page, age) in held.items():
            key = {"extract_date": date_, "playlist_id": playlist_id, "position": position}
            item = _item(row)
            known = {"playlist_name": head["playlist_name"], "snapshot_id": head["snapshot_id"]}
            found = {**key, **known, **item, "run_id": page.run.get("run_id"), "extracted_at": _naive(age[1])}
            found["run_id"] = _text(found["run_id"])
            items.append((found, row if isinstance(row, dict) else {}, age))
    playlists += _missing(missing, set(by_playlist))
    superseded = {date_: count - rows_out[date_] for date_, count in rows_in.items()}
    tracks = [(found, _inner(row), age) for found, row, age in items if found["item_type"] == "track"]
    tables = {
        "playlists_data": playlists,
        "playlist_items_data": [found for found, _, _ in items],
        "songs_data": _songs(tracks),
        "albums_data": _by_key(tracks, _albums, "album_id", "album_name", _ALBUM_COLUMNS),
        "artists_data": _by_key(tracks, _artists, "artist_id", "artist_name", ("artist_name", "url")),
    }
    return Reading(tables, dict(rows_in), superseded, refused)


# --- Datasets ---

_PLAYLIST_COLUMNS = (
    *("description", "owner_id", "is_public", "is_collaborative", "followers", "url", "image_url", "snapshot_id"),
    *("api_total", "fetch_status", "fetch_reason", "fetched_at", "run_id"),
)
_ALBUM_COLUMNS = (
    *("album_name", "album_type", "release_date", "release_date_precision", "release_year", "total_tracks"),
    *("artist_ids", "url", "image_url"),
)
_SONG_COLUMNS = (
    *("song_name", "duration_ms", "explicit", "popularity", "isrc", "disc_number", "track_number", "album_id"),
    *("artist_id", "artist_ids", "url"),
)


def _playlist(extraction: Extraction) -> Row:
    first = extraction.pages[0]
    owner = next((page.playlist for page in extraction.pages if page.playlist is not None), {})
    fetched = [_moment(page.run.get("fetched_at")) for page in extraction.pages]
    return {
        "age": extraction.age,
        "playlist_name": _text(owner.get("name")),
        "description": _text(owner.get("description")),
        "owner_id": _id(_dig(owner, "owner", "id")),
        "is_public": _boolean(owner.get("public")),
        "is_collaborative": _boolean(owner.get("collaborative")),
        "followers": _integer(_dig(owner, "followers", "total"), 64),
        "url": _dig(owner, "external_urls", "spotify"),
        "image_url": _image(owner),
        "snapshot_id": _text(owner.get("snapshot_id")),
        "api_total": first.total,
        "fetch_status": _text(first.run.get("fetch_status")),
        "fetch_reason": _text(first.run.get("fetch_reason")),
        "fetched_at": max((one for one in fetched if one), default=None),
        "run_id": min(filter(None, (_text(page.run.get("run_id")) for page in extraction.pages)), default=None),
        "extracted_at": _naive(extraction.age[1]),
    }


def _missing(said: list[Row], read_playlists: set[tuple[str, str]]) -> Iterator[Row]:
    by_key: dict[tuple[str, str], list[Row]] = defaultdict(list)
    nothing = dict.fromkeys(("playlist_name", *_PLAYLIST_COLUMNS, "item_count"))
    for one in said:
        found = {**nothing, "fetch_status": "missing", "fetch_reason": one["reason"], "run_id": one["run_id"]}
        key = (one["extract_date"], one["playlist_id"])
        by_key[key].append({**found, "age": one["age"], "extracted_at": _naive(one["age"][1])})
    for key in set(by_key) - read_playlists:
        head = _one_row(by_key[key], "playlist_name", ("fetch_reason", "run_id", "extracted_at"))
        yield {**head, "extract_date": key[0], "playlist_id": key[1]}


def _item(row: Any) -> Row:
    inner = _inner(row)
    outer = row if isinstance(row, dict) else {}
    kind = _item_type(outer, inner)
    is_local = [_boolean(outer.get("is_local")), _boolean(inner.get("is_local"))]
    by_uri = (_text(inner.get("uri")) or "").startswith("spotify:local:")
    show = _dig(inner, "show", "name")
    names = [_text(one.get("name")) for one in _records(inner, "artists")]
    return {
        "item_type": kind,
        "item_id": _id(inner.get("id")),
        "song_id": _id(inner.get("id")) if kind == "track" else None,
        "item_name": _text(inner.get("name")),
        "item_uri": _text(inner.get("uri")),
        "item_artist_names": [one for one in ([show] if kind == "episode" else names) if one is not None],
        "item_album_name": _dig(inner, "album", "name"),
        "duration_ms": _integer(inner.get("duration_ms"), 64),
        "is_local": True if True in is_local or by_uri else next((one for one in is_local if one is not None), None),
        "is_playable": _boolean(inner.get("is_playable")),
        "restriction_reason": _dig(inner, "restrictions", "reason"),
        "added_at": _added_at(outer),
        "added_by": _id(_dig(outer, "added_by", "id")),
    }


def _inner(row: Any) -> Row:
    candidates = (row.get("item"), row.get("track")) if isinstance(row, dict) else ()
    return next((one for one in candidates if isinstance(one, dict)), {})


def _item_type(row: Row, inner: Row) -> str:
    kind = (_id(inner.get("type")) or "").lower() or None
    if not any(isinstance(row.get(name), dict) for name in ("item", "track")):
        return "unavailable"
    if kind == "episode" or (kind is None and _boolean(inner.get("episode"))):
        return "episode"
    is_local = _boolean(row.get("is_local")) or _boolean(inner.get("is_local"))
    if is_local or (_text(inner.get("uri")) or "").startswith("spotify:local:"):
        return "local"
    return "track" if kind in (None, "track") and _id(inner.get("id")) else "unavailable"


def _songs(tracks: list[tuple[Row, Row, Age]]) -> list[Row]:
    added: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for found, _, _ in tracks:
        added[found["extract_date"], found["song_id"]] += [found["added_at"]] if found["added_at"] else []
    songs = _by_key(tracks, lambda inner: [_song(inner)], "song_id", "song_name", _SONG_COLUMNS)
    return [{**one, "song_added": min(added[one["extract_date"], one["song_id"]], default=None)} for one in songs]


def _song(inner: Row) -> Row:
    artist_ids = _ids(inner)
    return {
        "song_id": _id(inner["id"]),
        "song_name": _text(inner.get("name")),
        "duration_ms": _integer(inner.get("duration_ms"), 64),
        "explicit": _boolean(inner.get("explicit")),
        "popularity": _integer(inner.get("popularity"), 32),
        "isrc": _dig(inner, "external_ids", "isrc"),
        "disc_number": _integer(inner.get("disc_number"), 32),
        "track_number": _integer(inner.get("track_number"), 32),
        "album_id": _id(_dig(inner, "album", "id")),
        "artist_id": artist_ids[0] if artist_ids else None,
        "artist_ids": artist_ids,
        "url": _dig(inner, "external_urls", "spotify"),
    }


def _albums(inner: Row) -> list[Row]:
    album = inner.get("album")
    if not isinstance(album, dict):
        return []
    day, precision = _release_date(album.get("release_date"), album.get("release_date_precision"))
    return [
        {
            "album_id": _id(album.get("id")),
            "album_name": _text(album.get("name")),
            "album_type": _text(album.get("album_type")),
            "release_date": day,
            "release_date_precision": precision,
            "release_year": day.year if day else None,
            "total_tracks": _integer(album.get("total_tracks"), 32),
            "artist_ids": _ids(album),
            "url": _dig(album, "external_urls", "spotify"),
            "image_url": _image(album),
        }
    ]


def _artists(inner: Row) -> list[Row]:
    album = inner["album"] if isinstance(inner.get("album"), dict) else {}
    return [
        {
            "artist_id": _id(one.get("id")),
            "artist_name": _text(one.get("name")),
            "url": _dig(one, "external_urls", "spotify"),
        }
        for holder in (inner, album)
        for one in _records(holder, "artists")
    ]


def _by_key(
    tracks: list[tuple[Row, Row, Age]], observe: Callable[[Row], list[Row]], key: str, name: str, columns: Sequence[str]
) -> list[Row]:
    observed: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for found, inner, age in tracks:
        for one in observe(inner):
            if one[key] is not None:
                observed[found["extract_date"], one[key]].append({**one, "age": age})
    return [{**_one_row(rows, name, columns), "extract_date": at} for (at, _), rows in observed.items()]


def _one_row(observed: list[Row], name: str, columns: Sequence[str]) -> Row:
    """Return the row that wins whole: a name first, then the newest, then the smallest values, nulls last."""

    def order(one: Row) -> tuple[Any, ...]:
        rank, moment = one["age"][:2]
        values = (((one[column] is None), one[column] if one[column] is not None else 0) for column in columns)
        return (not one[name], -rank, -moment.timestamp(), *values)

    best = min(observed, key=order)
    return {column: value for column, value in best.items() if column != "age"}


# --- Values ---


def _text(value: Any) -> str | None:
    """Return a text, or the JSON of what is none. A surrogate without its other half is no character: `?`."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")


def _id(value: Any) -> str | None:
    text = _text(value)
    return text if text and text[0] not in "{[" else None


def _dig(document: Any, *names: str) -> str | None:
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return _text(document)


def _records(document: Row, name: str) -> list[Row]:
    found = document.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _ids(document: Row) -> list[str]:
    return [found for found in (_id(one.get("id")) for one in _records(document, "artists")) if found]


def _image(document: Row) -> str | None:
    images = document.get("images")
    return _dig(images[0], "url") if isinstance(images, list) and images and isinstance(images[0], dict) else None


def _boolean(value: Any) -> bool | None:
    return {"true": True, "false": False}.get((_text(value) or "").lower())


def _integer(value: Any, bits: int) -> int | None:
    text = _text(value) or ""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return None
    return int(text) if -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1) else None


def _moment(value: Any) -> datetime | None:
    text = _text(value) or ""
    if not re.fullmatch(_MOMENT, text, re.ASCII):
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", ""))
        return _naive(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _added_at(row: Row) -> datetime | None:
    moment = _moment(row.get("added_at"))
    return moment if moment and moment.date() != date(1970, 1, 1) else None


def _release_date(value: Any, given: Any) -> tuple[date | None, str | None]:
    precisions = {4: "year", 7: "month", 10: "day"}
    text = _text(value) or ""
    if not re.fullmatch(r"(?!0000)[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", text):
        return None, None
    try:
        day = date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return None, None
    return day, given if isinstance(given, str) and given in precisions.values() else precisions[len(text)]


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
