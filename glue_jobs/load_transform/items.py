"""Surviving rows to items: what the datasets are made of, each value read once and in the contract's type.

A value that does not fit its type is null and is named in `misfits`; nothing here drops a row.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from load_transform import values

_KINDS = {
    "duration_ms": "bigint",
    "explicit": "boolean",
    "popularity": "int",
    "disc_number": "int",
    "track_number": "int",
    "is_playable": "boolean",
}
"""The fields of the item itself that are no texts, and what they are."""


def items(rows: DataFrame) -> DataFrame:
    """Return one row per surviving row, both shapes alike: `item` is read and `track` is not.

    Columns: `extract_date, playlist_id, position, run_id, time_rank, extracted_at` as in `rows`; `item_type`; the
    row's and the item's values under their names in the contract; `artists` and `album.artists` as they were read;
    `album`, a struct; `misfits`, the names of the fields whose values did not fit, or null.
    """
    inner, row = F.col("inner"), F.col("row")
    album = inner["album"]
    return (
        rows.withColumn("inner", F.coalesce("row.item", "row.track"))
        .withColumn("item_type", _item_type())
        .select(
            *("extract_date", "playlist_id", "position", "run_id", "time_rank", "extracted_at", "item_type"),
            values.not_blank(inner["id"]).alias("item_id"),
            F.when(F.col("item_type") == "track", values.not_blank(inner["id"])).alias("song_id"),
            inner["name"].alias("name"),
            inner["uri"].alias("uri"),
            inner["show"]["name"].alias("show_name"),
            inner["restrictions"]["reason"].alias("restriction_reason"),
            inner["external_ids"]["isrc"].alias("isrc"),
            values.web_url(inner).alias("url"),
            *(values.typed(inner[name], kind).alias(name) for name, kind in _KINDS.items()),
            _is_local().alias("is_local"),
            values.added_at(row["added_at"]).alias("added_at"),
            values.not_blank(row["added_by"]["id"]).alias("added_by"),
            inner["artists"].alias("artists"),
            F.struct(
                values.not_blank(album["id"]).alias("album_id"),
                album["name"].alias("album_name"),
                album["album_type"].alias("album_type"),
                values.release_date(album["release_date"]).alias("release_date"),
                values.release_date_precision(album["release_date"], album["release_date_precision"]).alias(
                    "release_date_precision"
                ),
                values.typed(album["total_tracks"], "int").alias("total_tracks"),
                album["artists"].alias("artists"),
                values.web_url(album).alias("url"),
                values.image_url(album).alias("image_url"),
            ).alias("album"),
            _misfits().alias("misfits"),
        )
    )


def _misfits() -> Column:
    """Return the names of the fields whose values did not fit; null, and next to nothing to compute, where all did."""
    inner, row = F.col("inner"), F.col("row")
    album, date = inner["album"], inner["album"]["release_date"]
    checks = {
        **{name: _misfit(inner[name], kind) for name, kind in _KINDS.items()},
        "is_local": _misfit(row["is_local"], "boolean"),
        "added_at": _misfit(row["added_at"], "timestamp"),
        "total_tracks": _misfit(album["total_tracks"], "int"),
        # '0000' is Spotify's way to say that it does not know.
        "release_date": values.does_not_fit(date, values.release_date(date)) & ~date.startswith("0000"),
        "id": values.no_id(inner["id"]),
        "album_id": values.no_id(album["id"]),
        "artist_id": _any_no_id(inner["artists"]) | _any_no_id(album["artists"]),
        "added_by": values.no_id(row["added_by"]["id"]),
    }
    names = F.array(*(F.when(check, name) for name, check in checks.items()))
    return F.when(reduce(or_, checks.values()), F.filter(names, lambda name: name.isNotNull()))


def _misfit(text: Column, kind: str) -> Column:
    return values.does_not_fit(text, values.typed(text, kind))


def _any_no_id(artists: Column) -> Column:
    return F.coalesce(F.exists(artists["id"], values.no_id), F.lit(False))


def _item_type() -> Column:
    """Return `episode`, `local`, `track` or, for whatever cannot be played or named, `unavailable`."""
    inner, kind = F.col("inner"), F.lower(F.col("inner.type"))
    no_kind = values.not_blank(kind).isNull()
    is_episode = (kind == "episode") | (no_kind & F.coalesce(values.typed(inner["episode"], "boolean"), F.lit(False)))
    is_track = (no_kind | (kind == "track")) & values.not_blank(inner["id"]).isNotNull()
    return (
        F.when(inner.isNull(), "unavailable")
        .when(is_episode, "episode")
        .when(_is_local(), "local")
        .when(is_track, "track")
        .otherwise("unavailable")
    )


def _is_local() -> Column:
    on_row = values.typed(F.col("row.is_local"), "boolean")
    on_item = values.typed(F.col("inner.is_local"), "boolean")
    by_uri = F.col("inner.uri").startswith("spotify:local:")
    return F.when(on_row | on_item | by_uri, True).otherwise(F.coalesce(on_row, on_item))
