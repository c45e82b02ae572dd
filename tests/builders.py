"""Builders of test data: what the Web API answers, in every shape, and the lakes that it lands in. All is made up."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from load_transform.contract import DATASETS, PARTITION, PROCESSED, QUARANTINE, TO_BE_PROCESSED
from load_transform.orders import Order

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Json = dict[str, Any]
Row = dict[str, Any]

API = "https://api.spotify.com/v1"
WEB = "https://open.spotify.com"
DATE = "2026-08-03"
MORNING = datetime(2026, 8, 3, 6, 0, 0, tzinfo=UTC)

ABSENT = object()
"""As a change to a built document: the key is left out."""


def _changed(document: Json, changes: Mapping[str, Any]) -> Json:
    return {key: value for key, value in {**document, **changes}.items() if value is not ABSENT}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def artist(artist_id: str | None = "artist1", **changes: Any) -> Json:
    links = {"spotify": f"{WEB}/artist/{artist_id}"}
    document = {"external_urls": links, "href": f"{API}/artists/{artist_id}", "id": artist_id, "type": "artist"}
    return _changed({**document, "name": f"Artist {artist_id}", "uri": f"spotify:artist:{artist_id}"}, changes)


def album(album_id: str | None = "album1", **changes: Any) -> Json:
    document = {
        "album_type": "album",
        "artists": [artist()],
        "external_urls": {"spotify": f"{WEB}/album/{album_id}"},
        "href": f"{API}/albums/{album_id}",
        "id": album_id,
        "images": [
            {"height": 640, "url": f"https://i.example/{album_id}", "width": 640},
            {"url": "https://i.example/s"},
        ],
        "name": f"Album {album_id}",
        "release_date": "1999-05-17",
        "release_date_precision": "day",
        "total_tracks": 11,
        "type": "album",
        "uri": f"spotify:album:{album_id}",
    }
    return _changed(document, changes)


def track(track_id: str | None = "track1", **changes: Any) -> Json:
    """A track as the API sends it, with the booleans `track` and `episode` that are no rows."""
    document = {
        "album": album(),
        "artists": [artist()],
        "disc_number": 1,
        "duration_ms": 200_040,
        "episode": False,
        "explicit": False,
        "external_ids": {"isrc": f"ISRC{track_id}"},
        "external_urls": {"spotify": f"{WEB}/track/{track_id}"},
        "href": f"{API}/tracks/{track_id}",
        "id": track_id,
        "is_local": False,
        "is_playable": True,
        "name": f"Song {track_id}",
        "popularity": 55,
        "track": True,
        "track_number": 3,
        "type": "track",
        "uri": f"spotify:track:{track_id}",
    }
    return _changed(document, changes)


def episode(episode_id: str = "episode1", **changes: Any) -> Json:
    document = {
        "description": "Two people\ntalk.",
        "duration_ms": 3_600_000,
        "episode": True,
        "explicit": False,
        "id": episode_id,
        "name": f"Episode {episode_id}",
        "release_date": "2026-01-05",
        "show": {"id": "show1", "name": "The Show", "publisher": "Somebody"},
        "track": False,
        "type": "episode",
        "uri": f"spotify:episode:{episode_id}",
    }
    return _changed(document, changes)


def local_track(**changes: Any) -> Json:
    nothing: Json = {"album_type": None, "artists": [], "external_urls": {}, "id": None, "images": [], "name": "Tapes"}
    document = {
        "album": {**nothing, "release_date": None, "release_date_precision": None, "uri": None},
        "artists": [{"external_urls": {}, "id": None, "name": "Me", "type": "artist"}],
        "disc_number": 0,
        "duration_ms": 121_000,
        "external_ids": {},
        "external_urls": {},
        "id": None,
        "is_local": True,
        "name": "Home recording",
        "popularity": 0,
        "track_number": 0,
        "type": "track",
        "uri": "spotify:local:Me:Tapes:Home+recording:121",
    }
    return _changed(document, changes)


def row(inner: Any = ABSENT, *, shape: str = "item", **changes: Any) -> Json:
    """A row of a page in the `item`, the `track` or `both` shapes."""
    inner = track() if inner is ABSENT else inner
    names = ("item", "track") if shape == "both" else (shape,)
    document = {
        "added_at": "2024-02-03T04:05:06Z",
        "added_by": {"id": "user1", "type": "user"},
        "is_local": False,
        "primary_color": None,
        "video_thumbnail": {"url": None},
        **dict.fromkeys(names, inner),
    }
    return _changed(document, changes)


def rows(*track_ids: str, shape: str = "item") -> list[Json]:
    return [row(track(track_id), shape=shape) for track_id in track_ids]


def page(items: Sequence[Any], /, *, playlist_id: str = "playlist1", offset: int = 0, **changes: Any) -> Json:
    document = {
        "href": f"{API}/playlists/{playlist_id}/items?offset={offset}&limit=50",
        "items": list(items),
        "limit": 50,
        "next": None,
        "offset": offset,
        "previous": None,
        "total": len(items),
    }
    return _changed(document, changes)


def metadata(playlist_id: str = "playlist1", **changes: Any) -> Json:
    """A playlist without its items, as the envelope holds it."""
    document = {
        "collaborative": False,
        "description": "made up",
        "external_urls": {"spotify": f"{WEB}/playlist/{playlist_id}"},
        "followers": {"href": None, "total": 7},
        "href": f"{API}/playlists/{playlist_id}",
        "id": playlist_id,
        "images": [{"height": None, "url": f"https://i.example/{playlist_id}", "width": None}],
        "name": f"Playlist {playlist_id}",
        "owner": {"id": "user1", "type": "user"},
        "primary_color": None,
        "public": True,
        "snapshot_id": f"snapshot-{playlist_id}",
        "type": "playlist",
        "uri": f"spotify:playlist:{playlist_id}",
    }
    return _changed(document, changes)


def playlist(items: Sequence[Any], /, *, playlist_id: str = "playlist1", shape: str = "items", **changes: Any) -> Json:
    """A full playlist object in the `items`, the `tracks` or `both` shapes. A page may be given instead of rows."""
    names = ("items", "tracks") if shape == "both" else (shape,)
    body = page(items, playlist_id=playlist_id)
    return _changed({**metadata(playlist_id), **dict.fromkeys(names, body)}, changes)


@dataclass(frozen=True)
class ExtractRun:
    """A run of the extract, by the time of its schedule."""

    started: datetime = MORNING

    @property
    def run_id(self) -> str:
        return f"{self.started:%Y%m%dT%H%M%SZ}"

    @property
    def folder(self) -> str:
        return f"extract_date={self.started:%Y-%m-%d}/"

    @property
    def extracted_at(self) -> str:
        return (self.started + timedelta(seconds=2)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def object_name(self, playlist_id: str = "playlist1") -> str:
        return f"{self.folder}{playlist_id}-{self.run_id}.jsonl"

    @property
    def marker_name(self) -> str:
        return f"{self.folder}run-{self.run_id}.json"

    def line(self, the_page: Json, the_playlist: Json | None = None, **changes: Any) -> Json:
        """One line of an object: a page of the API."""
        document = {
            "schema_version": 1,
            "run_id": self.run_id,
            "extracted_at": self.extracted_at,
            "fetch_status": "fetched",
            "fetch_reason": None,
            "fetched_at": self.extracted_at,
            "carried_from": None,
            "playlist": metadata() if the_playlist is None else the_playlist,
            "page": the_page,
        }
        return _changed(document, changes)

    def lines(
        self, items: Sequence[Any], *, playlist_id: str = "playlist1", size: int = 50, **changes: Any
    ) -> list[Json]:
        """A whole object: the playlist's rows on as many pages as they take."""
        starts = range(0, len(items), size) or [0]
        head = metadata(playlist_id, **changes)
        return [
            self.line(page(items[start : start + size], playlist_id=playlist_id, offset=start, total=len(items)), head)
            for start in starts
        ]

    def marker(self, *outcomes: tuple[str, str, str | None]) -> Json:
        said = [{"playlist_id": one, "outcome": outcome, "reason": reason} for one, outcome, reason in outcomes]
        document = {"schema_version": 1, "kind": "run", "run_id": self.run_id, "extracted_at": self.extracted_at}
        return {**document, "requests": 9, "playlists": said}


def one_line(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def pretty(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=True, indent=2).encode() + b"\n"


def json_lines(documents: Iterable[Any]) -> bytes:
    return b"".join(one_line(document) + b"\n" for document in documents)


@dataclass(frozen=True)
class Dropped:
    """An object to drop: its name below `to_be_processed/`, its bytes and its modification time."""

    name: str
    content: bytes
    modified: datetime = MORNING


def dropped(name: str, document: Any, modified: datetime = MORNING) -> Dropped:
    """An object of one JSON document (or, of bytes, as they are)."""
    return Dropped(name, document if isinstance(document, bytes) else one_line(document), modified)


def extracted(run: ExtractRun, items: Sequence[Any], *, playlist_id: str = "playlist1", **changes: Any) -> Dropped:
    """An object that the extract wrote."""
    return Dropped(run.object_name(playlist_id), json_lines(run.lines(items, playlist_id=playlist_id, **changes)))


class Ticks:
    """A clock that moves on by a second whenever it is asked."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 7, tzinfo=UTC)) -> None:
        self._seconds = count()
        self._start = start

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=next(self._seconds))


class Lake:
    """Two folders that stand for the two buckets, and the job that works on them."""

    def __init__(self, spark: SparkSession, root: Path, clock: Callable[[], datetime] | None = None) -> None:
        self.raw, self.transformed = root / "raw", root / "transformed"
        self._spark = spark
        self._clock = clock or Ticks()
        for folder in (self.raw / TO_BE_PROCESSED, self.transformed):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def uris(self) -> tuple[str, str]:
        return f"file://{self.raw}", f"file://{self.transformed}"

    def drop(self, *objects: Dropped) -> None:
        for one in objects:
            put(self.raw / TO_BE_PROCESSED / one.name, one.content, one.modified)

    def load(self, **order: Any) -> Json:
        """Run the job, with the fields of an `Order` or without."""
        from load_transform import job  # noqa: PLC0415 - the builders are used without Spark too

        return job.run(self._spark, *self.uris, clock=self._clock, order=Order(**order))

    def take(self, *objects: Dropped) -> Json:
        """Drop the objects and run the job."""
        self.drop(*objects)
        return self.load()

    def pending(self) -> dict[str, bytes]:
        return contents(self.raw / TO_BE_PROCESSED)

    def processed(self) -> dict[str, bytes]:
        return contents(self.raw / PROCESSED)

    def quarantined(self) -> dict[str, bytes]:
        """The quarantined objects, by the names under which they were dropped."""
        return {_without_stamp(name): content for name, content in self._quarantine() if not _is_reason(name)}

    def reasons(self) -> dict[str, Json]:
        """Why the quarantined objects are there, by the names under which they were dropped."""
        found = {name: json.loads(content) for name, content in self._quarantine() if _is_reason(name)}
        return {_without_stamp(name).removesuffix(".reason.json"): reason for name, reason in found.items()}

    def reason_codes(self) -> dict[str, str]:
        return {name: reason["reason"] for name, reason in self.reasons().items()}

    def _quarantine(self) -> Iterable[tuple[str, bytes]]:
        return contents(self.raw / QUARANTINE).items()

    def everything_raw(self) -> list[bytes]:
        """The bytes of every raw object, wherever it lies."""
        objects = contents(self.raw)
        return sorted(content for name, content in objects.items() if not _is_reason(name))

    def table(self, dataset: str, *, load_id: bool = False) -> list[Row]:
        """All rows of a dataset, over all dates, in the order of its key."""
        return read_table(self.transformed, dataset, load_id=load_id)

    def tables(self) -> dict[str, list[Row]]:
        """All rows of all datasets, apart from what tells one load from another."""
        return {dataset.name: self.table(dataset.name) for dataset in DATASETS}

    def column(self, dataset: str, name: str) -> list[Any]:
        return [found[name] for found in self.table(dataset)]

    def partition(self, dataset: str, date: str = DATE) -> dict[str, bytes]:
        return contents(self.transformed / dataset / f"{PARTITION}={date}")

    def leftovers(self) -> set[str]:
        """Whatever lies in the curated bucket and is neither a table's file nor a report."""
        tables = tuple(f"{dataset.name}/{PARTITION}=" for dataset in DATASETS)
        return {
            name
            for name in contents(self.transformed)
            if not name.startswith((*tables, "load_reports/", "load_details/"))
        }

    def reports(self, date: str = DATE) -> list[Json]:
        """The lines of a date's load reports, oldest first."""
        return [
            json.loads(text)
            for _, text in sorted(contents(self.transformed / f"load_reports/{PARTITION}={date}").items())
        ]

    def details(self, date: str = DATE) -> list[Json]:
        return [
            json.loads(text)
            for _, text in sorted(contents(self.transformed / f"load_details/{PARTITION}={date}").items())
        ]


def put(path: Path, content: bytes, modified: datetime = MORNING) -> None:
    """Write a file with a modification time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    nanoseconds = int(modified.timestamp()) * 1_000_000_000 + modified.microsecond * 1000
    os.utime(path, ns=(nanoseconds, nanoseconds))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in there."""
    files = (path for path in folder.rglob("*") if path.is_file()) if folder.exists() else ()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def read_table(transformed: Path, dataset: str, *, load_id: bool = False) -> list[Row]:
    """Return a dataset's rows as dictionaries in the order of its key, moments as UTC without a zone."""
    declared = next(one for one in DATASETS if one.name == dataset)
    if not list((transformed / dataset).glob("*/*.parquet")):
        return []
    columns = [(PARTITION, "string"), *(one for one in declared.columns if load_id or one[0] != "load_id")]
    said = ", ".join(f"{name} AT TIME ZONE 'UTC' AS {name}" if kind == "timestamp" else name for name, kind in columns)
    key = ", ".join((PARTITION, *declared.key))
    files = f"read_parquet('{transformed}/{dataset}/*/*.parquet', hive_partitioning=true, hive_types_autocast=false)"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"SELECT {said} FROM {files} ORDER BY {key}")
        names = [one[0] for one in found.description]
        return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


def _is_reason(name: str) -> bool:
    return name.endswith(".reason.json")


def _without_stamp(name: str) -> str:
    return name.partition("/")[2]
