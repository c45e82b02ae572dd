-- Question: when did the songs that are in the playlists now come in?
-- Grain:    one row per month, the newest 120 in which something was added.
-- Columns:  month DATE (its first day), additions (a song in two playlists counts twice), songs (different ones, by
--           their uri), playlists (in how many).
-- Prunes:   through the view: the partitions of the newest date only.
SELECT
    CAST(date_trunc('month', added_at) AS date) AS month,
    count(*) AS additions,
    count(DISTINCT item_uri) AS songs,
    count(DISTINCT playlist_id) AS playlists
FROM playlist_songs
WHERE item_type IN ('track', 'local')
    AND added_at IS NOT NULL
GROUP BY CAST(date_trunc('month', added_at) AS date)
ORDER BY month DESC
LIMIT 120
