"""Small curated lakes, written with DuckDB as the Glue job writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from load_transform.contract import DATASETS, LOAD_REPORT_COLUMNS, Dataset

BY_NAME = {dataset.name: dataset for dataset in DATASETS}
TYPES = {"string": "VARCHAR", "int": "INTEGER", "array<string>": "VARCHAR[]"}

Row = Mapping[str, Any]

_WRITER = duckdb.connect()


class Lake:
    """A lake's root folder and what a load does to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.transformed = root / "transformed"
        self.loads = 0

    def next_load_id(self) -> str:
        self.loads += 1
        return f"load-{self.loads:04}"

    def write(self, dataset: str, date: str, rows: Sequence[Row], load_id: str, part: int = 0) -> Path:
        """Append one file to a partition."""
        path = self.transformed / dataset / f"extract_date={date}" / f"part-{load_id}-{part:05}.zstd.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(path, BY_NAME[dataset], [{**row, "load_id": load_id} for row in rows])
        return path

    def report(
        self, date: str, load_id: str, run_ids: Sequence[str] = (), *, rebuilt: bool = True, **columns: Any
    ) -> None:
        line: dict[str, Any] = dict.fromkeys(name for name, _ in LOAD_REPORT_COLUMNS)
        line |= {"extract_date": date, "load_id": load_id, "contract_version": 1, "run_ids": list(run_ids)}
        line |= {"rebuilt": rebuilt, **columns}
        path = self.transformed / "load_reports" / f"extract_date={date}" / f"{load_id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(line) + "\n", encoding="utf-8")

    def day(
        self,
        date: str,
        playlists: Mapping[str, Iterable[str | Row] | None],
        *,
        run: bool = True,
        load_id: str | None = None,
        report: bool = True,
        playlist_rows: Mapping[str, Row] | None = None,
        songs: Mapping[str, Row] | None = None,
    ) -> str:
        """Load a date. Each playlist is its items (an id, or columns of one), or None when it is `missing`.

        `playlist_rows` and `songs` override columns of a playlist's and a song's own row.
        """
        load_id = load_id or self.next_load_id()
        run_id = f"run-{date}" if run else None
        heads, items, tracks = [], [], {}
        for playlist_id, content in playlists.items():
            rows = [] if content is None else [_item(entry) for entry in content]
            head = {
                "playlist_id": playlist_id,
                "playlist_name": None if content is None else f"Playlist {playlist_id}",
                "item_count": None if content is None else len(rows),
                "api_total": None if content is None else len(rows),
                "fetch_status": None if not run else "missing" if content is None else "fetched",
                "run_id": run_id,
                **(playlist_rows or {}).get(playlist_id, {}),
            }
            heads.append(head)
            for position, row in enumerate(rows):
                place = {"playlist_id": playlist_id, "playlist_name": head["playlist_name"], "position": position}
                items.append({"run_id": run_id, **place, **row})
                if row.get("song_id"):
                    tracks[row["song_id"]] = _song(row, (songs or {}).get(row["song_id"], {}))
        albums = {song["album_id"]: song for song in tracks.values()}
        artists = {artist for song in tracks.values() for artist in song["artist_ids"]}
        written: dict[str, Sequence[Row]] = {
            "playlists_data": heads,
            "playlist_items_data": items,
            "songs_data": list(tracks.values()),
            "albums_data": [_album(album_id) for album_id in albums],
            "artists_data": [_artist(artist) for artist in sorted(artists)],
        }
        for dataset, lines in written.items():
            self.write(dataset, date, lines, load_id)
        if report:
            counts = {dataset: len(lines) for dataset, lines in written.items()}
            self.report(date, load_id, [run_id] if run_id else [], rows=counts)
        return load_id

    def remove(self, load_id: str, dataset: str = "*") -> None:
        """Delete a load's files, as a rebuild does after its own are there."""
        for path in self.transformed.glob(f"{dataset}_data/*/part-{load_id}-*"):
            path.unlink()


def write_parquet(path: Path, dataset: Dataset, rows: Sequence[Row], *, leave_out: Sequence[str] = ()) -> None:
    """Write rows with the contract's columns; a column that a row does not name is NULL."""
    columns = [(name, TYPES.get(kind, kind)) for name, kind in dataset.columns if name not in leave_out]
    unknown = {name for row in rows for name in row} - {name for name, _ in columns} - set(leave_out)
    assert not unknown, f"not in the contract: {unknown}"
    target = str(path).replace("'", "''")
    _WRITER.execute(f"CREATE OR REPLACE TABLE data ({', '.join(f'{name} {kind}' for name, kind in columns)})")
    if rows:
        marks = ", ".join(f"({', '.join('?' for _ in columns)})" for _ in rows)
        values = [row.get(name) for row in rows for name, _ in columns]
        _WRITER.execute(f"INSERT INTO data VALUES {marks}", values)
    _WRITER.execute(f"COPY data TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def track(song_id: str, /, **columns: Any) -> Row:
    """Columns of an item that is a track."""
    return {
        "item_type": "track",
        "item_id": song_id,
        "song_id": song_id,
        "item_uri": f"spotify:track:{song_id}",
        "item_name": f"Song {song_id}",
        "item_artist_names": [f"Artist of {song_id}"],
        "item_album_name": f"Album of {song_id}",
        "duration_ms": 1000,
        **columns,
    }


def null_item(**columns: Any) -> Row:
    """Columns of an item of which the API tells nothing."""
    return {"item_type": "unavailable", "item_artist_names": [], **columns}


def _item(entry: str | Row) -> Row:
    return track(entry) if isinstance(entry, str) else entry


def _song(item: Row, overrides: Row) -> dict[str, Any]:
    song_id = item["song_id"]
    return {
        "song_id": song_id,
        "song_name": item["item_name"],
        "album_id": f"album-{song_id}",
        "artist_id": f"artist-{song_id}",
        "artist_ids": [f"artist-{song_id}"],
        "duration_ms": item["duration_ms"],
        **overrides,
    }


def _album(album_id: str) -> Row:
    return {"album_id": album_id, "album_name": album_id.title(), "release_year": 1999, "artist_ids": ["artist-x"]}


def _artist(artist_id: str) -> Row:
    return {"artist_id": artist_id, "artist_name": artist_id.title()}
