-- Question: which albums do the songs of the library come from?
-- Grain:    one row per album_id, as of the newest run; in a lake without runs the newest row of each album.
-- Columns:  as in albums_data; release_date is the first day of what release_date_precision says; as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
CREATE OR REPLACE VIEW albums AS
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY album_id
            ORDER BY
                extract_date DESC,
                CASE WHEN load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                load_id
        ) AS choice
    FROM albums_data
    WHERE extract_date IN (${latest_dates})
)
SELECT
    album_id,
    NULLIF(album_name, '') AS album_name,
    album_type,
    release_date,
    release_date_precision,
    release_year,
    total_tracks,
    artist_ids,
    url,
    image_url,
    CAST(extract_date AS date) AS as_of_date
FROM ranked
WHERE choice = 1
