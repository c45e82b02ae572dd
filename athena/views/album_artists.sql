-- Question: who made each album? All artists, not only the first.
-- Grain:    one row per album_id and artist_position (1-based, the order of the credits), as of the newest run.
-- Columns:  album_id, album_name, artist_position, artist_id, artist_name, as_of_date DATE.
-- Prunes:   through the views that it reads: the partitions of the newest date only.
CREATE OR REPLACE VIEW album_artists AS
SELECT
    albums.album_id,
    albums.album_name,
    credits.artist_position,
    credits.artist_id,
    artists.artist_name,
    albums.as_of_date
FROM albums
CROSS JOIN UNNEST(albums.artist_ids) WITH ORDINALITY AS credits (artist_id, artist_position)
LEFT JOIN artists ON credits.artist_id = artists.artist_id
