-- Question: how much of each playlist is marked explicit?
-- Grain:    one row per playlist that holds songs of which the API tells it, those with the largest share.
-- Columns:  playlist_id, playlist_name, songs (of which it is known), explicit_songs, explicit_percent,
--           all_rows (how many playlists there are without the limit).
-- Params:   playlists 100: how many playlists
-- Prunes:   through the view: the partitions of the newest date only.
SELECT
    playlist_id,
    playlist_name,
    count(*) AS songs,
    count_if(explicit) AS explicit_songs,
    round(100.0E0 * count_if(explicit) / count(*), 1) AS explicit_percent,
    count(*) OVER () AS all_rows
FROM playlist_songs
WHERE explicit IS NOT NULL
GROUP BY playlist_id, playlist_name
ORDER BY explicit_percent DESC, songs DESC, playlist_name, playlist_id
LIMIT :playlists
