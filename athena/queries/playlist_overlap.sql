-- Question: which playlists hold the same songs?
-- Grain:    one row per pair of playlists that share a song, those that share most.
-- Columns:  playlist_a, playlist_b (names), playlist_id_a, playlist_id_b, shared_songs, songs_a, songs_b,
--           percent_of_smaller (100: the smaller one is wholly in the other), all_rows (how many pairs there are
--           without the limit).
-- Params:   pairs 50: how many pairs
-- Prunes:   through the view: the partitions of the newest date only.
WITH members AS (
    SELECT DISTINCT playlist_id, playlist_name, song_id
    FROM playlist_items
    WHERE song_id IS NOT NULL
),
sizes AS (
    SELECT playlist_id, count(*) AS songs
    FROM members
    GROUP BY playlist_id
),
pairs AS (
    SELECT
        a.playlist_id AS playlist_id_a,
        b.playlist_id AS playlist_id_b,
        a.playlist_name AS playlist_a,
        b.playlist_name AS playlist_b,
        count(*) AS shared_songs
    FROM members AS a
    INNER JOIN members AS b
        ON a.song_id = b.song_id
        AND a.playlist_id < b.playlist_id
    GROUP BY a.playlist_id, b.playlist_id, a.playlist_name, b.playlist_name
)
SELECT
    pairs.playlist_a,
    pairs.playlist_b,
    pairs.playlist_id_a,
    pairs.playlist_id_b,
    pairs.shared_songs,
    sizes_a.songs AS songs_a,
    sizes_b.songs AS songs_b,
    round(100.0E0 * pairs.shared_songs / least(sizes_a.songs, sizes_b.songs), 1) AS percent_of_smaller,
    count(*) OVER () AS all_rows
FROM pairs
INNER JOIN sizes AS sizes_a ON pairs.playlist_id_a = sizes_a.playlist_id
INNER JOIN sizes AS sizes_b ON pairs.playlist_id_b = sizes_b.playlist_id
ORDER BY shared_songs DESC, percent_of_smaller DESC, playlist_a, playlist_b, playlist_id_a, playlist_id_b
LIMIT :pairs
