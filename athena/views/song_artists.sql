-- Question: who made each song? All artists, not only the first.
-- Grain:    one row per song_id and artist_position (1-based, the order of the credits), as of the newest run.
-- Columns:  song_id, song_name, artist_position, artist_id, artist_name, as_of_date DATE.
-- Prunes:   through the views that it reads: the partitions of the newest date only.
CREATE OR REPLACE VIEW song_artists AS
SELECT
    songs.song_id,
    songs.song_name,
    credits.artist_position,
    credits.artist_id,
    artists.artist_name,
    songs.as_of_date
FROM songs
CROSS JOIN UNNEST(songs.artist_ids) WITH ORDINALITY AS credits (artist_id, artist_position)
LEFT JOIN artists ON credits.artist_id = artists.artist_id
