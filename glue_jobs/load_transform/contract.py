"""The names that the job shares with whoever writes its input and reads its output.

Plain data, no Spark: the command line and the catalogue read the same tables from here. A type never changes;
columns may be added at the end. Types are the Glue catalogue's.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTRACT_VERSION = 1

TO_BE_PROCESSED = "raw_data/to_be_processed/"
PROCESSED = "raw_data/processed/"
QUARANTINE = "raw_data/quarantine/"

LOAD_REPORTS = "load_reports/"
LOAD_DETAILS = "load_details/"
LOAD_INTENTS = "load_intents/"
LOAD_HOLDS = "load_holds/"

PARTITION = "extract_date"


@dataclass(frozen=True)
class Dataset:
    """One curated table: a folder of the transformed bucket, partitioned by `extract_date`.

    `key` names the columns that are unique and not null within a date; `columns` are the file's, in order, each
    with its type. The partition column is a string and not among them.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]

    @property
    def prefix(self) -> str:
        """The dataset's folder in the transformed bucket."""
        return f"{self.name}/"


_LINEAGE = (("load_id", "string"),)

ALBUMS = Dataset(
    "albums_data",
    ("album_id",),
    (
        ("album_id", "string"),
        ("album_name", "string"),
        ("album_type", "string"),
        ("release_date", "date"),
        ("release_date_precision", "string"),
        ("release_year", "int"),
        ("total_tracks", "int"),
        ("artist_ids", "array<string>"),
        ("url", "string"),
        ("image_url", "string"),
        *_LINEAGE,
    ),
)

ARTISTS = Dataset(
    "artists_data",
    ("artist_id",),
    (
        ("artist_id", "string"),
        ("artist_name", "string"),
        ("url", "string"),
        *_LINEAGE,
    ),
)

SONGS = Dataset(
    "songs_data",
    ("song_id",),
    (
        ("song_id", "string"),
        ("song_name", "string"),
        ("duration_ms", "bigint"),
        ("explicit", "boolean"),
        ("popularity", "int"),
        ("isrc", "string"),
        ("disc_number", "int"),
        ("track_number", "int"),
        ("album_id", "string"),
        ("artist_id", "string"),
        ("artist_ids", "array<string>"),
        ("url", "string"),
        ("song_added", "timestamp"),
        *_LINEAGE,
    ),
)

PLAYLIST_ITEMS = Dataset(
    "playlist_items_data",
    ("playlist_id", "position"),
    (
        ("playlist_id", "string"),
        ("playlist_name", "string"),
        ("snapshot_id", "string"),
        ("position", "int"),
        ("item_type", "string"),
        ("item_id", "string"),
        ("song_id", "string"),
        ("item_name", "string"),
        ("item_uri", "string"),
        ("item_artist_names", "array<string>"),
        ("item_album_name", "string"),
        ("duration_ms", "bigint"),
        ("is_local", "boolean"),
        ("is_playable", "boolean"),
        ("restriction_reason", "string"),
        ("added_at", "timestamp"),
        ("added_by", "string"),
        ("run_id", "string"),
        ("extracted_at", "timestamp"),
        *_LINEAGE,
    ),
)

PLAYLISTS = Dataset(
    "playlists_data",
    ("playlist_id",),
    (
        ("playlist_id", "string"),
        ("playlist_name", "string"),
        ("description", "string"),
        ("owner_id", "string"),
        ("is_public", "boolean"),
        ("is_collaborative", "boolean"),
        ("followers", "bigint"),
        ("url", "string"),
        ("image_url", "string"),
        ("snapshot_id", "string"),
        ("api_total", "int"),
        ("item_count", "int"),
        ("fetch_status", "string"),
        ("fetch_reason", "string"),
        ("fetched_at", "timestamp"),
        ("run_id", "string"),
        ("extracted_at", "timestamp"),
        *_LINEAGE,
    ),
)

DATASETS = (ALBUMS, ARTISTS, SONGS, PLAYLIST_ITEMS, PLAYLISTS)
"""The registry: what is written, checked, counted, forgotten and queried is these. A new one goes to the end."""

LOAD_REPORT_COLUMNS = (
    ("load_id", "string"),
    ("contract_version", "int"),
    ("code_version", "string"),
    ("loaded_at", "string"),
    ("run_ids", "array<string>"),
    ("rebuilt", "boolean"),
    ("objects_new", "int"),
    ("objects_read", "int"),
    ("objects_quarantined", "int"),
    ("rows_in", "bigint"),
    ("rows_in_new", "bigint"),
    ("rows_out", "bigint"),
    ("rows_superseded", "bigint"),
    ("rows", f"struct<{','.join(f'{dataset.name}:bigint' for dataset in DATASETS)}>"),
    ("values_not_fitting", "map<string,bigint>"),
    ("unknown_fields", "map<string,bigint>"),
    ("seconds", "map<string,double>"),
    ("gates_failed", "array<string>"),
    ("warnings", "array<string>"),
)
"""One line of JSON per load and date. `rebuilt` is false where a load only quarantined objects of that date, and where
a quality gate held the date: `gates_failed` then says which."""
