-- Question: which playlists has nobody added anything to for long?
-- Grain:    one row per playlist that holds something and to which nothing was added lately; the 200 longest.
-- Columns:  playlist_name, items, last_added_on DATE (NULL: Spotify dates none of its items), days (from then to
--           as_of_date), as_of_date DATE, playlist_id. Of what is there now: an addition that went again is not seen.
-- Params:   days 180: nothing was added for at least so many days
-- Prunes:   through the view: the partitions of the newest date only.
SELECT
    playlist_name,
    count(*) AS items,
    CAST(max(added_at) AS date) AS last_added_on,
    date_diff('day', CAST(max(added_at) AS date), as_of_date) AS days,
    as_of_date,
    playlist_id
FROM playlist_songs
GROUP BY playlist_id, playlist_name, as_of_date
HAVING COALESCE(date_diff('day', CAST(max(added_at) AS date), as_of_date) >= :days, true)
ORDER BY last_added_on, playlist_name, playlist_id
LIMIT 200
