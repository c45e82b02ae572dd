-- Question: which songs are lost to the whole library, the last that was known of each?
-- Grain:    one row per playlist and recording that no playlist holds playable any more; the newest 100.
-- Columns:  song_name, artist_names, playlist_name, reason and lost_date DATE as in lost_songs; all_rows (how many
--           there are without the limit).
-- Prunes:   nothing: the question needs every published date.
SELECT
    song_name,
    artist_names,
    playlist_name,
    reason,
    lost_date,
    count(*) OVER () AS all_rows
FROM lost_songs
WHERE NOT still_in_library
ORDER BY lost_date DESC, playlist_name, song_name, item_uri, playlist_id
LIMIT 100
