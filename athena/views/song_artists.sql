-- Question: who made each song? All artists, not only the first.
-- Grain:    one row per song_id and artist_position (1-based, the order of the credits), as of the newest run.
-- Columns:  song_id, song_name, artist_position, artist_id, artist_name, as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
-- It reads tables, not other views: they are refreshed one after the other, and between two of them this one would
-- join one publication to another.
CREATE OR REPLACE VIEW song_artists AS
WITH ranked_songs AS (
    SELECT
        song_id,
        song_name,
        artist_ids,
        extract_date,
        row_number() OVER (
            PARTITION BY song_id
            ORDER BY
                extract_date DESC,
                CASE WHEN load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                load_id
        ) AS choice
    FROM songs_data
    WHERE extract_date IN (${latest_dates})
),
ranked_artists AS (
    SELECT
        artist_id,
        artist_name,
        row_number() OVER (
            PARTITION BY artist_id
            ORDER BY
                extract_date DESC,
                CASE WHEN load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                load_id
        ) AS choice
    FROM artists_data
    WHERE extract_date IN (${latest_dates})
)
SELECT
    songs.song_id,
    NULLIF(songs.song_name, '') AS song_name,
    credits.artist_position,
    credits.artist_id,
    NULLIF(artists.artist_name, '') AS artist_name,
    CAST(songs.extract_date AS date) AS as_of_date
FROM ranked_songs AS songs
CROSS JOIN UNNEST(songs.artist_ids) WITH ORDINALITY AS credits (artist_id, artist_position)
LEFT JOIN ranked_artists AS artists
    ON credits.artist_id = artists.artist_id
    AND artists.choice = 1
WHERE songs.choice = 1
