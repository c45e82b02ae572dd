-- Question: which songs have stayed in a playlist the longest?
-- Grain:    one row per song, with the playlist that has held it longest; the 50 that came first.
-- Columns:  song_name, artist_names, playlist_name, added_on DATE, days (up to as_of_date), song_id, item_uri,
--           playlist_id, as_of_date DATE. Songs whose adding Spotify does not date are left out.
-- Prunes:   through the view: the partitions of the newest date only.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY item_uri ORDER BY added_at, playlist_name, playlist_id, position) AS choice
    FROM playlist_songs
    WHERE item_type IN ('track', 'local')
        AND item_uri IS NOT NULL
        AND added_at IS NOT NULL
)
SELECT
    song_name,
    artist_names,
    playlist_name,
    CAST(added_at AS date) AS added_on,
    date_diff('day', CAST(added_at AS date), as_of_date) AS days,
    song_id,
    item_uri,
    playlist_id,
    as_of_date
FROM ranked
WHERE choice = 1
ORDER BY added_at, song_name, item_uri
LIMIT 50
