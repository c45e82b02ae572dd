"""Users of the tutorial's pipeline get the answer they had: its albums, artists and songs, by plain Python."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.builders import Lake, album, artist, dropped, page, row, track


def classic_page(random: Random) -> dict[str, Any]:
    """Return 100 old-shape rows over few tracks, albums and artists, so that most come several times."""
    artists = [artist(f"artist{number}") for number in range(12)]
    albums = [
        album(f"album{number}", total_tracks=number + 1, artists=random.sample(artists, 2)) for number in range(15)
    ]
    tracks = [
        track(
            f"track{number}",
            name=f"Song, «{number}»",
            duration_ms=1000 * number,
            popularity=number,
            album=random.choice(albums),
            artists=random.sample(artists, random.randint(1, 3)),
        )
        for number in range(60)
    ]
    rows = [row(random.choice(tracks), shape="track") for _ in range(100)]
    return page(rows, href="https://api.spotify.com/v1/playlists/classic/tracks?offset=0&limit=100")


def test_the_classic_answer_still_comes_out(lake: Lake) -> None:
    classic = classic_page(Random(20231028))  # noqa: S311  repeatable, not secret
    lake.take(dropped("spotify_raw_2023-10-28 20:12:33.123456.json", classic))

    tracks = [entry["track"] for entry in json.loads(json.dumps(classic))["items"]]
    albums = {
        (
            one["album"]["id"],
            one["album"]["name"],
            one["album"]["total_tracks"],
            one["album"]["external_urls"]["spotify"],
        )
        for one in tracks
    }
    # The tutorial's variants take the track's artists or the album's: both are there.
    artists = {name["id"] for one in tracks for name in one["artists"] + one["album"]["artists"]}
    songs = {
        (one["id"], one["name"], one["duration_ms"], one["external_urls"]["spotify"], one["album"]["id"])
        for one in tracks
    }

    tables = lake.tables()
    found_albums = [(r["album_id"], r["album_name"], r["total_tracks"], r["url"]) for r in tables["albums_data"]]
    found_artists = [r["artist_id"] for r in tables["artists_data"]]
    found_songs = [
        (r["song_id"], r["song_name"], r["duration_ms"], r["url"], r["album_id"]) for r in tables["songs_data"]
    ]
    assert sorted(found_albums) == sorted(albums)
    assert sorted(found_artists) == sorted(artists)
    assert sorted(found_songs) == sorted(songs)
