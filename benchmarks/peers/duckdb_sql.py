"""DuckDB: the rows read once into a table, three statements of SQL that copy to partitioned Parquet."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

LINKS = "STRUCT(spotify VARCHAR)"
ARTISTS = f"STRUCT(id VARCHAR, name VARCHAR, external_urls {LINKS})[]"
ALBUM = f"""STRUCT(id VARCHAR, name VARCHAR, album_type VARCHAR, release_date VARCHAR, release_date_precision VARCHAR,
    total_tracks INT, artists {ARTISTS}, external_urls {LINKS}, images STRUCT(url VARCHAR)[])"""
TRACK = f"""STRUCT(id VARCHAR, name VARCHAR, type VARCHAR, duration_ms BIGINT, explicit BOOLEAN, popularity INT,
    disc_number INT, track_number INT, album {ALBUM}, artists {ARTISTS}, external_ids STRUCT(isrc VARCHAR),
    external_urls {LINKS})"""
ROWS = f"STRUCT(added_at TIMESTAMP, is_local BOOLEAN, item {TRACK}, track {TRACK})[]"

TRACKS = f"""
CREATE TEMP TABLE tracks AS
WITH pages AS (
    SELECT regexp_extract(filename, '.*(\\d{{4}}-\\d{{2}}-\\d{{2}})', 1) AS extract_date,
        coalesce(extracted_at, filename) AS newest,
        unnest(coalesce(page.items, tracks.items, items)) AS r
    FROM read_json($raw, format = 'newline_delimited', filename = true, maximum_object_size = 67108864, columns = {{
        extracted_at: 'VARCHAR', page: 'STRUCT(items {ROWS})', tracks: 'STRUCT(items {ROWS})', items: '{ROWS}'}})
)
SELECT extract_date, newest, r.added_at, coalesce(r.item, r.track) AS track
FROM pages
WHERE coalesce(r.item, r.track).id IS NOT NULL AND coalesce(r.item, r.track).type = 'track' AND NOT r.is_local
"""  # noqa: S608  of constants

ALBUMS = """
WITH observed AS (
    SELECT extract_date, newest, a.id AS album_id, a.name AS album_name, a.album_type,
        CASE WHEN a.release_date <> '0000' THEN left(a.release_date || '-01-01', 10)::DATE END AS release_date,
        CASE WHEN a.release_date <> '0000' THEN a.release_date_precision END AS release_date_precision,
        year(CASE WHEN a.release_date <> '0000' THEN left(a.release_date || '-01-01', 10)::DATE END) AS release_year,
        a.total_tracks, [one.id FOR one IN a.artists IF one.id IS NOT NULL] AS artist_ids,
        a.external_urls.spotify AS url, a.images[1].url AS image_url
    FROM (SELECT extract_date, newest, track.album AS a FROM tracks)
    WHERE a.id IS NOT NULL
)
SELECT * EXCLUDE newest FROM observed
QUALIFY row_number() OVER (
    PARTITION BY extract_date, album_id
    ORDER BY coalesce(album_name, '') = '', newest DESC, album_name, album_type, release_date, release_date_precision,
        release_year, total_tracks, artist_ids, url, image_url
) = 1
"""

ARTIST_ROWS = """
WITH named AS (
    SELECT extract_date, newest, unnest(list_concat(track.artists, track.album.artists)) AS a FROM tracks
), observed AS (
    SELECT extract_date, newest, a.id AS artist_id, a.name AS artist_name, a.external_urls.spotify AS url
    FROM named WHERE a.id IS NOT NULL
)
SELECT * EXCLUDE newest FROM observed
QUALIFY row_number() OVER (
    PARTITION BY extract_date, artist_id ORDER BY coalesce(artist_name, '') = '', newest DESC, artist_name, url
) = 1
"""

SONGS = """
WITH observed AS (
    SELECT extract_date, newest, track.id AS song_id, track.name AS song_name, track.duration_ms, track.explicit,
        track.popularity, track.external_ids.isrc, track.disc_number, track.track_number, track.album.id AS album_id,
        [one.id FOR one IN track.artists IF one.id IS NOT NULL] AS artist_ids,
        track.external_urls.spotify AS url, added_at
    FROM tracks
)
SELECT extract_date, song_id, song_name, duration_ms, explicit, popularity, isrc, disc_number, track_number, album_id,
    artist_ids[1] AS artist_id, artist_ids, url,
    min(added_at) OVER (PARTITION BY extract_date, song_id) AS song_added
FROM observed
QUALIFY row_number() OVER (
    PARTITION BY extract_date, song_id
    ORDER BY coalesce(song_name, '') = '', newest DESC, song_name, duration_ms, explicit, popularity, isrc, disc_number,
        track_number, album_id, artist_ids, url
) = 1
"""


def main(raw: Path, out: Path) -> None:
    """Read the tracks once, copy the three tables."""
    out.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute(TRACKS, {"raw": f"{raw}/**/*.json*"})
    for dataset, query in (("albums_data", ALBUMS), ("artists_data", ARTIST_ROWS), ("songs_data", SONGS)):
        connection.execute(
            f"COPY ({query}) TO '{out}/{dataset}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (extract_date))"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
