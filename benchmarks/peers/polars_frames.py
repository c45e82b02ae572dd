"""Polars: one lazy scan with a schema, the rows of it collected once, a frame per dataset."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

LINKS = pl.Struct({"spotify": pl.String})
ARTISTS = pl.List(pl.Struct({"id": pl.String, "name": pl.String, "external_urls": LINKS}))
ALBUM = pl.Struct(
    {
        **dict.fromkeys(("id", "name", "album_type", "release_date", "release_date_precision"), pl.String),
        "total_tracks": pl.Int32,
        "artists": ARTISTS,
        "external_urls": LINKS,
        "images": pl.List(pl.Struct({"url": pl.String})),
    }
)
TRACK = pl.Struct(
    {
        **dict.fromkeys(("id", "name", "type"), pl.String),
        "duration_ms": pl.Int64,
        "explicit": pl.Boolean,
        **dict.fromkeys(("popularity", "disc_number", "track_number"), pl.Int32),
        "album": ALBUM,
        "artists": ARTISTS,
        "external_ids": pl.Struct({"isrc": pl.String}),
        "external_urls": LINKS,
    }
)
ROWS = pl.List(pl.Struct({"added_at": pl.String, "is_local": pl.Boolean, "item": TRACK, "track": TRACK}))
PAGE = pl.Struct({"items": ROWS})
SCHEMA = {"extracted_at": pl.String, "page": PAGE, "tracks": PAGE, "items": ROWS}


def main(raw: Path, out: Path) -> None:
    """Read the tracks once, write the three tables."""
    rows = tracks(raw)
    write(out / "albums_data", albums(rows), "album_id", "album_name")
    write(out / "artists_data", artists(rows), "artist_id", "artist_name")
    write(out / "songs_data", songs(rows), "song_id", "song_name")


def tracks(raw: Path) -> pl.DataFrame:
    """Return a row per row that holds a track: `extract_date, newest, added_at, track`."""
    files = sorted(raw.rglob("*.json*"))
    row = pl.col("row").struct
    return (
        pl.scan_ndjson(files, schema=SCHEMA, include_file_paths="file")
        .select(
            pl.col("file").str.extract(r".*(\d{4}-\d{2}-\d{2})").alias("extract_date"),
            pl.coalesce("extracted_at", "file").alias("newest"),
            pl.coalesce(
                pl.col("page").struct.field("items"), pl.col("tracks").struct.field("items"), pl.col("items")
            ).alias("row"),
        )
        .explode("row")
        .select(
            "extract_date",
            "newest",
            row.field("added_at").str.to_datetime(time_unit="us", time_zone="UTC"),
            row.field("is_local"),
            pl.coalesce(row.field("item"), row.field("track")).alias("track"),
        )
        .filter(field("track", "id").is_not_null() & (field("track", "type") == "track") & ~pl.col("is_local"))
        .drop("is_local")
        .collect()
    )


def field(column: str, *names: str) -> pl.Expr:
    """Return a field within structs."""
    found = pl.col(column)
    for name in names:
        found = found.struct.field(name)
    return found


def ids(records: pl.Expr) -> pl.Expr:
    """Return the ids of a list of artists, without nulls."""
    return records.list.eval(pl.element().struct.field("id").drop_nulls())


def albums(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the albums that the rows tell of, one row each time."""
    album = rows.select("extract_date", "newest", field("track", "album").alias("album"))
    date = field("album", "release_date")
    known = pl.when(date != "0000")
    day = known.then((date + "-01-01").str.head(10).str.to_date())
    return album.select(
        "extract_date",
        "newest",
        field("album", "id").alias("album_id"),
        field("album", "name").alias("album_name"),
        field("album", "album_type"),
        day.alias("release_date"),
        known.then(field("album", "release_date_precision")).alias("release_date_precision"),
        day.dt.year().alias("release_year"),
        field("album", "total_tracks"),
        ids(field("album", "artists")).alias("artist_ids"),
        field("album", "external_urls", "spotify").alias("url"),
        field("album", "images").list.first().struct.field("url").alias("image_url"),
    )


def artists(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the artists of the tracks and of their albums, one row each time."""
    both = pl.concat_list(field("track", "artists"), field("track", "album", "artists"))
    artist = rows.select("extract_date", "newest", both.alias("artist")).explode("artist")
    return artist.select(
        "extract_date",
        "newest",
        field("artist", "id").alias("artist_id"),
        field("artist", "name").alias("artist_name"),
        field("artist", "external_urls", "spotify").alias("url"),
    )


def songs(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the songs, one row each time, with the earliest time that each was added."""
    artist_ids = ids(field("track", "artists"))
    return rows.select(
        "extract_date",
        "newest",
        field("track", "id").alias("song_id"),
        field("track", "name").alias("song_name"),
        *(field("track", name) for name in ("duration_ms", "explicit", "popularity")),
        field("track", "external_ids", "isrc"),
        *(field("track", name) for name in ("disc_number", "track_number")),
        field("track", "album", "id").alias("album_id"),
        artist_ids.list.first().alias("artist_id"),
        artist_ids.alias("artist_ids"),
        field("track", "external_urls", "spotify").alias("url"),
        pl.col("added_at").min().over("extract_date", field("track", "id")).alias("song_added"),
    )


def write(folder: Path, frame: pl.DataFrame, key: str, name: str) -> None:
    """Write one row per date and key: a name first, then the newest, then the smallest values."""
    order = [one for one in frame.columns if one not in {"extract_date", "newest", key, "artist_ids"}]
    (
        frame.filter(pl.col(key).is_not_null())
        .sort(
            [(pl.col(name).fill_null("") == "").alias("nameless"), "newest", *order],
            descending=[False, True, *[False] * len(order)],
            nulls_last=True,
        )
        .unique(["extract_date", key], keep="first", maintain_order=True)
        .drop("newest")
        .write_parquet(folder, compression="zstd", partition_by="extract_date", mkdir=True)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
