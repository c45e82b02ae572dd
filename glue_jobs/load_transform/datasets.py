"""Surviving rows to the curated datasets. Pure functions, DataFrame to DataFrame; none reads or writes anything.

Each is one function of the items of `load_transform.items`. Where several rows tell of one key, one observed
row wins whole, so that no combination appears that nobody ever saw.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from load_transform import contract, values
from load_transform.contract import Dataset

_OBSERVED = ("extract_date", "time_rank", "extracted_at")

Transform = Callable[[DataFrame], DataFrame]

OF_ITEMS: dict[Dataset, Transform] = {}
"""The datasets that the items alone decide, each with its function, in the order in which they are written."""


def of_items(dataset: Dataset) -> Callable[[Transform], Transform]:
    """Make a function from `items` the one that computes `dataset`."""

    def registered(transform: Transform) -> Transform:
        OF_ITEMS[dataset] = transform
        return transform

    return registered


def playlist_items(items_: DataFrame, playlists_: DataFrame) -> DataFrame:
    """Return `playlist_items_data`: one row per date, playlist and position, whatever the row held.

    `playlist_name` and `snapshot_id` are the playlist's of that date: a bare page has none.
    """
    show = F.filter(F.array("show_name"), lambda name: name.isNotNull())
    rows = items_.select(
        "extract_date",
        "playlist_id",
        "position",
        "item_type",
        "item_id",
        "song_id",
        F.col("name").alias("item_name"),
        F.col("uri").alias("item_uri"),
        F.when(F.col("item_type") == "episode", show)
        .otherwise(values.names(F.col("artists")))
        .alias("item_artist_names"),
        F.col("album.album_name").alias("item_album_name"),
        "duration_ms",
        "is_local",
        "is_playable",
        "restriction_reason",
        "added_at",
        "added_by",
        "run_id",
        "extracted_at",
    )
    named = playlists_.select("extract_date", "playlist_id", "playlist_name", "snapshot_id")
    return rows.join(F.broadcast(named), on=["extract_date", "playlist_id"], how="left")


@of_items(contract.SONGS)
def songs(items_: DataFrame) -> DataFrame:
    """Return `songs_data`: one row per date and track; `song_added` is the earliest added_at of the date's rows."""
    artist_ids = values.ids(F.col("artists"))
    observed = _tracks(items_).select(
        *_OBSERVED,
        "song_id",
        F.col("name").alias("song_name"),
        *("duration_ms", "explicit", "popularity", "isrc", "disc_number", "track_number"),
        "album.album_id",
        F.get(artist_ids, F.lit(0)).alias("artist_id"),
        artist_ids.alias("artist_ids"),
        "url",
        "added_at",
    )
    once = _equal_rows_once(observed, "song_id", earliest=["added_at"])
    return _one_row_per_key(once, contract.SONGS, name="song_name", song_added=F.min("added_at"))


@of_items(contract.ALBUMS)
def albums(items_: DataFrame) -> DataFrame:
    """Return `albums_data`: one row per date and album of a surviving track."""
    observed = _tracks(items_).select(
        *_OBSERVED,
        *(f"album.{name}" for name in ("album_id", "album_name", "album_type", "release_date")),
        "album.release_date_precision",
        F.year("album.release_date").alias("release_year"),
        "album.total_tracks",
        values.ids(F.col("album.artists")).alias("artist_ids"),
        "album.url",
        "album.image_url",
    )
    return _one_row_per_key(_equal_rows_once(observed, "album_id"), contract.ALBUMS, name="album_name")


@of_items(contract.ARTISTS)
def artists(items_: DataFrame) -> DataFrame:
    """Return `artists_data`: one row per date and artist of a surviving track or of its album."""
    both = F.concat(*(F.coalesce(F.col(name), F.array()) for name in ("artists", "album.artists")))
    observed = (
        _tracks(items_)
        .select(*_OBSERVED, F.explode(both).alias("artist"))
        .select(
            *_OBSERVED,
            values.not_blank(F.col("artist.id")).alias("artist_id"),
            F.col("artist.name").alias("artist_name"),
            values.web_url(F.col("artist")).alias("url"),
        )
    )
    return _one_row_per_key(_equal_rows_once(observed, "artist_id"), contract.ARTISTS, name="artist_name")


def playlists(ranked: DataFrame, missing: DataFrame) -> DataFrame:
    """Return `playlists_data`: one row per date and playlist, empty ones and those that could not be read included.

    `ranked` are the pages of `snapshot.rank_pages`; `missing` is what the runs' markers say could not be read:
    `extract_date, playlist_id, fetch_reason, run_id, time_rank, extracted_at`.
    """
    surviving = ranked.where(~F.col("is_superseded"))
    key = ["extract_date", "playlist_id"]
    kept = F.col("row_count") - F.coalesce(F.size("lost"), F.lit(0))
    counts = surviving.groupBy(*key).agg(F.sum(kept).alias("item_count"))
    playlist = F.col("playlist")
    extractions = surviving.groupBy(*key, "object_no", "time_rank", "extracted_at").agg(
        F.min_by("playlist", F.when(playlist.isNotNull(), F.col("page_no"))).alias("playlist"),
        F.min_by("total", "page_no").alias("api_total"),
        F.min("run_id").alias("run_id"),
        F.min_by("fetch_status", "page_no").alias("fetch_status"),
        F.min_by("fetch_reason", "page_no").alias("fetch_reason"),
        F.max("fetched_at").alias("fetched_at"),
    )
    observed = extractions.select(
        *_OBSERVED,
        "playlist_id",
        playlist["name"].alias("playlist_name"),
        playlist["description"].alias("description"),
        values.not_blank(playlist["owner"]["id"]).alias("owner_id"),
        values.typed(playlist["public"], "boolean").alias("is_public"),
        values.typed(playlist["collaborative"], "boolean").alias("is_collaborative"),
        values.typed(playlist["followers"]["total"], "bigint").alias("followers"),
        values.web_url(playlist).alias("url"),
        values.image_url(playlist).alias("image_url"),
        playlist["snapshot_id"].alias("snapshot_id"),
        "api_total",
        "fetch_status",
        "fetch_reason",
        "fetched_at",
        "run_id",
    )
    unread = missing.withColumn("fetch_status", F.lit("missing")).join(counts, on=key, how="left_anti")
    everything = observed.unionByName(unread, allowMissingColumns=True)
    return _one_row_per_key(everything, contract.PLAYLISTS, name="playlist_name").join(counts, on=key, how="left")


def _tracks(items_: DataFrame) -> DataFrame:
    return items_.where(F.col("item_type") == "track")


def _equal_rows_once(observed: DataFrame, key: str, *, earliest: Collection[str] = ()) -> DataFrame:
    """Return the observed rows whose key is known; of those that differ in their times alone, one.

    It has the newest `extracted_at`, and the smallest of each column in `earliest`. Most rows of a key are equal, and
    equal rows are found by hash, before the shuffle; the choice of the smallest row would sort all of them.
    """
    times = {"extracted_at", *earliest}
    equal = [column for column in observed.columns if column not in times]
    newest = F.max("extracted_at").alias("extracted_at")
    return (
        observed.where(F.col(key).isNotNull())
        .groupBy(*equal)
        .agg(newest, *(F.min(column).alias(column) for column in earliest))
    )


def _one_row_per_key(observed: DataFrame, dataset: Dataset, *, name: str, **aggregates: Column) -> DataFrame:
    """Return one observed row per date and key: a non-empty name first, then the newest, then the smallest values.

    Newest by the rank of its time, then the time; smallest by the columns in table order, nulls last. `aggregates`
    are columns computed over all the rows of the key.
    """
    known = set(observed.columns) - set(aggregates)
    columns = [column for column, _ in dataset.columns if column in known and column not in dataset.key]
    key = ["extract_date", *(column for column in dataset.key)]
    extra = [*(column for column in _OBSERVED if column not in key and column not in columns)]
    best = F.struct(
        (F.coalesce(F.col(name), F.lit("")) == "").alias("nameless"),
        (-F.col("time_rank")).alias("rank"),
        (-F.unix_micros("extracted_at")).alias("newest"),
        *_nulls_last([*columns, *extra]),
    )
    winners = (
        observed.where(F.col(dataset.key[0]).isNotNull())
        .groupBy(*key)
        .agg(F.min(best).alias("best"), *(column.alias(alias) for alias, column in aggregates.items()))
    )
    return winners.select(*key, *(f"best.{column}" for column in columns), *aggregates)


def _nulls_last(columns: Sequence[str]) -> list[Column]:
    pairs = ((F.col(column).isNull().alias(f"no_{column}"), F.col(column)) for column in columns)
    return [column for pair in pairs for column in pair]
