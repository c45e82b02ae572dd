-- Question: which playlists show an old state because they could not be read, and why?
-- Grain:    one row per playlist whose newest row says 'stale' or 'missing', or was read too long ago; the 500 oldest.
-- Columns:  playlist_name (the last known), fetch_status, fetch_reason ('code: why'), read_on DATE (NULL: never), days
--           (from then to as_of_date), item_count (NULL: never read), as_of_date DATE, playlist_id.
-- Params:   days 7: a playlist that was read more days ago is listed too, though it is said to be unchanged
-- Prunes:   playlists_data alone: the newest date, and for the last known names all of them.
SELECT
    COALESCE(playlists.playlist_name, names.playlist_name) AS playlist_name,
    playlists.fetch_status,
    playlists.fetch_reason,
    CAST(playlists.fetched_at AS date) AS read_on,
    date_diff('day', CAST(playlists.fetched_at AS date), playlists.as_of_date) AS days,
    playlists.item_count,
    playlists.as_of_date,
    playlists.playlist_id
FROM playlists
LEFT JOIN playlist_history AS names
    ON playlists.playlist_id = names.playlist_id
    AND playlists.as_of_date = names.as_of_date
WHERE playlists.fetch_status IN ('stale', 'missing')
    OR date_diff('day', CAST(playlists.fetched_at AS date), playlists.as_of_date) > :days
ORDER BY read_on NULLS FIRST, playlist_name, playlist_id
LIMIT 500
