-- Question: which songs are gone from the playlists or cannot be played any more, and what were they called?
-- Grain:    one row per playlist_id and recording, as in the view lost_songs; the 500 that were lost last.
-- Columns:  lost_date DATE, reason ('removed', 'emptied', 'deleted', 'unplayable'), song_name, artist_names, album_name
--           (the last known ones), playlist_name, last_playable_date DATE (NULL if it never was),
--           still_in_library (another playlist holds it, playable), song_id, item_uri, playlist_id.
-- Params:   since DATE '2000-01-01': lost from that date on
--           reason '%': reasons that are LIKE that, such as 'unplayable'
--           playlist '%': playlists whose last known name is LIKE that
-- Prunes:   nothing: what was lost is told from all published dates. since bounds the answer.
SELECT
    lost_date,
    reason,
    song_name,
    artist_names,
    album_name,
    playlist_name,
    last_playable_date,
    still_in_library,
    song_id,
    item_uri,
    playlist_id
FROM lost_songs
WHERE lost_date >= :since
    AND reason LIKE :reason
    AND COALESCE(playlist_name, '') LIKE :playlist
ORDER BY lost_date DESC, song_name, artist_names, playlist_name, playlist_id, item_uri
LIMIT 500
