"""What happens in the sample: one made-up user's playlists on thirteen Mondays.

Songs come and go, are taken down, are locked and unlocked, are renamed, come back under another id; a playlist is
only reordered, one is emptied, one deleted, one is new. `STORY` says which song and when.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from spotify_etl.sample import catalogue
from spotify_etl.sample.catalogue import SEED, Song, songs, spotify_id
from spotify_etl.standin import ServedPlaylist

FIRST_MONDAY = date(2026, 8, 31)
LAST_WEEK = 12
OWNER = "made.up.listener"

_API = "https://api.spotify.com/v1"


@dataclass(frozen=True)
class Story:
    """Songs of the catalogue, by number, to which something happens; weeks count from 0, the first Monday."""

    taken_down: tuple[tuple[int, int], ...] = ((3, 4), (104, 11))
    """(song, week): hollow from that week on."""
    locked: tuple[tuple[int, int, int], ...] = ((9, 3, 9), (112, 8, 99))
    """(song, from week, to before week): not playable in between."""
    renamed: tuple[int, int, str] = (15, 6, "Harbour Lights (Finally)")
    """(song, week, its new name)."""
    relinked: tuple[int, int] = (21, 8)
    """(song, week): another id, the same ISRC."""
    reordered_week: int = 8
    emptied_week: int = 9
    deleted_week: int = 10
    created_week: int = 7
    vanished_episode_week: int = 2
    twice: int = 27
    """A song that is in the longest playlist two times."""


STORY = Story()


@dataclass(frozen=True)
class _Entry:
    """A place in a playlist: a song by its number, or a name of `_ODDITIES` or a null row."""

    what: int | str
    added_at: str | None
    added_by: str | None = OWNER


@dataclass(frozen=True)
class _Playlist:
    name: str
    description: str = ""
    public: bool = True
    collaborative: bool = False
    followers: int = 0
    number: int = 0

    @property
    def playlist_id(self) -> str:
        return spotify_id("playlist", self.number)


LONGEST = _Playlist("Long Way Home 🌙", "Everything. In the order it happened.", followers=41, number=0)
KITCHEN = _Playlist("Kitchen Disco", 'For "cooking" only, loud', followers=7, number=1)
ODDITIES = _Playlist("Odds & Ends", "Files, voices, ghosts\nand gaps", public=False, number=2)
NIGHT = _Playlist("새벽 세 시 (3 a.m.)", "Тихо. هدوء.", followers=3, number=3)
EMPTY = _Playlist("One Day I Will Fill This", public=False, number=4)
SUMMER = _Playlist("Summer, Packed Away", number=5)
FISHING = _Playlist("Gone Fishing", number=6)
AUTUMN = _Playlist("New in Autumn 🍂", followers=1, number=7)
VINYL = _Playlist('Old Vinyl, "Borrowed"', collaborative=True, public=False, followers=2, number=8)


def playlists_on(day: date) -> list[ServedPlaylist]:
    """Return the playlists as the Web API shows them in the week of a day, each a copy of its own.

    Before the first Monday it is as on the first, after the last as on the last.
    """
    week = min(max((day - FIRST_MONDAY).days // 7, 0), LAST_WEEK)
    return [_served(playlist, _entries(playlist, week), week) for playlist in _playlists(week)]


def monday(week: int) -> datetime:
    """Return when the sample's extract runs in a week: Monday, 06:00 UTC."""
    day = FIRST_MONDAY + timedelta(weeks=week)
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC)


def _playlists(week: int) -> list[_Playlist]:
    there = [LONGEST, KITCHEN, ODDITIES, NIGHT, EMPTY, SUMMER]
    if week < STORY.deleted_week:
        there.append(FISHING)
    if week >= STORY.created_week:
        there.append(AUTUMN)
    return [*there, VINYL]


@cache
def _entries(playlist: _Playlist, week: int) -> tuple[_Entry, ...]:
    """Return what is in a playlist in a week: last week's, and what the story or chance changes."""
    rng = random.Random(f"{SEED}:{playlist.number}:{week}")  # noqa: S311  a sample, no secret
    if week == 0:
        return _first_entries(playlist, rng)
    entries = list(_entries(playlist, week - 1))
    if playlist == LONGEST:
        _churn(entries, rng, week, gone=1, come=3)
    elif playlist == KITCHEN:
        _churn(entries, rng, week, gone=2, come=2)
    elif playlist == NIGHT and week == STORY.reordered_week:
        entries.reverse()
    elif playlist == SUMMER and week == STORY.emptied_week:
        entries.clear()
    elif playlist == AUTUMN and week >= STORY.created_week:
        _churn(entries, rng, week, gone=0, come=3)
    return tuple(entries)


def _first_entries(playlist: _Playlist, rng: random.Random) -> tuple[_Entry, ...]:
    match playlist.number:
        case LONGEST.number:
            numbers = [*_story_songs(), STORY.twice, *_others(rng, range(300), 99 - len(_story_songs()) - 1)]
        case KITCHEN.number:
            early = [number for number in _story_songs() if number > 100]  # noqa: PLR2004
            numbers = [*early, *_others(rng, range(80, 220), 50 - len(early))]
        case NIGHT.number:
            numbers = _others(rng, range(200, 260), 24)
        case SUMMER.number:
            numbers = _others(rng, range(240, 330), 14)
        case FISHING.number:
            numbers = _others(rng, range(300, 400), 10)
        case VINYL.number:
            old = [song.number for song in songs() if song.album.precision != "day"]
            # Added before Spotify kept who and when, or by Spotify itself.
            when = (None, "1970-01-01T00:00:00Z", "2013-05-04T10:11:12Z")
            who = (None, "", OWNER)
            return tuple(_Entry(n, when[i % 3], who[i % 3]) for i, n in enumerate(sorted(rng.sample(old, 30))))
        case ODDITIES.number:
            return tuple(_Entry(what, _some_time(rng)) for what in _ODD_PLACES)
        case _:
            numbers = []
    return tuple(_Entry(number, when) for number, when in zip(numbers, sorted(_times(rng, len(numbers))), strict=True))


def _churn(entries: list[_Entry], rng: random.Random, week: int, *, gone: int, come: int) -> None:
    """Take some songs out, never one of the story's, and add some at the end that were not there."""
    protected = set(_story_songs())
    for entry in rng.sample([entry for entry in entries if entry.what not in protected], gone):
        entries.remove(entry)
    there = {entry.what for entry in entries}
    new = rng.sample([song.number for song in songs() if song.number not in there | protected], come)
    for hour, number in enumerate(sorted(new)):
        added = monday(week) - timedelta(days=rng.randint(1, 6), hours=hour)
        entries.append(_Entry(number, _text(added)))


def _story_songs() -> list[int]:
    down = [number for number, _ in STORY.taken_down]
    locked = [number for number, _, _ in STORY.locked]
    return [*down, *locked, STORY.renamed[0], STORY.relinked[0], STORY.twice]


def _others(rng: random.Random, numbers: range, count: int) -> list[int]:
    return rng.sample([number for number in numbers if number not in _story_songs()], count)


def _row(entry: _Entry, week: int) -> dict[str, Any]:
    item = _song_item(entry.what, week) if isinstance(entry.what, int) else _oddity(entry.what, week)
    return {
        "added_at": entry.added_at,
        "added_by": None if entry.added_by is None else _user(entry.added_by),
        "is_local": bool(item and item.get("is_local")),
        "primary_color": None,
        "item": item,
        "video_thumbnail": {"url": None},
    }


def _song_item(number: int, week: int) -> dict[str, Any]:
    song = _song(number, week)
    if any(number == down and week >= since for down, since in STORY.taken_down):
        return catalogue.hollow(song)
    if any(number == locked and since <= week < until for locked, since, until in STORY.locked):
        return catalogue.unplayable(song, "market")
    return catalogue.track(song)


def _song(number: int, week: int) -> Song:
    song = songs()[number]
    renamed, renamed_week, name = STORY.renamed
    if number == renamed and week >= renamed_week:
        return replace(song, name=name)
    if number == STORY.relinked[0] and week >= STORY.relinked[1]:
        return catalogue.relinked(song)
    return song


def _oddity(kind: str, week: int) -> dict[str, Any] | None:
    if kind.startswith("null-row") or (kind == "episode-2" and week >= STORY.vanished_episode_week):
        return None
    return _ODDITIES[kind]


_ODDITIES: dict[str, dict[str, Any]] = {
    **{f"episode-{number}": catalogue.episode(number) for number in (1, 2, 3)},
    "local-1": catalogue.local_file(
        "My Cousin's Band", "Demo (2004)", "Garage Door", 201, "My+Cousin%27s+Band:Demo+%282004%29:Garage+Door"
    ),
    "local-2": catalogue.local_file("", "", "recording_07", 348, "::recording_07"),
    "local-3": catalogue.local_file("할머니", "카세트", "B면", 1800, "%ED%95%A0%EB%A8%B8%EB%8B%88::B"),
    **{
        f"unplayable-{reason}": catalogue.unplayable(songs()[number], reason)
        for number, reason in ((37, "market"), (38, "product"), (39, "explicit"))
    },
    "hollow": catalogue.hollow(songs()[40]),
    "null-track": catalogue.null_track(songs()[41]),
}


# Numbers are songs with titles that trip careless readers.
_ODD_PLACES: tuple[int | str, ...] = (
    *(
        "episode-1",
        "local-1",
        5,
        221,
        "null-row-1",
        "local-2",
        245,
        "episode-2",
        "null-track",
        "hollow",
        257,
        "local-3",
    ),
    *("unplayable-market", 269, "null-row-2", "unplayable-product", "episode-3", 281, "unplayable-explicit", 36, 36),
)


def _served(playlist: _Playlist, entries: tuple[_Entry, ...], week: int) -> ServedPlaylist:
    playlist_id = playlist.playlist_id
    metadata = {
        "collaborative": playlist.collaborative,
        "description": playlist.description,
        "external_urls": {"spotify": f"https://open.spotify.com/playlist/{playlist_id}"},
        "followers": {"href": None, "total": playlist.followers + (week if playlist.followers else 0)},
        "href": f"{_API}/playlists/{playlist_id}",
        "id": playlist_id,
        "images": catalogue.images(playlist_id) if entries else [],
        "name": playlist.name,
        "owner": {"display_name": "Made-Up Listener", **_user(OWNER)},
        "primary_color": None,
        "public": playlist.public,
        "snapshot_id": _snapshot_id(playlist, entries),
        "type": "playlist",
        "uri": f"spotify:playlist:{playlist_id}",
    }
    # Copied, so that whoever changes the world of a stand-in does not change the sample.
    return ServedPlaylist(metadata, [copy.deepcopy(_row(entry, week)) for entry in entries])


def _snapshot_id(playlist: _Playlist, entries: tuple[_Entry, ...]) -> str:
    """Make up the version of a playlist; like Spotify's it moves with what its owner does, not with the songs' fate."""
    return base64.b64encode(hashlib.sha256(repr((playlist, entries)).encode()).digest()[:24]).decode()


def _user(user_id: str) -> dict[str, Any]:
    return {
        "external_urls": {"spotify": f"https://open.spotify.com/user/{user_id}"},
        "href": f"{_API}/users/{user_id}",
        "id": user_id,
        "type": "user",
        "uri": f"spotify:user:{user_id}",
    }


def _times(rng: random.Random, count: int) -> list[str]:
    return [_some_time(rng) for _ in range(count)]


def _some_time(rng: random.Random) -> str:
    """Return a moment of the years before the sample begins."""
    start = datetime(2014, 3, 1, tzinfo=UTC)
    return _text(start + timedelta(seconds=rng.randrange(int((monday(0) - start).total_seconds()))))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
