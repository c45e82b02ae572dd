-- Question: which songs did each playlist hold that are no longer there, or there and no longer playable?
-- Grain:    one row per playlist_id and recording: the ISRC where one is known, else the item's uri.
-- Columns:  playlist_id, playlist_name (the last known), reason, lost_date DATE (the first date without it),
--           last_playable_date DATE (NULL if it never was since the lake began), item_uri, song_id, song_name,
--           artist_names and album_name (the last known that were not empty), still_in_library (some playlist still
--           holds it, playable); reason is
--           'removed'     gone, other items stayed        'emptied'  gone with all other items
--           'deleted'     gone with its playlist          'unplayable'  there, but is_playable is false, its name is
--                                                         empty or the API tells nothing of it
-- Rules:    Lost is what is lost now: a song that came back, also under another id with the same ISRC, is not. Gone
--           is only said on dates on which the playlist is known completely or found deleted (see playlist_history).
--           Local files count as playable. Episodes are no songs; what never had a name or a uri cannot be named.
-- Prunes:   nothing: the question needs every published date.
-- The dates come from playlist_history alone, so that its refresh is this view's.
CREATE OR REPLACE VIEW lost_songs AS
WITH steps AS (
    SELECT
        playlist_id,
        playlist_name,
        as_of_date,
        state,
        item_count,
        lag(as_of_date) OVER (PARTITION BY playlist_id ORDER BY as_of_date) AS previous_date
    FROM playlist_history
    WHERE state IN ('complete', 'deleted')
),
ranked_items AS (
    SELECT
        items.*,
        history.as_of_date,
        rank() OVER (
            PARTITION BY items.extract_date, items.playlist_id
            ORDER BY items.load_id
        ) AS choice
    FROM playlist_items_data AS items
    INNER JOIN playlist_history AS history
        ON items.playlist_id = history.playlist_id
        AND items.extract_date = CAST(history.as_of_date AS varchar)
),
items AS (
    SELECT
        playlist_id,
        as_of_date,
        -- Orders the rows of a playlist in time, each different from all others.
        extract_date || lpad(CAST(position AS varchar), 10, '0') AS seen,
        COALESCE(NULLIF(item_uri, ''), 'spotify:' || item_type || ':' || item_id) AS item_uri,
        item_id,
        song_id,
        NULLIF(item_name, '') AS item_name,
        NULLIF(array_join(array_remove(item_artist_names, ''), ', '), '') AS artist_names,
        NULLIF(item_album_name, '') AS album_name,
        NULLIF(item_name, '') IS NOT NULL
        AND (item_type = 'local' OR (item_type = 'track' AND COALESCE(is_playable, true))) AS is_good
    FROM ranked_items
    WHERE choice = 1
        AND item_type <> 'episode'
),
recordings AS (
    SELECT song_id, max_by(isrc, extract_date) AS isrc
    FROM songs_data
    WHERE isrc <> ''
        AND extract_date IN (SELECT CAST(as_of_date AS varchar) FROM playlist_history)
    GROUP BY song_id
),
sightings AS (
    SELECT
        items.*,
        COALESCE(recordings.isrc, items.item_uri) AS recording,
        max(CASE WHEN items.is_good THEN items.as_of_date END) OVER (
            PARTITION BY items.playlist_id, COALESCE(recordings.isrc, items.item_uri)
        ) AS last_playable_date
    FROM items
    LEFT JOIN recordings ON items.item_id = recordings.song_id
    -- 'spotify:track:null' is what the API calls every track that it no longer knows.
    WHERE items.item_uri <> 'spotify:track:null'
),
held AS (
    SELECT
        playlist_id,
        recording,
        max(last_playable_date) AS last_playable_date,
        min(as_of_date) AS first_date,
        min(CASE WHEN as_of_date > last_playable_date OR last_playable_date IS NULL THEN as_of_date END)
            AS unplayable_date,
        max_by(item_uri, seen) AS item_uri,
        max_by(song_id, seen) AS song_id,
        max_by(item_name, seen) FILTER (WHERE item_name IS NOT NULL) AS song_name,
        max_by(artist_names, seen) FILTER (WHERE artist_names IS NOT NULL) AS artist_names,
        max_by(album_name, seen) FILTER (WHERE album_name IS NOT NULL) AS album_name
    FROM sightings
    GROUP BY playlist_id, recording
),
judged AS (
    -- The first date after the last good one on which the playlist is known; none: the song is still there.
    SELECT
        held.*,
        steps.playlist_name,
        steps.as_of_date AS lost_date,
        steps.state,
        steps.item_count,
        bool_or(steps.as_of_date IS NULL AND held.last_playable_date IS NOT NULL) OVER (
            PARTITION BY held.recording
        ) AS still_in_library
    FROM held
    LEFT JOIN steps
        ON held.playlist_id = steps.playlist_id
        AND steps.as_of_date > COALESCE(held.last_playable_date, held.first_date - INTERVAL '1' DAY)
        AND (
            steps.previous_date IS NULL
            OR steps.previous_date <= COALESCE(held.last_playable_date, held.first_date - INTERVAL '1' DAY)
        )
)
SELECT
    playlist_id,
    playlist_name,
    CASE
        WHEN unplayable_date <= lost_date THEN 'unplayable'
        WHEN state = 'deleted' THEN 'deleted'
        WHEN item_count = 0 THEN 'emptied'
        ELSE 'removed'
    END AS reason,
    lost_date,
    last_playable_date,
    item_uri,
    song_id,
    song_name,
    artist_names,
    album_name,
    still_in_library
FROM judged
WHERE lost_date IS NOT NULL
    AND song_name IS NOT NULL
