-- Question: whose songs fill the library?
-- Grain:    one row per artist, every credit counts, not only the first; those with the most songs.
-- Columns:  artist_id, artist_name, songs (different ones), placements (in how many places of playlists they are),
--           all_rows (how many artists there are without the limit).
-- Params:   artists 20: how many artists
-- Prunes:   through the views: the partitions of the newest date only.
WITH credits AS (
    SELECT DISTINCT song_id, artist_id, artist_name
    FROM song_artists
)
SELECT
    credits.artist_id,
    credits.artist_name,
    count(DISTINCT credits.song_id) AS songs,
    count(*) AS placements,
    count(*) OVER () AS all_rows
FROM credits
INNER JOIN playlist_items ON credits.song_id = playlist_items.song_id
GROUP BY credits.artist_id, credits.artist_name
ORDER BY songs DESC, placements DESC, artist_name, artist_id
LIMIT :artists
