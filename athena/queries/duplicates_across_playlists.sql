-- Question: which songs are in several playlists?
-- Grain:    one row per recording (ISRC, else uri) that enough playlists hold; the 200 that most hold.
-- Columns:  song_name, artist_names, playlists (how many hold it), placements (in how many places), versions (different
--           uris), playlist_names (all of them, joined by ', '; the id of one without a name), recording.
-- Params:   min_playlists 2: songs that at least so many playlists hold
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
),
held AS (
    SELECT
        recording,
        playlist_id,
        COALESCE(max(playlist_name), playlist_id) AS playlist_name,
        count(*) AS placements
    FROM placed
    GROUP BY recording, playlist_id
),
holders AS (
    SELECT
        recording,
        count(*) AS playlists,
        sum(placements) AS placements,
        array_join(array_agg(playlist_name ORDER BY playlist_name, playlist_id), ', ') AS playlist_names
    FROM held
    GROUP BY recording
    HAVING count(*) >= :min_playlists
),
named AS (
    SELECT
        recording,
        max(song_name) AS song_name,
        max(artist_names) AS artist_names,
        count(DISTINCT item_uri) AS versions
    FROM placed
    GROUP BY recording
)
SELECT
    named.song_name,
    named.artist_names,
    holders.playlists,
    holders.placements,
    named.versions,
    holders.playlist_names,
    holders.recording
FROM holders
INNER JOIN named ON holders.recording = named.recording
ORDER BY holders.playlists DESC, holders.placements DESC, named.song_name, holders.recording
LIMIT 200
