"""Small libraries to report on: an ordinary one, one whose names attack the page, empty ones, and large ones."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import Any

from spotify_etl import catalog, sql
from spotify_etl.report import page
from spotify_etl.report.facts import Facts, gather
from tests.unit.sql.lakes import Lake, Row, track

MADE_AT = dt.datetime(2026, 11, 25, 19, 0, tzinfo=dt.UTC)
OTHERS = ("someone-elses-account", "another-persons-account")
ATTACK = "</script><script>alert(1)</script>"
HOSTILE = (
    ATTACK,
    "<img src=x onerror=alert(1)>",
    "\" onload='alert(1)' x=\"",
    "&lt;b&gt; & </text></svg></style></table>",
    "@1@ ${held} {{x}} %s \\",
    "\u202eever written\u2067 backwards",
    "null\x00bell\x07escape\x1b[31m\ufffe",
    "فرقة القمر الثالث",
    "雨と靴下" * 40,
    "long" * 200,
    "👩‍🚀 Waltz",
    " ",
)
DATES = ("2026-11-09", "2026-11-16", "2026-11-23")


def item(song: str, name: str | None = None, artist: str = "The Overdue Books", **columns: Any) -> Row:
    added = dt.datetime(2026, 9, 1 + len(song) % 20, tzinfo=dt.UTC)
    columns = {"added_at": added, "added_by": OTHERS[0], "duration_ms": 200_000, **columns}
    return track(song, item_name=name or f"Song {song}", item_artist_names=[artist], **columns)


def ordinary(root: Path) -> Path:
    """Two playlists that share a song, three dates; one song of one playlist is lost."""
    lake = Lake(root)
    a = [item("s1"), item("s22"), item("s333", "Compass (Interlude)")]
    b = [item("s22"), item("s4444")]
    rows = {"A": {"playlist_name": "Kitchen Disco", "owner_id": OTHERS[1]}, "B": {"playlist_name": "Long Way Home"}}
    songs: dict[str, Row] = {"s1": {"explicit": True}, "s22": {"explicit": False}, "s4444": {"explicit": False}}
    lake.day(DATES[0], {"A": a, "B": b[:1]}, playlist_rows=rows, songs=songs)
    lake.day(DATES[1], {"A": a, "B": b}, playlist_rows=rows, songs=songs)
    lake.day(DATES[2], {"A": a[:2], "B": b}, playlist_rows=rows, songs=songs)
    return _published(root)


def hostile(root: Path) -> Path:
    """Every name is hostile: of songs, artists and playlists, kept ones and lost ones; one playlist is stale."""
    lake = Lake(root)
    kept = {f"p{at}": [item(f"k{at}-{one}", HOSTILE[one], HOSTILE[at]) for one in range(at + 1)] for at in range(12)}
    shared = {playlist: [*items, item("shared", ATTACK, ATTACK)] for playlist, items in kept.items()}
    lost = [item(f"lost-{at}", name, name) for at, name in enumerate(HOSTILE)]
    rows = {f"p{at}": {"playlist_name": name, "owner_id": OTHERS[1]} for at, name in enumerate(HOSTILE)}
    songs: dict[str, Row] = {f"k{at}-0": {"explicit": at % 2 == 0} for at in range(12)}
    lake.day(DATES[0], {**shared, "p0": [*shared["p0"], *lost]}, playlist_rows=rows, songs=songs)
    stale: Row = {"fetch_status": "stale", "fetch_reason": f"failed: {ATTACK}"}
    lake.day(DATES[1], shared, playlist_rows={**rows, "p3": {**rows["p3"], **stale}}, songs=songs)
    lake.report(DATES[2], "load-held", rebuilt=False, gates_failed=[ATTACK], rows_in=0)
    return _published(root)


def one_playlist(root: Path) -> Path:
    Lake(root).day(DATES[0], {"A": [item("s1")]})
    return _published(root)


def nothing(root: Path) -> Path:
    (root / "transformed").mkdir(parents=True)
    return root


def emptied(root: Path) -> Path:
    """A library whose one playlist is empty, and always was."""
    Lake(root).day(DATES[0], {"A": []})
    return _published(root)


def large(root: Path, songs: int = 1234, playlists: int = 60) -> Path:
    """More of everything than the page shows: all of the first date's songs are lost."""
    lake = Lake(root)
    shared = item("shared")
    first = [item(f"old-{at}") for at in range(songs)]
    lists = {f"p{at:03}": [item(f"n{at}", artist=f"Artist {at}"), shared] for at in range(playlists)}
    known: dict[str, Row] = {f"n{at}": {"explicit": at % 3 == 0} for at in range(playlists)}
    lake.day(DATES[0], {**lists, "p000": [*lists["p000"], *first]}, songs=known)
    behind: dict[str, Row] = {one: {"fetch_status": "stale", "fetch_reason": "quota: none left"} for one in lists}
    lake.day(DATES[1], lists, songs=known, playlist_rows=behind)
    return _published(root)


def facts(root: Path) -> Facts:
    with closing(catalog.connect(root)) as connection:
        return gather(lambda statement: sql.run(connection, statement))


def html(root: Path) -> str:
    return page.render(facts(root), MADE_AT)


def _published(root: Path) -> Path:
    catalog.refresh(root)
    return root
