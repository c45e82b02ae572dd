"""The better Glue script: one read with a schema, the tracks of it cached, then the tables of `pyspark_per_table`."""

from __future__ import annotations

import sys

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.peers.pyspark_per_table import process_albums, process_artists, process_songs, write

LINKS = "STRUCT<spotify: STRING>"
ARTISTS = f"ARRAY<STRUCT<id: STRING, name: STRING, external_urls: {LINKS}>>"
ALBUM = f"""STRUCT<id: STRING, name: STRING, album_type: STRING, release_date: STRING, release_date_precision: STRING,
    total_tracks: INT, artists: {ARTISTS}, external_urls: {LINKS}, images: ARRAY<STRUCT<url: STRING>>>"""
TRACK = f"""STRUCT<id: STRING, name: STRING, type: STRING, duration_ms: BIGINT, explicit: BOOLEAN, popularity: INT,
    disc_number: INT, track_number: INT, album: {ALBUM}, artists: {ARTISTS}, external_ids: STRUCT<isrc: STRING>,
    external_urls: {LINKS}>"""
ROWS = f"ARRAY<STRUCT<added_at: STRING, is_local: BOOLEAN, item: {TRACK}, track: {TRACK}>>"
SCHEMA = f"extracted_at STRING, page STRUCT<items: {ROWS}>, tracks STRUCT<items: {ROWS}>, items {ROWS}"


def main(raw: str, out: str) -> None:
    """Read the tracks once, write the three tables."""
    spark = (
        SparkSession.builder.appName("spotify_transformation_job")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.compression.codec", "zstd")
        .getOrCreate()
    )
    rows = tracks(spark, raw).cache()
    write(process_albums(rows), "album_id", "album_name", f"{out}/albums_data")
    write(process_artists(rows), "artist_id", "artist_name", f"{out}/artists_data")
    write(process_songs(rows), "song_id", "song_name", f"{out}/songs_data")
    spark.stop()


def tracks(spark: SparkSession, raw: str) -> DataFrame:
    """Return a row per row that holds a track: `extract_date, newest, added_at, track`."""
    return (
        spark.read.option("recursiveFileLookup", "true")
        .schema(SCHEMA)
        .json(raw)
        .select(
            F.regexp_extract(F.input_file_name(), r".*(\d{4}-\d{2}-\d{2})", 1).alias("extract_date"),
            F.coalesce("extracted_at", F.input_file_name()).alias("newest"),
            F.explode(F.coalesce("page.items", "tracks.items", "items")).alias("row"),
        )
        .select(
            "extract_date",
            "newest",
            "row.added_at",
            "row.is_local",
            F.coalesce("row.item", "row.track").alias("track"),
        )
        .where("track.id IS NOT NULL AND track.type = 'track' AND NOT is_local")
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
