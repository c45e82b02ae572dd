-- Question: how many artists were new in each month?
-- Grain:    one row per month in which an artist came in first; the newest 120.
-- Columns:  month DATE (its first day), new_artists (the first of whose songs was added then), artists_so_far, names
--           (the first five by name). Of what is in the playlists now: an artist whose songs all went is not counted,
--           nor one whose songs Spotify does not date. Every credit counts, not only the first.
-- Prunes:   through the views: the partitions of the newest date only.
WITH first_added AS (
    SELECT
        song_artists.artist_id,
        max(song_artists.artist_name) AS artist_name,
        min(playlist_songs.added_at) AS added_at
    FROM playlist_songs
    INNER JOIN song_artists ON playlist_songs.song_id = song_artists.song_id
    WHERE playlist_songs.added_at IS NOT NULL
    GROUP BY song_artists.artist_id
),
placed AS (
    SELECT
        artist_name,
        CAST(date_trunc('month', added_at) AS date) AS month,
        row_number() OVER (PARTITION BY date_trunc('month', added_at) ORDER BY artist_name, artist_id) AS place
    FROM first_added
),
monthly AS (
    SELECT
        month,
        count(*) AS new_artists,
        array_join(array_agg(artist_name ORDER BY place) FILTER (WHERE place <= 5), ', ') AS names
    FROM placed
    GROUP BY month
)
SELECT
    month,
    new_artists,
    sum(new_artists) OVER (ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS artists_so_far,
    NULLIF(names, '') AS names
FROM monthly
ORDER BY month DESC
LIMIT 120
