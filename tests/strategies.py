"""What hypothesis draws from: raw objects in every shape that the contract names, of few ids, so that they meet."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.builders import (
    ABSENT,
    Dropped,
    ExtractRun,
    Json,
    album,
    artist,
    episode,
    json_lines,
    local_track,
    one_line,
    page,
    playlist,
    pretty,
    row,
    track,
)

PLAYLISTS = ("playlist1", "playlist2", "1Cp6VQCKf2VL4sP09jN9oX")

HOLLOW = {"name": "", "artists": [artist("various", name="")], "duration_ms": 0, "external_ids": {}}
ALBUMS: tuple[Any, ...] = (
    album(),
    album(name='Album, the "first"\n한글 — 🌙'),
    album("album2", release_date="1985", release_date_precision="year", artists=[artist("b"), artist(None)]),
    album("album2", release_date="1985-07", release_date_precision="year", total_tracks="many"),
    album("album2", release_date="1985-07", release_date_precision=ABSENT, total_tracks=12),
    album("album3", release_date="0000", release_date_precision="year", images=[], name=""),
    album("album3", release_date="2023-02-30", release_date_precision="day", artists=[], external_urls={}),
    album("Album1", release_date=ABSENT, release_date_precision=ABSENT, album_type=None),
    album(None, name="without an id"),
)
INNER: tuple[Any, ...] = (
    *(track(name, album=one) for name, one in zip(("a", "b", "c"), ALBUMS[:3], strict=True)),
    *(track("a", album=one, artists=[artist("b"), artist("a")]) for one in ALBUMS[3:]),
    track("b", name="", artists=[artist("b", name="Lower"), artist("c", name="UPPER")]),
    track("b", name="B", popularity=ABSENT, explicit=None, artists=[]),
    track(
        "b", name="B", duration_ms="long", explicit=True, track_number=9, artists=[artist(None, name="?"), artist("c")]
    ),
    track("c", type=ABSENT, is_local=ABSENT, track=ABSENT, episode=ABSENT, album=None),
    track(
        "c",
        name="{not json} [at all]",
        external_ids={"isrc": "X"},
        restrictions={"reason": "market"},
        is_playable=False,
    ),
    track("c", name=1999, popularity=99999999999, disc_number=2.5),
    track("d", **HOLLOW, album=album("gone", name="", release_date="0000", release_date_precision="year")),
    track(None, uri="spotify:track:null", is_local=ABSENT),
    track("e", uri="spotify:local:somebody:::5", is_local=ABSENT),
    episode(),
    episode(type=ABSENT, show=None, name=""),
    episode("f", type="episode", episode=False),
    track("g", type="chapter"),
    local_track(),
    None,
)
ROW_CHANGES: tuple[Json, ...] = (
    {},
    {},
    {},
    {"added_at": "2019-12-31T23:59:59Z"},
    {"added_at": "1970-01-01T00:00:00Z", "added_by": {"id": ""}},
    {"added_at": None, "added_by": None},
    {"added_at": "yesterday", "added_by": ABSENT, "is_local": ABSENT},
    {"is_local": True},
    {"primary_color": "#fff", "something_new": [1, {"a": None}]},
)
ODD_ROWS: tuple[Any, ...] = (
    None,
    5,
    "text",
    [],
    {},
    {"track": True},
    {"item": "gone"},
    {"added_at": "2020-01-01T00:00:00Z"},
)
SHAPES = ("item", "track", "both")
PLAYLIST_CHANGES: tuple[Json, ...] = (
    {},
    {"name": ""},
    {"name": "Ω"},
    {"public": None, "followers": ABSENT, "images": None},
)
TOTALS: tuple[Json, ...] = ({}, {}, {"total": 99}, {"total": ABSENT})
PLACES: tuple[Json, ...] = ({}, {"offset": ABSENT}, {"offset": None, "href": None}, {"offset": -1, "total": "?"})
LINE_CHANGES: tuple[Json, ...] = ({}, {"fetch_status": "stale", "fetch_reason": "429"}, {"extracted_at": ABSENT})
FRAMINGS: tuple[Callable[[Any], bytes], ...] = (one_line, pretty)
FOREIGN_NAMES = (
    "spotify_raw_{day} 20:12:33.123456.json",
    "spotify_raw_{compact}_201233.json",
    "{day}T09-30-00+02:00 100% [live].jsonl",
    "playlist1 — ünïcode 🌙 {day}.json",
    "playlist2.json",
    "a:b?c=d&e#f.jsonl",
    "my stuff/spotify_raw_{day} 20:12:33.123456.json",
    "my stuff/50% off [2]/x.json",
)
UNREADABLE = (
    b"",
    b" \n",
    b"<html>",
    b'{"items": [{"track"',
    b"\x1f\x8b\x08\x00",
    b"\xff\xfe{",
    b"null",
    b"[]",
    b'{"a": 1} {"b": 2}',
)


@st.composite
def row_lists(draw: st.DrawFn, most: int = 5, shape: str | None = None) -> list[Any]:
    shape = shape or draw(st.sampled_from(SHAPES))
    some = draw(st.lists(st.tuples(st.sampled_from(INNER), st.sampled_from(ROW_CHANGES)), max_size=most))
    found: list[Any] = [row(inner, shape=shape, **changes) for inner, changes in some]
    if found and draw(st.integers(0, 5)) == 0:
        found.append(draw(st.sampled_from(ODD_ROWS)))
    return found


@st.composite
def playlists(draw: st.DrawFn) -> Json:
    """A full playlist object of either shape, complete or with rows missing from its page."""
    items = draw(row_lists())
    playlist_id = draw(st.sampled_from(PLAYLISTS))
    shape = draw(st.sampled_from(("items", "tracks", "both")))
    changes = draw(st.sampled_from(PLAYLIST_CHANGES))
    body = page(items, playlist_id=playlist_id, **draw(st.sampled_from(TOTALS)))
    names = ("items", "tracks") if shape == "both" else (shape,)
    document = playlist(items, playlist_id=playlist_id, shape=shape, **{**changes, **dict.fromkeys(names, body)})
    if shape == "both":
        document["tracks"] = {"href": "x", "items": [], "total": 0}
    return document


@st.composite
def pages(draw: st.DrawFn) -> Json:
    """A page that says where it stands by its offset, by its address, or not at all."""
    offset = draw(st.sampled_from((0, 0, 2, 50)))
    changes = draw(st.sampled_from(PLACES))
    found = {**page(draw(row_lists()), playlist_id=draw(st.sampled_from(PLAYLISTS)), offset=offset), **changes}
    return {key: value for key, value in found.items() if value is not ABSENT}


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """The bytes of a file that a user of another pipeline may have."""
    kind = draw(st.sampled_from(("playlist", "page", "page", "rows", "list", "lines")))
    framing: Callable[[Any], bytes] = draw(st.sampled_from(FRAMINGS))
    part = st.one_of(playlists(), pages(), row_lists().filter(bool))
    if kind == "playlist":
        return framing(draw(playlists()))
    if kind == "page":
        return framing(draw(pages()))
    if kind == "rows":
        return framing(draw(row_lists()))
    if kind == "list":
        return framing(draw(st.lists(part, min_size=1, max_size=3)))
    separator = draw(st.sampled_from((b"\n", b"\r\n\r\n")))
    return separator.join(one_line(one) for one in draw(st.lists(part, min_size=2, max_size=3)))


@st.composite
def foreign_objects(draw: st.DrawFn, day: datetime) -> Dropped:
    pattern = draw(st.sampled_from(FOREIGN_NAMES))
    name = pattern.format(day=f"{day:%Y-%m-%d}", compact=f"{day:%Y%m%d}")
    modified = day + timedelta(minutes=draw(st.integers(0, 1439)), microseconds=draw(st.sampled_from((0, 123_000))))
    folder = draw(st.sampled_from(("" if "{" in pattern else f"day {day:%j}/", f"extract_date={day:%Y-%m-%d}/")))
    content = draw(st.one_of(documents(), documents(), documents(), documents(), st.sampled_from(UNREADABLE)))
    return Dropped(folder + name, content, modified)


@st.composite
def extract_runs(draw: st.DrawFn, day: datetime) -> list[Dropped]:
    """A run of the extract: some playlists whole, on pages, and a marker that may name others as missing."""
    run = ExtractRun(day + timedelta(hours=draw(st.sampled_from((0, 6, 23)))))
    landed = draw(st.lists(st.sampled_from(PLAYLISTS), unique=True, max_size=2))
    found = []
    for playlist_id in landed:
        items = draw(row_lists(most=4, shape="item"))
        lines = run.lines(items, playlist_id=playlist_id, size=2)
        changes = draw(st.sampled_from(LINE_CHANGES))
        lines = [{key: one for key, one in {**line, **changes}.items() if one is not ABSENT} for line in lines]
        found.append(Dropped(run.object_name(playlist_id), json_lines(lines)))
    outcomes = [(one, "fetched", None) for one in landed]
    lost = draw(st.sampled_from(((), ("playlist2",), ("never", "playlist1"))))
    marker = run.marker(*outcomes, *((one, "missing", "forbidden") for one in lost))
    return [*found, Dropped(run.marker_name, one_line(marker))]


@st.composite
def days(draw: st.DrawFn, day: datetime) -> list[Dropped]:
    """All raw objects of one date: runs of the extract, files of other origin, no two under one name."""
    drawn = draw(st.lists(foreign_objects(day), max_size=4))
    for run in draw(st.lists(extract_runs(day), max_size=2)):
        drawn += run
    return list({one.name: one for one in drawn}.values())


class GeneratedLake:
    """The objects of many dates, independent of each other, that one run of the job can take at once."""

    def __init__(self, by_day: list[list[Dropped]], order: random.Random) -> None:
        self.by_day = by_day
        self.objects = [one for day in by_day for one in day]
        self._order = order

    def __repr__(self) -> str:
        """Stay short: what fails is shown by date."""
        return f"{len(self.by_day)} dates with {len(self.objects)} objects"

    def of(self, date: str) -> list[Dropped]:
        return [one for day in self.by_day for one in day if date in f"{one.name} {one.modified}"]

    def dealt(self, hands: int) -> list[list[Dropped]]:
        """Deal the objects to as many runs, in another order than they were drawn in."""
        shuffled = self._order.sample(self.objects, len(self.objects))
        return [shuffled[hand::hands] for hand in range(hands)]


def lakes(number_of_days: int) -> st.SearchStrategy[GeneratedLake]:
    """Lakes of so many dates. Hypothesis tries next to nothing first: a run of Spark would be wasted on that."""
    return _lakes(number_of_days).filter(lambda lake: len(lake.objects) > 2 * number_of_days)


@st.composite
def _lakes(draw: st.DrawFn, number_of_days: int) -> GeneratedLake:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    by_day = [draw(days(first + timedelta(days=number))) for number in range(number_of_days)]
    return GeneratedLake(by_day, draw(st.randoms(use_true_random=False)))
