-- Question: which songs are in a playlist more than once?
-- Grain:    one row per playlist_id and recording (ISRC, else uri) with two places or more; the 200 with most.
-- Columns:  playlist_name, song_name, artist_names (of its first place that has them), copies, versions (different
--           uris: 1 is the very same song twice), positions ('3, 17', 0-based), recording, playlist_id.
-- Prunes:   through the views: the partitions of the newest date only.
WITH placed AS (
    -- The same recording may be there under several ids: its ISRC tells, else its uri.
    SELECT
        playlist_songs.*,
        COALESCE(songs.isrc, playlist_songs.item_uri) AS recording
    FROM playlist_songs
    LEFT JOIN songs ON playlist_songs.song_id = songs.song_id
    WHERE playlist_songs.item_type IN ('track', 'local')
        -- What Spotify calls every track that it no longer knows.
        AND playlist_songs.item_uri <> 'spotify:track:null'
)
SELECT
    max(playlist_name) AS playlist_name,
    min_by(song_name, position) FILTER (WHERE song_name IS NOT NULL) AS song_name,
    min_by(artist_names, position) FILTER (WHERE artist_names IS NOT NULL) AS artist_names,
    count(*) AS copies,
    count(DISTINCT item_uri) AS versions,
    array_join(array_agg(CAST(position AS varchar) ORDER BY position), ', ') AS positions,
    recording,
    playlist_id
FROM placed
GROUP BY playlist_id, recording
HAVING count(*) > 1
ORDER BY copies DESC, playlist_name, song_name, playlist_id, recording
LIMIT 200
