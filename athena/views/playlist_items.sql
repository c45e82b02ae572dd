-- Question: what lies where in each playlist now: songs, episodes, local files and what is no longer available?
-- Grain:    one row per playlist_id and position (0-based), as of the newest run; in a lake without runs each
--           playlist's own newest date.
-- Columns:  as in playlist_items_data; song_id joins songs (NULL for everything but tracks); as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
-- It reads tables, not other views: they are refreshed one after the other, and between two of them this one would
-- join one publication to another.
CREATE OR REPLACE VIEW playlist_items AS
WITH newest_dates AS (
    -- The playlist decides its date, not its items: on its newest date it may be empty.
    SELECT playlist_id, max(extract_date) AS extract_date
    FROM playlists_data
    WHERE extract_date IN (${latest_dates})
    GROUP BY playlist_id
),
ranked AS (
    SELECT
        items.*,
        rank() OVER (
            PARTITION BY items.playlist_id
            ORDER BY
                CASE WHEN items.load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                items.load_id
        ) AS choice
    FROM playlist_items_data AS items
    INNER JOIN newest_dates
        ON items.playlist_id = newest_dates.playlist_id
        AND items.extract_date = newest_dates.extract_date
    WHERE items.extract_date IN (${latest_dates})
)
SELECT
    playlist_id,
    NULLIF(playlist_name, '') AS playlist_name,
    snapshot_id,
    position,
    item_type,
    item_id,
    song_id,
    NULLIF(item_name, '') AS item_name,
    NULLIF(item_uri, '') AS item_uri,
    item_artist_names,
    NULLIF(item_album_name, '') AS item_album_name,
    duration_ms,
    is_local,
    is_playable,
    restriction_reason,
    added_at,
    added_by,
    run_id,
    extracted_at,
    CAST(extract_date AS date) AS as_of_date
FROM ranked
WHERE choice = 1
