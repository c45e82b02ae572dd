"""A reader all the while: queries in a loop while a date is replaced see every key, in the views exactly once.

The reader is what `spotify-etl query` opens, once per look, as an analyst who asks now and again. That a query whose
file vanished is asked once more is in tests/unit/sql/test_engine.py.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spotify_etl import catalog, sql
from tests.builders import DATE, MORNING, Dropped, ExtractRun, Lake, dropped, extracted, rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEPT = [f"kept{number}" for number in range(20)]
LOADS = 3

LOOKS = {
    "table": f"SELECT count(DISTINCT song_id), count(*) FROM songs_data WHERE extract_date = '{DATE}'",
    "view": "SELECT count(DISTINCT song_id), count(*) FROM songs",
    "items": "SELECT count(DISTINCT playlist_id || '/' || CAST(position AS varchar)), count(*) FROM playlist_items",
    "playlists": "SELECT count(DISTINCT playlist_id), count(*) FROM playlists",
    "joined": "SELECT count(DISTINCT song_id), count(*) FROM playlist_songs",
}


def load_of(number: int) -> list[Dropped]:
    """The objects of one load of the date: the songs that stay, and one more each time."""
    run = ExtractRun(MORNING + timedelta(hours=number))
    ids = [*KEPT, *(f"added{one}" for one in range(number + 1))]
    marker = dropped(run.marker_name, run.marker(("playlist1", "fetched", None)))
    return [extracted(run, rows(*ids)), marker]


@dataclass
class Reader:
    """Looks at a lake over and over, in a thread of its own, and keeps what it saw."""

    root: Path
    seen: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {name: [] for name in LOOKS})
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self.stop.wait(0.02):
            try:
                connection = catalog.connect(self.root)
            except Exception as error:  # noqa: BLE001  kept for the test to show
                self.failures.append(f"connect: {error}")
                continue
            try:
                for name, statement in LOOKS.items():
                    keys, count = sql.run(connection, statement).rows[0]
                    self.seen[name].append((keys, count))  # type: ignore[arg-type]
            except sql.QueryError as error:
                self.failures.append(str(error))
            finally:
                connection.close()


@pytest.fixture(scope="module")
def reader(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    lake = Lake(spark, tmp_path_factory.mktemp("read") / "lake")
    root = lake.transformed.parent
    lake.take(*load_of(0))
    catalog.refresh(root)
    reading = Reader(root)
    thread = threading.Thread(target=reading.look)
    thread.start()
    try:
        for number in range(1, LOADS):
            lake.take(*load_of(number))
            catalog.refresh(root)
    finally:
        reading.stop.set()
        thread.join()
    return reading


def test_no_look_failed(reader: Reader) -> None:
    assert reader.failures == []


@pytest.mark.parametrize("look", LOOKS)
def test_no_look_saw_fewer_keys_than_before_or_after(reader: Reader, look: str) -> None:
    fewest, most = (1, 1) if look == "playlists" else (len(KEPT) + 1, len(KEPT) + LOADS)
    seen = reader.seen[look]

    assert len(seen) > 20, "it did look"
    assert min(keys for keys, _ in seen) == fewest
    assert max(keys for keys, _ in seen) <= most
    assert [keys for keys, _ in seen] == sorted(keys for keys, _ in seen), "never back to fewer"


@pytest.mark.parametrize("look", [name for name in LOOKS if name != "table"])
def test_the_views_never_show_a_key_twice(reader: Reader, look: str) -> None:
    assert [(keys, count) for keys, count in reader.seen[look] if keys != count] == []


def test_a_base_table_may_show_a_date_twice_for_a_moment(reader: Reader) -> None:
    """Else the views would have had nothing to hide."""
    assert any(count > keys for keys, count in reader.seen["table"])
