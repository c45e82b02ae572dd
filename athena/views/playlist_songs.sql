-- Question: what is in each playlist, with the names that people know?
-- Grain:    one row per playlist_id and position, as of the newest run (the rows of playlist_items).
-- Columns:  playlist_id, playlist_name, position (0-based), item_type, song_id (NULL for everything but tracks),
--           song_name, artist_names (all of them, joined by ', '), album_id, album_name, release_year, duration_ms,
--           explicit, is_playable, added_at, item_uri, as_of_date DATE. Names that are not known are NULL.
-- Prunes:   extract_date IN (literals): the partitions of the newest date only.
-- During a load a date may be there twice, file by file. The published load's row wins as long as it is there, else
-- the next one: no key twice, none missing.
-- It reads tables, not other views: they are refreshed one after the other, and between two of them this one would
-- join one publication to another.
CREATE OR REPLACE VIEW playlist_songs AS
WITH newest_dates AS (
    -- The playlist decides its date, not its items: on its newest date it may be empty.
    SELECT playlist_id, max(extract_date) AS extract_date
    FROM playlists_data
    WHERE extract_date IN (${latest_dates})
    GROUP BY playlist_id
),
ranked_items AS (
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
),
ranked_songs AS (
    SELECT
        song_id,
        song_name,
        explicit,
        album_id,
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
ranked_albums AS (
    SELECT
        album_id,
        album_name,
        release_year,
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
    items.playlist_id,
    NULLIF(items.playlist_name, '') AS playlist_name,
    items.position,
    items.item_type,
    items.song_id,
    COALESCE(NULLIF(items.item_name, ''), NULLIF(songs.song_name, '')) AS song_name,
    NULLIF(array_join(array_remove(items.item_artist_names, ''), ', '), '') AS artist_names,
    songs.album_id,
    COALESCE(NULLIF(items.item_album_name, ''), NULLIF(albums.album_name, '')) AS album_name,
    albums.release_year,
    items.duration_ms,
    songs.explicit,
    items.is_playable,
    items.added_at,
    NULLIF(items.item_uri, '') AS item_uri,
    CAST(items.extract_date AS date) AS as_of_date
FROM ranked_items AS items
LEFT JOIN ranked_songs AS songs
    ON items.song_id = songs.song_id
    AND songs.choice = 1
LEFT JOIN ranked_albums AS albums
    ON songs.album_id = albums.album_id
    AND albums.choice = 1
WHERE items.choice = 1
