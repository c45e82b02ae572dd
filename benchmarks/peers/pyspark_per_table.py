"""The copied Glue script: an inferring `spark.read.json` per table, explode, a window for the duplicates, append."""

from __future__ import annotations

import sys

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F


def main(raw: str, out: str) -> None:
    """Read the files anew for each table, and write it."""
    spark = (
        SparkSession.builder.appName("spotify_transformation_job")
        .config("spark.driver.memory", "4g")
        # Or every time of day is the machine's own.
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.compression.codec", "zstd")
        .getOrCreate()
    )
    write(process_albums(tracks(spark, raw)), "album_id", "album_name", f"{out}/albums_data")
    write(process_artists(tracks(spark, raw)), "artist_id", "artist_name", f"{out}/artists_data")
    write(process_songs(tracks(spark, raw)), "song_id", "song_name", f"{out}/songs_data")
    spark.stop()


def tracks(spark: SparkSession, raw: str) -> DataFrame:
    """Return a row per row that holds a track: `extract_date, newest, added_at, track`."""
    read = spark.read.option("recursiveFileLookup", "true").json(raw)
    there = set(read.columns)
    pages = [name for name in ("page.items", "tracks.items", "items") if name.partition(".")[0] in there]
    newest = F.coalesce(*(F.col(name) for name in ("extracted_at",) if name in there), F.input_file_name())
    rows = read.select(
        F.regexp_extract(F.input_file_name(), r".*(\d{4}-\d{2}-\d{2})", 1).alias("extract_date"),
        newest.alias("newest"),
        F.explode(F.coalesce(*(F.col(name) for name in pages))).alias("row"),
    )
    inner = "row.item" if "page" in there else "row.track"
    return rows.select("extract_date", "newest", "row.added_at", "row.is_local", F.col(inner).alias("track")).where(
        "track.id IS NOT NULL AND track.type = 'track' AND NOT is_local"
    )


def process_albums(rows: DataFrame) -> DataFrame:
    """Return the albums that the rows tell of, one row each time."""
    date = F.col("track.album.release_date")
    known = date != "0000"
    day = F.when(known, F.to_date(F.substring(F.concat(date, F.lit("-01-01")), 1, 10)))
    return rows.select(
        "extract_date",
        "newest",
        F.col("track.album.id").alias("album_id"),
        F.col("track.album.name").alias("album_name"),
        F.col("track.album.album_type"),
        day.alias("release_date"),
        F.when(known, F.col("track.album.release_date_precision")).alias("release_date_precision"),
        F.year(day).alias("release_year"),
        F.col("track.album.total_tracks").cast("int").alias("total_tracks"),
        ids(F.col("track.album.artists")).alias("artist_ids"),
        F.col("track.album.external_urls.spotify").alias("url"),
        F.col("track.album.images")[0]["url"].alias("image_url"),
    )


def process_artists(rows: DataFrame) -> DataFrame:
    """Return the artists of the tracks and of their albums, one row each time."""
    artist = rows.select(
        "extract_date", "newest", F.explode(F.concat("track.artists", "track.album.artists")).alias("artist")
    )
    return artist.select(
        "extract_date",
        "newest",
        F.col("artist.id").alias("artist_id"),
        F.col("artist.name").alias("artist_name"),
        F.col("artist.external_urls.spotify").alias("url"),
    )


def process_songs(rows: DataFrame) -> DataFrame:
    """Return the songs, one row each time, with the earliest time that each was added."""
    has_popularity = "popularity" in rows.select("track.*").columns
    songs = Window.partitionBy("extract_date", "track.id")
    return rows.select(
        "extract_date",
        "newest",
        F.col("track.id").alias("song_id"),
        F.col("track.name").alias("song_name"),
        "track.duration_ms",
        "track.explicit",
        (F.col("track.popularity") if has_popularity else F.lit(None)).cast("int").alias("popularity"),
        "track.external_ids.isrc",
        F.col("track.disc_number").cast("int").alias("disc_number"),
        F.col("track.track_number").cast("int").alias("track_number"),
        F.col("track.album.id").alias("album_id"),
        ids(F.col("track.artists"))[0].alias("artist_id"),
        ids(F.col("track.artists")).alias("artist_ids"),
        F.col("track.external_urls.spotify").alias("url"),
        F.min(F.to_timestamp("added_at")).over(songs).alias("song_added"),
    )


def ids(records: Column) -> Column:
    """Return the ids of an array of artists, without nulls."""
    return F.filter(records["id"], lambda one: one.isNotNull())


def write(rows: DataFrame, key: str, name: str, folder: str) -> None:
    """Write one row per date and key: a name first, then the newest, then the smallest values."""
    values = [column for column in rows.columns if column not in {"extract_date", "newest", key, "artist_ids"}]
    best = Window.partitionBy("extract_date", key).orderBy(
        F.coalesce(F.col(name), F.lit("")) == "",
        F.desc("newest"),
        *(F.asc_nulls_last(column) for column in values),
    )
    ranked = rows.where(F.col(key).isNotNull()).withColumn("rank", F.row_number().over(best))
    ranked.where("rank = 1").drop("rank", "newest").write.mode("append").partitionBy("extract_date").parquet(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
