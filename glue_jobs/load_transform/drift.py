"""What does not look as expected: values that did not fit their type, fields that nobody told us of.

Neither stops a load. Values become null and are counted; unknown fields stay in the raw zone and are named once a run.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from load_transform import values
from load_transform.documents import row_texts
from load_transform.parsing import flat, is_object, let

SAMPLED_OBJECTS = 100
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
    """Return `extract_date` and, per typed field, how many surviving rows hold a value that does not fit its type."""
    return items_.groupBy("extract_date").agg(
        *(F.count_if(values.does_not_fit(text, value)).alias(name) for name, (text, value) in _typed_fields().items()),
        *(F.count_if(found).alias(name) for name, found in _ids().items()),
    )


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


def _typed_fields() -> dict[str, tuple[Column, Column]]:
    inner = F.col("inner")
    kinds = {
        "duration_ms": (inner["duration_ms"], "bigint"),
        "explicit": (inner["explicit"], "boolean"),
        "popularity": (inner["popularity"], "int"),
        "disc_number": (inner["disc_number"], "int"),
        "track_number": (inner["track_number"], "int"),
        "is_playable": (inner["is_playable"], "boolean"),
        "is_local": (F.col("row.is_local"), "boolean"),
        "added_at": (F.col("row.added_at"), "timestamp"),
        "total_tracks": (inner["album"]["total_tracks"], "int"),
    }
    fields = {name: (text, values.typed(text, kind)) for name, (text, kind) in kinds.items()}
    date = inner["album"]["release_date"]
    # '0000' is Spotify's way to say that it does not know.
    said = F.when(~date.startswith("0000"), date)
    return {**fields, "release_date": (said, values.release_date(said))}


def _ids() -> dict[str, Column]:
    """Return, per kind of id, whether a row holds an object or array where one belongs."""
    inner = F.col("inner")

    def any_of(artists: Column) -> Column:
        return F.coalesce(F.exists(artists, lambda artist: values.no_id(artist["id"])), F.lit(False))

    return {
        "id": values.no_id(inner["id"]),
        "album_id": values.no_id(inner["album"]["id"]),
        "artist_id": any_of(inner["artists"]) | any_of(inner["album"]["artists"]),
        "added_by": values.no_id(F.col("row.added_by.id")),
    }
