-- Question: what came and what went last?
-- Grain:    one row per change as in playlist_changes, the newest 50.
-- Columns:  change_date DATE, change, playlist_name, item_name, artist_names, copies; all_rows (how many there are
--           without the limit).
-- Prunes:   nothing: the question needs every published date.
SELECT
    change_date,
    change,
    playlist_name,
    item_name,
    artist_names,
    copies,
    count(*) OVER () AS all_rows
FROM playlist_changes
WHERE change <> 'relinked'
ORDER BY change_date DESC, change, playlist_name, item_name, item_uri, playlist_id
LIMIT 50
