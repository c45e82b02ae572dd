-- Question: what is in each playlist, with the names that people know?
-- Grain:    one row per playlist_id and position, as of the newest run (the rows of playlist_items).
-- Columns:  playlist_id, playlist_name, position (0-based), item_type, song_id (NULL for everything but tracks),
--           song_name, artist_names (all of them, joined by ', '), album_id, album_name, release_year, duration_ms,
--           explicit, is_playable, added_at, item_uri, as_of_date DATE. Names that are not known are NULL.
-- Prunes:   through the views that it reads: the partitions of the newest date only.
CREATE OR REPLACE VIEW playlist_songs AS
SELECT
    items.playlist_id,
    items.playlist_name,
    items.position,
    items.item_type,
    items.song_id,
    COALESCE(items.item_name, songs.song_name) AS song_name,
    NULLIF(array_join(array_remove(items.item_artist_names, ''), ', '), '') AS artist_names,
    songs.album_id,
    COALESCE(items.item_album_name, albums.album_name) AS album_name,
    albums.release_year,
    items.duration_ms,
    songs.explicit,
    items.is_playable,
    items.added_at,
    items.item_uri,
    items.as_of_date
FROM playlist_items AS items
LEFT JOIN songs ON items.song_id = songs.song_id
LEFT JOIN albums ON songs.album_id = albums.album_id
