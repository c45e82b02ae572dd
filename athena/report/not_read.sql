-- Question: which playlists are older than the data's date, or were never read, and why?
-- Grain:    one row per playlist that the newest run could not read, the 50 that were read longest ago.
-- Columns:  playlist_id, playlist_name (NULL where it was never read), fetch_status ('stale', 'missing'), fetch_reason,
--           fetched_at TIMESTAMP, all_rows (how many there are without the limit).
-- Prunes:   through the view: the partitions of the newest date only.
SELECT
    playlist_id,
    playlist_name,
    fetch_status,
    fetch_reason,
    fetched_at,
    count(*) OVER () AS all_rows
FROM playlists
WHERE fetch_status IN ('stale', 'missing')
ORDER BY fetch_status, fetched_at, playlist_name, playlist_id
LIMIT 50
