-- Question: from which decades is the music?
-- Grain:    one row per decade of the albums' release, and one with NULL for the songs whose year is not known.
-- Columns:  decade (1990 is 1990 to 1999), songs, albums.
-- Prunes:   through the views: the partitions of the newest date only.
SELECT
    albums.release_year / 10 * 10 AS decade,
    count(*) AS songs,
    count(DISTINCT songs.album_id) AS albums
FROM songs
LEFT JOIN albums ON songs.album_id = albums.album_id
GROUP BY albums.release_year / 10 * 10
ORDER BY decade
LIMIT 100
