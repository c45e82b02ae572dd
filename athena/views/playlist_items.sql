-- Question: what lies where in each playlist now: songs, episodes, local files and what is no longer available?
-- Grain:    one row per playlist_id and position (0-based), as of the newest run; in a lake without runs each
--           playlist's own newest date.
-- Columns:  as in playlist_items_data; song_id joins songs (NULL for everything but tracks); as_of_date DATE.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
CREATE OR REPLACE VIEW playlist_items AS
WITH items AS (
    SELECT *, CAST(extract_date AS date) AS as_of_date
    FROM playlist_items_data
    WHERE extract_date IN (${latest_dates})
),
ranked AS (
    -- The playlist decides its date, not its items: on its newest date it may be empty.
    SELECT
        items.*,
        row_number() OVER (
            PARTITION BY items.playlist_id, items.position
            ORDER BY
                CASE WHEN items.load_id IN (${latest_load_ids}) THEN 0 ELSE 1 END,
                items.load_id
        ) AS choice
    FROM items
    INNER JOIN playlists
        ON items.playlist_id = playlists.playlist_id
        AND items.as_of_date = playlists.as_of_date
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
    as_of_date
FROM ranked
WHERE choice = 1
