"""Made-up music as JSON text, as Spotify's Web API sends it: about 2 kB a track. No name, id or address is anybody's.

Everything is a pure function of a seed and a number, so that any process can write any part of a payload. A track is
rendered once and kept while it is hot: text is joined, not built of dictionaries.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache

_API, _WEB, _IMAGES = "https://api.spotify.example/v1", "https://open.spotify.example", "https://i.scdn.example/image"
_FIRST = (
    *("Amber", "Broken", "Crooked", "Distant", "Électrique", "Faded", "Golden", "Hollow", "Indigo", "Jagged", "Kleine"),
    *(
        "Lunar",
        "My Salted",
        "Nørdic",
        "Other",
        "Paper",
        "Quiet",
        "Rusty",
        "Słone",
        "Tender",
        "Ulica",
        "Velvet",
        "Wilde",
    ),
)
_SECOND = (
    *("Arcade", "Bicycle", "Compass", "Dörfer", "Escalator", "Fern", "Garden", "Harbour", "Ice Rink", "Jukebox"),
    *("Kettle", "Lanterns", "Market", "Night Bus", "Orchard", "Piñata", "Quarry", "Radiator", "Sundial", "Телефон"),
    *("Umbrella", "Valley", "Window", "雨", "Yard", "Zeppelin"),
)
_ENDINGS = (
    "",
    "",
    "",
    "",
    " (Live)",
    " - Remastered 2019",
    ' \\"Interlude\\"',
    " (feat. Somebody)",
    " \N{EN DASH} Edit",
)
_MARKETS = ",".join(f'"{one}{other}"' for one in "ABCDEFGHIJ" for other in "KLMNOPQR")
_MANDELBROT = 100


def zipf(uniform: float, size: int) -> int:
    """Return a number below `size`, small ones more often: Zipf's law with the flat head of Mandelbrot's.

    `uniform` lies in [0, 1). The most frequent one of 250,000 makes up an eighth of a percent of all.
    """
    return min(size - 1, int(_MANDELBROT * ((size + _MANDELBROT) / _MANDELBROT) ** uniform - _MANDELBROT))


@dataclass(frozen=True)
class Music:
    """A library of `tracks` tracks, with a third as many albums and a tenth as many artists.

    `is_new` chooses the API of 2026 to an app in development mode (no popularity, no markets); else it is the one
    before. Of one track in 16 and of one album in 64 there are two versions: as an odd playlist was read, the track had
    been renamed already and the album's name was gone.
    """

    seed: int
    tracks: int
    is_new: bool

    def track(self, number: int, version: int) -> str:
        """Return a track as JSON text, in version 0 or 1."""
        return _track(self, number, version if self._is_versioned(number) else 0)

    def _is_versioned(self, number: int) -> bool:
        return number % 16 == 0 or self._album_of(number) % 64 == 0

    def _album_of(self, number: int) -> int:
        return zipf((number * 2_654_435_761 % 4_294_967_296) / 4_294_967_296, self.albums)

    @cached_property
    def albums(self) -> int:
        """How many albums there are."""
        return max(1, self.tracks // 3)

    @cached_property
    def artists(self) -> int:
        """How many artists there are."""
        return max(1, self.tracks // 10)


def made_up(seed: int, kind: str, number: int) -> tuple[str, bytes]:
    """Return the id of a thing, 22 letters and digits like Spotify's, and 20 bytes that decide all else about it."""
    decided = hashlib.blake2b(f"{seed}:{kind}:{number}".encode(), digest_size=20).digest()
    return base64.b64encode(decided[:16], b"aB")[:22].decode(), decided


def name(decided: bytes) -> str:
    """Return a name as it stands between the quotes of a JSON text."""
    one, other, more = decided[0] % len(_FIRST), decided[1] % len(_SECOND), decided[2] % len(_ENDINGS)
    return f"{_FIRST[one]} {_SECOND[other]} {decided[3]}{_ENDINGS[more]}"


def user(number: int) -> str:
    """Return the account that owns playlists or adds songs to them, as JSON text."""
    account = f"listener{number:08}"
    return (
        f'{{"external_urls":{{"spotify":"{_WEB}/user/{account}"}},"href":"{_API}/users/{account}","id":"{account}",'
        f'"type":"user","uri":"spotify:user:{account}"}}'
    )


def href(playlist_id: str, offset: int, limit: int, *, is_new: bool) -> str:
    """Return the address of a page of a playlist."""
    return f"{_API}/playlists/{playlist_id}/{'items' if is_new else 'tracks'}?offset={offset}&limit={limit}"


def playlist(seed: int, number: int) -> str:
    """Return a playlist without its items, as JSON text without the closing brace."""
    playlist_id, decided = made_up(seed, "playlist", number)
    return (
        f'{{"collaborative":false,"description":"made up",'
        f'"external_urls":{{"spotify":"{_WEB}/playlist/{playlist_id}"}},"followers":{{"href":null,"total":{decided[4]}}},"href":"{_API}/playlists/{playlist_id}","id":"{playlist_id}",'
        f'"images":[{{"height":640,"url":"{_IMAGES}/{decided.hex()}","width":640}}],"name":"{name(decided)}",'
        f'"owner":{user(number // 20)},"primary_color":null,"public":true,"snapshot_id":"{decided.hex()}",'
        f'"type":"playlist","uri":"spotify:playlist:{playlist_id}"'
    )


def local_file(number: int) -> str:
    """Return a file of a listener's own, which has no ids, as JSON text."""
    return (
        '{"album":{"album_type":null,"artists":[],"available_markets":[],"external_urls":{},"href":null,"id":null,'
        '"images":[],"name":"Tapes","release_date":null,"release_date_precision":null,"type":"album","uri":null},'
        '"artists":[{"external_urls":{},"href":null,"id":null,"name":"Me","type":"artist","uri":null}],'
        f'"disc_number":0,"duration_ms":{number},"explicit":false,"external_ids":{{}},"external_urls":{{}},"href":null,'
        f'"id":null,"is_local":true,"name":"Recording {number}","popularity":0,"preview_url":null,"track_number":0,'
        f'"type":"track","uri":"spotify:local:Me:Tapes:Recording+{number}:{number}"}}'
    )


def episode(seed: int, number: int) -> str:
    """Return an episode of a podcast, which is no song, as JSON text."""
    episode_id, decided = made_up(seed, "episode", number)
    return (
        f'{{"description":"Two people\\ntalk.","duration_ms":{3_600_000 + number},"episode":true,"explicit":false,'
        f'"external_urls":{{"spotify":"{_WEB}/episode/{episode_id}"}},"id":"{episode_id}","name":"{name(decided)}",'
        f'"release_date":"2026-01-05","release_date_precision":"day","show":{{"id":"{episode_id[::-1]}",'
        f'"name":"A Show","publisher":"Somebody"}},"track":false,"type":"episode",'
        f'"uri":"spotify:episode:{episode_id}"}}'
    )


@lru_cache(maxsize=50_000)
def _track(music: Music, number: int, version: int) -> str:
    track_id, decided = made_up(music.seed, "track", number)
    album_number = music._album_of(number)
    album_artist, album = _album(music, album_number, version)
    artists = _artist(music.seed, album_artist)
    if decided[5] < 64:  # noqa: PLR2004  a quarter of the tracks has a second artist
        artists = f"{artists},{_artist(music.seed, zipf(decided[6] / 256, music.artists))}"
    renamed = " (2026 Mix)" if version and number % 16 == 0 else ""
    when = f'"preview_url":null,"popularity":{decided[7] % 100},"available_markets":[{_markets(decided)}],'
    return (
        f'{{{"" if music.is_new else when}"is_playable":{_json(decided[8] > 1)},"explicit":{_json(decided[9] > 200)},'  # noqa: PLR2004
        f'"type":"track","episode":false,"track":true,"album":{album},"artists":[{artists}],"disc_number":1,'
        f'"track_number":{decided[10] % 14 + 1},"duration_ms":{120_000 + int.from_bytes(decided[11:13], "big")},'
        f'"external_ids":{{"isrc":"ZZ{decided[13:18].hex().upper()}"}},'
        f'"external_urls":{{"spotify":"{_WEB}/track/{track_id}"}},"href":"{_API}/tracks/{track_id}","id":"{track_id}",'
        f'"name":"{name(decided)}{renamed}","uri":"spotify:track:{track_id}","is_local":false}}'
    )


@lru_cache(maxsize=50_000)
def _album(music: Music, number: int, version: int) -> tuple[int, str]:
    """Return the number of an album's artist, and the album as JSON text."""
    album_id, decided = made_up(music.seed, "album", number)
    artist = zipf(int.from_bytes(decided[5:7], "big") / 65_536, music.artists)
    day = f"{1960 + decided[7] % 66}-{decided[8] % 12 + 1:02}-{decided[9] % 28 + 1:02}"
    # One in 16 knows only its year, one in 32 its month, and one in 256 has the year 0000, as Spotify's do.
    length, precision = {0: (4, "year"), 1: (7, "month")}.get(decided[10] % 32 // 2, (10, "day"))
    date = "0000" if decided[10] == 255 else day[:length]  # noqa: PLR2004
    images = ",".join(
        f'{{"height":{size},"url":"{_IMAGES}/ab67616d0000{code}{decided.hex()[:24]}","width":{size}}}'
        for size, code in ((640, "b273"), (300, "1e02"), (64, "4851"))
    )
    markets = "" if music.is_new else f'"available_markets":[{_markets(decided)}],'
    gone = version and number % 64 == 0
    kind = ("album", "single", "compilation")[decided[11] % 3]
    return artist, (
        f'{{{markets}"is_playable":true,"type":"album","album_type":"{kind}",'
        f'"href":"{_API}/albums/{album_id}","id":"{album_id}","images":[{images}],'
        f'"name":"{"" if gone else name(decided)}",'
        f'"release_date":"{date}","release_date_precision":"{precision}","uri":"spotify:album:{album_id}",'
        f'"artists":[{_artist(music.seed, artist)}],"external_urls":{{"spotify":"{_WEB}/album/{album_id}"}},'
        f'"total_tracks":{decided[12] % 20 + 1}}}'
    )


@lru_cache(maxsize=50_000)
def _artist(seed: int, number: int) -> str:
    artist_id, decided = made_up(seed, "artist", number)
    return (
        f'{{"external_urls":{{"spotify":"{_WEB}/artist/{artist_id}"}},"href":"{_API}/artists/{artist_id}",'
        f'"id":"{artist_id}","name":"{name(decided)}","type":"artist","uri":"spotify:artist:{artist_id}"}}'
    )


def _markets(decided: bytes) -> str:
    """Return the markets of a track or album: most answers to a request with a market have none."""
    return _MARKETS if decided[14] % 4 == 0 else ""


def _json(value: object) -> str:
    return json.dumps(value)
