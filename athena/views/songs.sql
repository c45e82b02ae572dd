-- Question: which songs does the library hold, and what is known of each?
-- Grain:    one row per song_id, as of the newest run; in a lake without runs the newest row of each song.
-- Columns:  as in songs_data; album_id joins albums, artist_ids joins artists (or use song_artists);
--           song_added is the earliest time at which a playlist of that date added it; as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
CREATE OR REPLACE VIEW songs AS
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY song_id
            ORDER BY
                extract_date DESC,
                CASE WHEN load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                load_id
        ) AS choice
    FROM songs_data
    WHERE extract_date IN (${latest_dates})
)
SELECT
    song_id,
    NULLIF(song_name, '') AS song_name,
    duration_ms,
    explicit,
    popularity,
    NULLIF(isrc, '') AS isrc,
    disc_number,
    track_number,
    album_id,
    artist_id,
    artist_ids,
    url,
    song_added,
    CAST(extract_date AS date) AS as_of_date
FROM ranked
WHERE choice = 1
