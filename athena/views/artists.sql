-- Question: which artists made the songs and albums of the library?
-- Grain:    one row per artist_id, as of the newest run; in a lake without runs the newest row of each artist.
-- Columns:  as in artists_data; as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
CREATE OR REPLACE VIEW artists AS
WITH ranked AS (
    SELECT
        *,
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
    artist_id,
    NULLIF(artist_name, '') AS artist_name,
    url,
    CAST(extract_date AS date) AS as_of_date
FROM ranked
WHERE choice = 1
