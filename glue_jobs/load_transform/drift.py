"""What does not look as expected: values that did not fit their type, fields that nobody told us of.

Neither stops a load. Values become null and are counted; unknown fields stay in the raw zone and are named once a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from load_transform.documents import row_texts
from load_transform.parsing import flat, is_object, let

SAMPLED_OBJECTS = 100
SAMPLED_BYTES = 32 * 1024 * 1024
SAMPLED_ROWS = 1000
NAMED_FIELDS = 100
OTHERS = "others"
_LONGEST_NAME = 100

_COMMON = {"available_markets", "external_ids", "external_urls", "href", "id", "name", "popularity", "type", "uri"}
_PLAYABLE = {"is_playable", "restrictions"}
KNOWN_FIELDS = {
    "row": {"added_at", "added_by", "is_local", "item", "primary_color", "track", "video_thumbnail"},
    "item": _COMMON
    | _PLAYABLE
    | {"album", "artists", "audio_preview_url", "description", "disc_number", "duration_ms", "episode", "explicit"}
    | {"html_description", "images", "is_externally_hosted", "is_local", "language", "languages", "linked_from"}
    | {"preview_url", "release_date", "release_date_precision", "resume_point", "show", "track", "track_number"},
    "album": _COMMON
    | _PLAYABLE
    | {"album_group", "album_type", "artists", "copyrights", "genres", "images", "label", "release_date"}
    | {"release_date_precision", "total_tracks", "tracks"},
}
"""Every field that the Web API has had, by the object that holds it."""


def values_not_fitting(items_: DataFrame) -> DataFrame:
    """Return `extract_date, field, rows`: how many surviving rows hold a value of a field that does not fit."""
    return (
        items_.select("extract_date", F.explode("misfits").alias("field"))
        .groupBy("extract_date", "field")
        .agg(F.count("*").alias("rows"))
    )


def sample(sizes: Mapping[str, int]) -> list[str]:
    """Return the addresses of some objects, spread over all; `sizes` are their bytes by address.

    As many as are about `SAMPLED_BYTES` together, at most `SAMPLED_OBJECTS` and at least one: an object is taken apart
    as text, a dozen copies of it at a time.
    """
    mean = sum(sizes.values()) / max(1, len(sizes))
    many = max(1, min(SAMPLED_OBJECTS, int(SAMPLED_BYTES / max(1, mean))))
    return sorted(sizes)[:: ceil(len(sizes) / many) or 1]


def unknown_fields(documents: DataFrame) -> DataFrame:
    """Return `uri, field, rows` for fields outside `KNOWN_FIELDS`, in at most 1,000 rows.

    Of each object the 100 most frequent are named, by at most 100 characters; `others` counts the rest. Rows, not
    documents, are sampled: a document may be as large as an object.
    """
    texts = F.explode(row_texts(F.col("text"), SAMPLED_ROWS))
    rows = documents.where(F.col("reason").isNull()).select("uri", texts.alias("row"))
    holders = rows.limit(SAMPLED_ROWS).withColumn("item", _inner(F.col("row"))).withColumn("album", _album())
    unknown = [_unknown_keys(holder, known) for holder, known in KNOWN_FIELDS.items()]
    counted = (
        holders.select("uri", F.explode(F.concat(*unknown)).alias("field"))
        .groupBy("uri", "field")
        .agg(F.count("*").alias("rows"))
    )
    by_rows = Window.partitionBy("uri").orderBy(F.desc("rows"), "field")
    name = F.when(F.row_number().over(by_rows) <= NAMED_FIELDS, F.col("field")).otherwise(OTHERS)
    return counted.withColumn("field", name).groupBy("uri", "field").agg(F.sum("rows").alias("rows"))


def _inner(row: Column) -> Column:
    return let(
        flat(row, ("item", "track")),
        lambda inner: F.when(is_object(inner["item"]), inner["item"]).otherwise(inner["track"]),
    )


def _album() -> Column:
    return flat(F.col("item"), ("album",))["album"]


def _unknown_keys(holder: str, known: set[str]) -> Column:
    """Return the names of the fields of an object, as JSON text, that are not known; none where it is no object."""
    unknown = F.filter(F.json_object_keys(holder), lambda key: ~key.isin(sorted(known)))
    names = F.transform(unknown, lambda key: F.concat(F.lit(f"{holder}."), F.substring(key, 1, _LONGEST_NAME)))
    return F.coalesce(F.array_distinct(names), F.array().cast("array<string>"))
