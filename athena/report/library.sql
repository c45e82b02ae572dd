-- Question: how much does the library hold, as of when, and how well is it known?
-- Grain:    one row.
-- Columns:  playlists, read_playlists (of them, as they were when the data was read), as_of_date DATE (the newest),
--           oldest_as_of_date DATE (another one only in a lake without runs), items, play_ms (all items together),
--           songs, explicit_known and explicit_songs, average_ms, albums, artists, first_date DATE and dates (since when,
--           and on how many dates, the lake knows the playlists).
-- Prunes:   through the views: the partitions of the newest date; of playlists_data every published date.
SELECT
    held_playlists.playlists,
    held_playlists.read_playlists,
    held_playlists.as_of_date,
    held_playlists.oldest_as_of_date,
    held_items.items,
    held_items.play_ms,
    held_songs.songs,
    held_songs.explicit_known,
    held_songs.explicit_songs,
    held_songs.average_ms,
    held_albums.albums,
    held_artists.artists,
    known.first_date,
    known.dates
FROM (
    SELECT
        count(*) AS playlists,
        count_if(COALESCE(fetch_status, 'fetched') NOT IN ('stale', 'missing')) AS read_playlists,
        max(as_of_date) AS as_of_date,
        min(as_of_date) AS oldest_as_of_date
    FROM playlists
) AS held_playlists
CROSS JOIN (
    SELECT count(*) AS items, COALESCE(sum(duration_ms), 0) AS play_ms
    FROM playlist_items
) AS held_items
CROSS JOIN (
    SELECT
        count(*) AS songs,
        count(explicit) AS explicit_known,
        count_if(explicit) AS explicit_songs,
        CAST(round(avg(duration_ms)) AS bigint) AS average_ms
    FROM songs
) AS held_songs
CROSS JOIN (SELECT count(*) AS albums FROM albums) AS held_albums
CROSS JOIN (SELECT count(*) AS artists FROM artists) AS held_artists
CROSS JOIN (
    SELECT min(as_of_date) AS first_date, count(DISTINCT as_of_date) AS dates
    FROM playlist_history
) AS known
