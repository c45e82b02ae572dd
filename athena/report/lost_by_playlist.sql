-- Question: how many songs are lost, and from which playlists?
-- Grain:    one row per playlist that lost a song, the 12 that lost most, and before them one for all together.
-- Columns:  is_total (1: all playlists; a song that two of them lost counts once), playlist_name, songs (lost to the
--           whole library), still_elsewhere (songs that left it and are still playable in another playlist).
-- Prunes:   nothing: the question needs every published date.
SELECT
    CAST(grouping(playlist_id) AS integer) AS is_total,
    max(playlist_name) AS playlist_name,
    count(DISTINCT CASE WHEN NOT still_in_library THEN item_uri END) AS songs,
    count(DISTINCT CASE WHEN still_in_library THEN item_uri END) AS still_elsewhere
FROM lost_songs
GROUP BY GROUPING SETS ((playlist_id), ())
ORDER BY is_total DESC, songs DESC, playlist_name, playlist_id
LIMIT 13
