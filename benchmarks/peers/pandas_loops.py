"""The tutorial's Lambda: `json.load` per file, loops to lists of dictionaries, a DataFrame each, to Parquet."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

Row = dict[str, Any]


def main(raw: Path, out: Path) -> None:
    """Read every file, collect the three lists, write the three tables."""
    albums: list[Row] = []
    artists: list[Row] = []
    songs: list[Row] = []
    for date, newest, added_at, track in tracks(raw):
        seen = {"extract_date": date, "newest": newest}
        album = track["album"]
        albums.append({**seen, **album_of(album)})
        artists += [{**seen, **artist_of(one)} for one in [*track["artists"], *album["artists"]]]
        songs.append({**seen, **song_of(track), "song_added": added_at})
    write(out / "albums_data", one_per_key(pd.DataFrame(albums), "album_id", "album_name"))
    write(out / "artists_data", one_per_key(pd.DataFrame(artists), "artist_id", "artist_name"))
    frame = pd.DataFrame(songs)
    frame["song_added"] = pd.to_datetime(frame["song_added"], utc=True)
    first_added = frame.groupby(["extract_date", "song_id"])["song_added"].min().rename("song_added")
    frame = one_per_key(frame.drop(columns="song_added"), "song_id", "song_name")
    write(out / "songs_data", frame.join(first_added, on=["extract_date", "song_id"]))


def tracks(raw: Path) -> Iterator[tuple[str, str, str, Row]]:
    """Yield the date, the time of reading, when it was added, and the track, of each row that holds a track."""
    for path in sorted(raw.rglob("*.json*")):
        date = re.findall(r"\d{4}-\d{2}-\d{2}", str(path))[-1]
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                document = json.loads(line)
                page = document.get("page") or document.get("tracks") or document
                for row in page.get("items", []):
                    track = row.get("item") or row.get("track")
                    if track and track["id"] and track["type"] == "track" and not row["is_local"]:
                        yield date, document.get("extracted_at") or path.name, row["added_at"], track


def album_of(album: Row) -> Row:
    """Return the columns of an album."""
    date: str | None = album["release_date"]
    known = date is not None and date != "0000"
    return {
        "album_id": album["id"],
        "album_name": album["name"],
        "album_type": album["album_type"],
        "release_date": (date + "-01-01")[:10] if date and known else None,
        "release_date_precision": album["release_date_precision"] if known else None,
        "release_year": int(date[:4]) if date and known else None,
        "total_tracks": album["total_tracks"],
        "artist_ids": [one["id"] for one in album["artists"] if one["id"]],
        "url": album["external_urls"].get("spotify"),
        "image_url": album["images"][0]["url"] if album["images"] else None,
    }


def artist_of(artist: Row) -> Row:
    """Return the columns of an artist."""
    return {
        "artist_id": artist["id"],
        "artist_name": artist["name"],
        "url": artist["external_urls"].get("spotify"),
    }


def song_of(track: Row) -> Row:
    """Return the columns of a song, but for `song_added`."""
    artist_ids = [one["id"] for one in track["artists"] if one["id"]]
    return {
        "song_id": track["id"],
        "song_name": track["name"],
        "duration_ms": track["duration_ms"],
        "explicit": track["explicit"],
        "popularity": track.get("popularity"),
        "isrc": track["external_ids"].get("isrc"),
        "disc_number": track["disc_number"],
        "track_number": track["track_number"],
        "album_id": track["album"]["id"],
        "artist_id": artist_ids[0] if artist_ids else None,
        "artist_ids": artist_ids,
        "url": track["external_urls"].get("spotify"),
    }


def one_per_key(frame: pd.DataFrame, key: str, name: str) -> pd.DataFrame:
    """Return one row per date and key: a name first, then the newest, then the smallest values."""
    values = [column for column in frame.columns if column not in {"extract_date", "newest", key, "artist_ids"}]
    frame = frame[frame[key].notna()].assign(nameless=frame[name].fillna("") == "")
    frame = frame.sort_values(["nameless", "newest", *values], ascending=[True, False, *[True] * len(values)])
    return frame.drop_duplicates(["extract_date", key]).drop(columns=["nameless", "newest"])


def write(folder: Path, frame: pd.DataFrame) -> None:
    """Write a table, a folder per date, with the contract's types."""
    whole = {"release_year", "total_tracks", "popularity", "disc_number", "track_number"} & set(frame.columns)
    frame = frame.astype(dict.fromkeys(whole, "Int32"))
    if "release_date" in frame:
        # As dates and not as timestamps, which pandas would make of them.
        frame["release_date"] = frame["release_date"].map(pd.Timestamp, na_action="ignore").dt.date
    frame.to_parquet(folder, partition_cols=["extract_date"], compression="zstd", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
