"""The report on a big library: 1,000 playlists of 100 songs on 30 dates. Seconds, and the page's size.

Run it with `.venv/bin/python benchmarks/report.py [playlists]`; it prints the row of docs/benchmarks.md. The lake is
written with DuckDB in the contract's columns, of which those that no question asks for are left out.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from spotify_etl import catalog
from spotify_etl.lake import OWN

PLAYLISTS, SONGS, DATES, TIMES = 1_000, 100, 30, 3
_COMMAND = (str(Path(sys.executable).with_name("spotify-etl")), "report", "--lake")

# A song is in five playlists; every date a playlist loses its first song and gets a new one at the end.
_ITEMS = """
SELECT 'p' || p AS playlist_id, 'Playlist ' || p AS playlist_name, i AS position, 'track' AS item_type,
       'spotify:track:s' || song AS item_uri, 's' || song AS item_id, 's' || song AS song_id,
       'Song ' || song AS item_name,
       ['Artist ' || song % 5000] AS item_artist_names, 'Album ' || song % 9000 AS item_album_name,
       180000 AS duration_ms,
       TIMESTAMP '2020-01-01' + INTERVAL 1 DAY * (song % 2000) AS added_at, 'run' AS run_id, '{load}' AS load_id
FROM (
    SELECT p, i, (p // 5 * {songs} + i + {day}) % {library} AS song
    FROM range({playlists}) AS a (p), range({songs}) AS b (i)
)
"""
_TABLES = {
    "playlist_items_data": _ITEMS,
    "playlists_data": """
        SELECT 'p' || p AS playlist_id, 'Playlist ' || p AS playlist_name, {songs} AS item_count, {songs} AS api_total,
               'fetched' AS fetch_status, 'run' AS run_id, '{load}' AS load_id FROM range({playlists}) AS a (p)""",
    "songs_data": """
        SELECT DISTINCT song_id, item_name AS song_name, duration_ms, hash(song_id) % 6 = 0 AS explicit,
               replace(item_album_name, 'Album ', 'al') AS album_id,
               [replace(item_artist_names[1], 'Artist ', 'ar')] AS artist_ids, '{load}' AS load_id FROM items""",
    "albums_data": """
        SELECT DISTINCT replace(item_album_name, 'Album ', 'al') AS album_id, item_album_name AS album_name,
               CAST(1960 + hash(item_album_name) % 66 AS INTEGER) AS release_year, '{load}' AS load_id FROM items""",
    "artists_data": """
        SELECT DISTINCT replace(item_artist_names[1], 'Artist ', 'ar') AS artist_id,
               item_artist_names[1] AS artist_name, '{load}' AS load_id FROM items""",
}


def make(root: Path, playlists: int) -> None:
    """Write and publish the lake."""
    (root / catalog.TRANSFORMED).mkdir(parents=True)
    (root / "lake.json").write_text(json.dumps({"source": OWN}), encoding="utf-8")
    connection = duckdb.connect()
    for day in range(DATES):
        date, load = f"2026-09-{day + 1:02}", f"load-{day:02}"
        size = {"playlists": playlists, "songs": SONGS, "library": playlists * SONGS // 5, "day": day, "load": load}
        connection.execute(f"CREATE OR REPLACE TABLE items AS {_ITEMS.format(**size)}")
        for name, selected in _TABLES.items():
            folder = root / catalog.TRANSFORMED / name / f"extract_date={date}"
            folder.mkdir(parents=True)
            connection.execute(f"COPY ({selected.format(**size)}) TO '{folder / 'part-0.parquet'}' (FORMAT parquet)")
        reports = root / catalog.TRANSFORMED / "load_reports" / f"extract_date={date}"
        reports.mkdir(parents=True)
        rows = playlists * SONGS
        line = {"load_id": load, "rebuilt": True, "run_ids": ["run"], "rows_in": rows, "rows_out": rows}
        (reports / f"{load}.json").write_text(json.dumps({**line, "rows_superseded": 0}) + "\n", encoding="utf-8")
    connection.close()
    catalog.refresh(root)


def main(playlists: int) -> int:
    """Measure, each time in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "lake"
        make(root, playlists)
        seconds = []
        for _ in range(TIMES):
            began = time.monotonic()
            subprocess.run([*_COMMAND, str(root)], check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.monotonic() - began)
        size = (root / "report.html").stat().st_size
    rows = playlists * SONGS * DATES
    sys.stdout.write(
        f"| {playlists:,} | {rows:,} | {statistics.median(seconds):.1f} | {min(seconds):.1f} | {max(seconds):.1f} "
        f"| {size / 1000:.0f} |\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else PLAYLISTS))
