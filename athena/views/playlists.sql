-- Question: which playlists does the library hold, empty ones too, and how fresh is each?
-- Grain:    one row per playlist_id, as of the newest run (a playlist that the run did not hold is not there); in a
--           lake without runs each playlist's own newest date.
-- Columns:  as in playlists_data; fetch_status tells whether this run read it ('fetched', 'unchanged'), carries an
--           older state ('stale') or never could read it ('missing': everything else NULL); as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
CREATE OR REPLACE VIEW playlists AS
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY playlist_id
            ORDER BY
                extract_date DESC,
                CASE WHEN load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                load_id
        ) AS choice
    FROM playlists_data
    WHERE extract_date IN (${latest_dates})
)
SELECT
    playlist_id,
    NULLIF(playlist_name, '') AS playlist_name,
    NULLIF(description, '') AS description,
    owner_id,
    is_public,
    is_collaborative,
    followers,
    url,
    image_url,
    snapshot_id,
    api_total,
    item_count,
    fetch_status,
    fetch_reason,
    fetched_at,
    run_id,
    extracted_at,
    CAST(extract_date AS date) AS as_of_date
FROM ranked
WHERE choice = 1
