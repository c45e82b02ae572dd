-- Question: who made each album? All artists, not only the first.
-- Grain:    one row per album_id and artist_position (1-based, the order of the credits), as of the newest run.
-- Columns:  album_id, album_name, artist_position, artist_id, artist_name, as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
-- It reads tables, not other views: they are refreshed one after the other, and between two of them this one would
-- join one publication to another.
CREATE OR REPLACE VIEW album_artists AS
WITH ranked_albums AS (
    SELECT
        album_id,
        album_name,
        artist_ids,
        extract_date,
        row_number() OVER (
            PARTITION BY album_id
            ORDER BY
                extract_date DESC,
                CASE WHEN load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                load_id
        ) AS choice
    FROM albums_data
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
    albums.album_id,
    NULLIF(albums.album_name, '') AS album_name,
    credits.artist_position,
    credits.artist_id,
    NULLIF(artists.artist_name, '') AS artist_name,
    CAST(albums.extract_date AS date) AS as_of_date
FROM ranked_albums AS albums
CROSS JOIN UNNEST(albums.artist_ids) WITH ORDINALITY AS credits (artist_id, artist_position)
LEFT JOIN ranked_artists AS artists
    ON credits.artist_id = artists.artist_id
    AND artists.choice = 1
WHERE albums.choice = 1
