"""The sample's made-up music: artists, albums and songs, and how the Web API shows them.

Everything comes from a fixed seed and the words in `names.json`: no artist, album or song of it exists.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

SEED = 20261123
ALBUMS = 150
SONGS = 400

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 22
_API = "https://api.spotify.com/v1"
_WEB = "https://open.spotify.com"

# What the API says of dates beside plain days; the last four are as odd as real ones.
ODD_DATES: tuple[tuple[str | None, str | None], ...] = (
    ("1985", "year"),
    ("1981-12", "month"),
    ("1981-12", "year"),
    ("0000", "year"),
    (None, None),
    ("2004-02-30", "day"),
)


def spotify_id(kind: str, name: object) -> str:
    """Make up an id as Spotify's look, 22 base-62 characters, the same for the same arguments."""
    number = int.from_bytes(hashlib.sha256(f"{SEED}:{kind}:{name}".encode()).digest())
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(digits)


@dataclass(frozen=True)
class Artist:
    """An artist; `spellings` are the names under which the API shows one and the same id."""

    artist_id: str
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class Album:
    """An album. `artists` are the album's, which need not be those of its songs."""

    album_id: str
    name: str
    album_type: str
    artists: tuple[Artist, ...]
    release_date: str | None
    precision: str | None
    total_tracks: int


@dataclass(frozen=True)
class Song:
    """A song on one album. `number` is its place in the catalogue and outlives a change of its id."""

    number: int
    song_id: str
    name: str
    album: Album
    artists: tuple[Artist, ...]
    disc_number: int
    track_number: int
    duration_ms: int
    explicit: bool
    isrc: str


VARIOUS_ARTISTS = Artist(spotify_id("artist", "various"), ("Various Artists",))


@cache
def songs() -> tuple[Song, ...]:
    """Return the catalogue: 400 songs of 60 artists on 150 albums."""
    rng = random.Random(SEED)  # noqa: S311  a sample, no secret
    words = _words()
    artists = [Artist(spotify_id("artist", n), _spellings(name)) for n, name in enumerate(words["artists"])]
    albums = [_album(n, rng, words, artists) for n in range(ALBUMS)]
    return tuple(_song(n, rng, words, artists, albums) for n in range(SONGS))


def relinked(song: Song) -> Song:
    """Return the song as it is after the label delivered it anew: another id, the same recording."""
    return replace(song, song_id=spotify_id("song", f"{song.number}-again"))


def track(song: Song, **changes: Any) -> dict[str, Any]:
    """Show a song as a track of the Web API of 2026 in development mode; `changes` replace top-level fields."""
    album = song.album
    artists = [_artist_object(artist, song.number) for artist in song.artists]
    return {
        "is_playable": True,
        "explicit": song.explicit,
        "type": "track",
        "episode": False,
        "track": True,
        "album": {
            "is_playable": True,
            "type": "album",
            "album_type": album.album_type,
            **_links("album", album.album_id),
            "images": images(album.album_id),
            "name": album.name,
            "release_date": album.release_date,
            "release_date_precision": album.precision,
            "artists": [_artist_object(artist, song.number) for artist in album.artists],
            "total_tracks": album.total_tracks,
        },
        "artists": artists,
        "disc_number": song.disc_number,
        "track_number": song.track_number,
        "duration_ms": song.duration_ms,
        "external_ids": {"isrc": song.isrc},
        **_links("track", song.song_id),
        "name": song.name,
        "is_local": False,
        **changes,
    }


def unplayable(song: Song, reason: str) -> dict[str, Any]:
    """Show a song that may not be played here and now."""
    return track(song, is_playable=False, restrictions={"reason": reason})


def hollow(song: Song) -> dict[str, Any]:
    """Show a song that was taken down: its id is all that is left of it."""
    nobody = {**_artist_object(VARIOUS_ARTISTS, song.number), "name": ""}
    shown = track(song, is_playable=False, name="", artists=[nobody], duration_ms=0, external_ids={})
    shown["album"].update(
        name="", artists=[nobody], images=[], release_date="0000", release_date_precision="year", total_tracks=0
    )
    return shown


def episode(number: int) -> dict[str, Any]:
    """Show an episode of the sample's one podcast."""
    episode_id, show_id = spotify_id("episode", number), spotify_id("show", 0)
    text = f"Episode {number}: we feed the starter.\nThen we wait. Then we feed it again."
    return {
        "explicit": False,
        "description": text,
        "html_description": f"<p>{text}</p>",
        "duration_ms": 1_800_000 + 1000 * number,
        "episode": True,
        "track": False,
        "type": "episode",
        **_links("episode", episode_id),
        "images": images(episode_id),
        "is_externally_hosted": False,
        "is_playable": True,
        "languages": ["en"],
        "name": f'#{number}: "It\'s Alive"',
        "release_date": f"2026-0{number}-01",
        "release_date_precision": "day",
        "show": {
            "copyrights": [],
            "description": "Two people, one jar.",
            "explicit": False,
            **_links("show", show_id),
            "images": images(show_id),
            "is_externally_hosted": False,
            "languages": ["en"],
            "media_type": "audio",
            "name": "The Sourdough Minutes",
            "total_episodes": 3,
            "type": "show",
        },
    }


def local_file(artist: str, album: str, title: str, seconds: int, uri: str) -> dict[str, Any]:
    """Show a file that lies on the user's own disk: names and nothing else. `uri` follows `spotify:local:`."""
    nameless: dict[str, Any] = {"external_urls": {}, "href": None, "id": None, "uri": None}
    return {
        "explicit": False,
        "type": "track",
        "album": {
            **nameless,
            "album_type": None,
            "artists": [],
            "images": [],
            "name": album,
            "release_date": None,
            "release_date_precision": None,
            "type": "album",
        },
        "artists": [{**nameless, "name": artist, "type": "artist"}],
        "disc_number": 0,
        "track_number": 0,
        "duration_ms": seconds * 1000,
        "external_ids": {},
        "external_urls": {},
        "href": None,
        "id": None,
        "name": title,
        "uri": f"spotify:local:{uri}:{seconds}",
        "is_local": True,
    }


def null_track(song: Song) -> dict[str, Any]:
    """Show what is left of a very old local file: a name, `spotify:track:null`, and no `is_local`."""
    shown = track(song, id=None, href=f"{_API}/tracks/null", uri="spotify:track:null", external_ids={})
    shown["external_urls"] = {"spotify": f"{_WEB}/track/null"}
    del shown["is_local"]
    return shown


def images(of: str) -> list[dict[str, Any]]:
    """Return the addresses of pictures that are nowhere."""
    return [{"url": f"https://images.example.com/{size}/{of}", "width": size, "height": size} for size in (640, 64)]


def _links(kind: str, spotify_id: str) -> dict[str, Any]:
    return {
        "external_urls": {"spotify": f"{_WEB}/{kind}/{spotify_id}"},
        "href": f"{_API}/{kind}s/{spotify_id}",
        "id": spotify_id,
        "uri": f"spotify:{kind}:{spotify_id}",
    }


def _artist_object(artist: Artist, number: int) -> dict[str, Any]:
    name = artist.spellings[number % len(artist.spellings)]
    return {**_links("artist", artist.artist_id), "name": name, "type": "artist"}


def _words() -> dict[str, list[str]]:
    words: dict[str, list[str]] = json.loads(files(__package__).joinpath("names.json").read_text(encoding="utf-8"))
    return words


def _spellings(name: str) -> tuple[str, ...]:
    return (name, name.upper()) if name.startswith("Mx.") else (name,)


def _phrase(pattern: str, rng: random.Random, words: dict[str, list[str]]) -> str:
    for kind in ("adjective", "noun", "place"):
        while "{" + kind + "}" in pattern:
            pattern = pattern.replace("{" + kind + "}", rng.choice(words[kind + "s"]), 1)
    return pattern[:1].upper() + pattern[1:]


def _album(number: int, rng: random.Random, words: dict[str, list[str]], artists: list[Artist]) -> Album:
    compilation = number % 15 == 7  # noqa: PLR2004
    name = _phrase(rng.choice(words["compilations" if compilation else "albums"]), rng, words)
    date, precision = _release(number, rng)
    return Album(
        album_id=spotify_id("album", number),
        name=name,
        album_type="compilation" if compilation else rng.choice(("album", "album", "single")),
        # Every artist has at least one album; a few albums are shared.
        artists=(VARIOUS_ARTISTS,) if compilation else _some(artists, number % len(artists), 0.08, rng),
        release_date=date,
        precision=precision,
        total_tracks=rng.randint(1, 18),
    )


def _release(number: int, rng: random.Random) -> tuple[str | None, str | None]:
    year = rng.choice((rng.randint(1962, 1999), rng.randint(2000, 2026)))
    if number % 10 == 1:
        return ODD_DATES[number // 10 % len(ODD_DATES)]
    if number % 10 in {4, 8}:
        return str(year), "year"
    return f"{year}-{rng.randint(1, 8):02}-{rng.randint(1, 28):02}", "day"


def _song(
    number: int, rng: random.Random, words: dict[str, list[str]], artists: list[Artist], albums: list[Album]
) -> Song:
    album = albums[number % len(albums)]
    odd = number % 12 == 5  # noqa: PLR2004
    odd_titles = words["odd_titles"]
    name = odd_titles[number // 12 % len(odd_titles)] if odd else _phrase(rng.choice(words["titles"]), rng, words)
    main = rng.randrange(len(artists)) if album.artists == (VARIOUS_ARTISTS,) else artists.index(album.artists[0])
    return Song(
        number=number,
        song_id=spotify_id("song", number),
        name=name,
        album=album,
        artists=_some(artists, main, 0.35, rng),
        disc_number=1,
        track_number=1 + number // len(albums),
        duration_ms=rng.randint(95_000, 420_000),
        explicit=rng.random() < 0.15,  # noqa: PLR2004
        isrc=f"QZ{'ABCDEFGH'[number % 8]}0026{number:05}",
    )


def _some(artists: list[Artist], first: int, chance_of_more: float, rng: random.Random) -> tuple[Artist, ...]:
    """Return the first artist, and now and then one or two others with it."""
    chosen = [artists[first]]
    while len(chosen) < 3 and rng.random() < chance_of_more:  # noqa: PLR2004
        other = rng.choice(artists)
        if other not in chosen:
            chosen.append(other)
    return tuple(chosen)
