"""Every schema of the job in one place: what is read from raw JSON, and what is written as Parquet.

The read schema declares each scalar as a string. So a value of an unexpected type never spoils its document: the
casts to the contract's types come later, where a value that does not fit becomes null and is counted. Fields that
are not named here stay in the raw zone and are reported once a run.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DataType, StringType, StructField, StructType

from load_transform.contract import CONTRACT_VERSION, PARTITION, Dataset


def _record(*scalars: str, **nested: DataType) -> StructType:
    fields = [StructField(name, StringType()) for name in scalars]
    return StructType(fields + [StructField(name, kind) for name, kind in nested.items()])


_LINKS = _record("spotify")
_ARTISTS = ArrayType(_record("id", "name", external_urls=_LINKS))
_IMAGES = ArrayType(_record("url"))

ALBUM = _record(
    "id",
    "name",
    "album_type",
    "release_date",
    "release_date_precision",
    "total_tracks",
    artists=_ARTISTS,
    external_urls=_LINKS,
    images=_IMAGES,
)

ITEM = _record(
    "id",
    "name",
    "type",
    "uri",
    "episode",
    "is_local",
    "is_playable",
    "duration_ms",
    "explicit",
    "popularity",
    "disc_number",
    "track_number",
    album=ALBUM,
    artists=_ARTISTS,
    show=_record("name"),
    restrictions=_record("reason"),
    external_ids=_record("isrc"),
    external_urls=_LINKS,
)

ROW = _record("added_at", "is_local", added_by=_record("id"), item=ITEM, track=ITEM)
"""A row of a page. The new shape fills `item`, the old one `track`."""

ROWS = ArrayType(ROW)

PLAYLIST = _record(
    "id",
    "name",
    "description",
    "public",
    "collaborative",
    "snapshot_id",
    "href",
    owner=_record("id"),
    followers=_record("total"),
    external_urls=_LINKS,
    images=_IMAGES,
)

ENVELOPE_FIELDS = (
    "schema_version",
    "kind",
    "run_id",
    "extracted_at",
    "fetch_status",
    "fetch_reason",
    "fetched_at",
)

OUTCOMES = ArrayType(_record("playlist_id", "outcome", "reason"))

ENVELOPE = _record(
    *ENVELOPE_FIELDS,
    playlist=PLAYLIST,
    page=_record("href", "offset", "total", items=ROWS),
    playlists=OUTCOMES,
)
"""A line that the extract wrote: a page of a playlist, or (`kind` is `run`) the run's marker with its `playlists`."""

PAGE = StructType(
    [
        StructField("is_envelope", BooleanType()),
        StructField("is_full", BooleanType()),
        StructField("is_repaired", BooleanType()),
        *_record("run_id", "fetch_status", "fetch_reason", "fetched_at", "href", "offset", "total"),
        StructField("playlist", PLAYLIST),
        StructField("rows", ROWS),
    ]
)
"""A page, whatever its document looked like: the one shape that everything after the parsing sees.

`is_envelope`: the extract wrote it, so its object holds the playlist complete; `is_full`: it came inside a playlist
object; `is_repaired`: a value of it did not fit the shape.
"""


def contract_columns(dataset: Dataset) -> list[Column]:
    """Return the dataset's columns, cast and in order, and its partition column, for a `select`.

    The contract's version travels in the Parquet footer, as metadata of `load_id` in the schema that Spark keeps.
    """
    version = {"contract_version": CONTRACT_VERSION}
    columns = [
        F.col(name).cast(kind).alias(name, metadata=version)
        if name == "load_id"
        else F.col(name).cast(kind).alias(name)
        for name, kind in dataset.columns
    ]
    return [*columns, F.col(PARTITION).cast("string").alias(PARTITION)]


def to_contract(dataset: Dataset, frame: DataFrame) -> DataFrame:
    """Return `frame` with exactly the columns of the contract, in its order and types."""
    return frame.select(*contract_columns(dataset))
