-- Question: what came into each playlist and what went, when?
-- Grain:    one row per playlist_id, change_date, change and item; `copies` says how many of the item came or went.
-- Columns:  playlist_id, playlist_name (on change_date), change_date DATE, previous_date DATE (the playlist's state
--           before), change, item_uri, previous_item_uri, item_type, song_id, item_name and artist_names (the last
--           known ones), copies; change is
--           'added'     was not there on previous_date
--           'removed'   is gone, other items stayed
--           'emptied'   is gone with all others, the playlist is still there
--           'deleted'   is gone with its playlist (one row with copies 0 and no item if that was empty)
--           'relinked'  the same recording (ISRC) under another id: previous_item_uri became item_uri
--           copies add up: item_count before + added - removed - emptied - deleted = item_count after.
-- Rules:    Compared are the multisets of item_uri on consecutive dates on which the playlist is known completely or
--           found deleted (see playlist_history); the first of them is where the count starts and no change. A new
--           order is no change, nor is a new name. Items without a uri and an id cannot be told apart: they count as
--           copies of one unknown item whose item_uri is NULL.
-- Prunes:   nothing: the question needs every published date. Ask for one month's changes by change_date.
-- The dates come from playlist_history alone, so that its refresh is this view's.
CREATE OR REPLACE VIEW playlist_changes AS
WITH steps AS (
    SELECT
        playlist_id,
        CAST(as_of_date AS varchar) AS extract_date,
        state,
        item_count,
        row_number() OVER by_date AS step,
        playlist_name,
        lag(as_of_date) OVER by_date AS previous_date,
        as_of_date,
        lead(playlist_name) OVER by_date AS next_playlist_name,
        lead(as_of_date) OVER by_date AS next_date,
        lead(state) OVER by_date AS next_state,
        lead(item_count) OVER by_date AS next_item_count
    FROM playlist_history
    WHERE state IN ('complete', 'deleted')
    WINDOW by_date AS (PARTITION BY playlist_id ORDER BY as_of_date)
),
items AS (
    SELECT
        steps.*,
        items.position,
        items.item_type,
        items.song_id,
        COALESCE(NULLIF(items.item_uri, ''), 'spotify:' || items.item_type || ':' || items.item_id, '') AS item_key,
        NULLIF(items.item_name, '') AS item_name,
        NULLIF(array_join(array_remove(items.item_artist_names, ''), ', '), '') AS artist_names,
        rank() OVER (
            PARTITION BY items.extract_date, items.playlist_id
            ORDER BY items.load_id
        ) AS choice
    FROM playlist_items_data AS items
    INNER JOIN steps
        ON items.playlist_id = steps.playlist_id
        AND items.extract_date = steps.extract_date
),
copies AS (
    -- The multiset: of an item that is there twice, the first and the second copy are followed apart.
    SELECT
        *,
        row_number() OVER (PARTITION BY playlist_id, step, item_key ORDER BY position) AS copy
    FROM items
    WHERE choice = 1
),
followed AS (
    SELECT
        *,
        last_value(item_name) IGNORE NULLS OVER same_copy AS known_item_name,
        last_value(artist_names) IGNORE NULLS OVER same_copy AS known_artist_names,
        lag(step) OVER same_copy AS earlier_step,
        lead(step) OVER same_copy AS later_step
    FROM copies
    WINDOW same_copy AS (PARTITION BY playlist_id, item_key, copy ORDER BY step)
),
moves AS (
    SELECT
        followed.*,
        directions.direction,
        CASE directions.direction WHEN 'came' THEN as_of_date ELSE next_date END AS change_date
    FROM followed
    CROSS JOIN (VALUES ('came'), ('gone')) AS directions (direction)
    WHERE (directions.direction = 'came' AND step > 1 AND COALESCE(earlier_step, 0) < step - 1)
        OR (directions.direction = 'gone' AND next_date IS NOT NULL AND COALESCE(later_step, 0) <> step + 1)
),
ranked_songs AS (
    SELECT
        song_id,
        extract_date,
        NULLIF(isrc, '') AS isrc,
        row_number() OVER (PARTITION BY extract_date, song_id ORDER BY load_id) AS choice
    FROM songs_data
    WHERE extract_date IN (SELECT extract_date FROM steps)
),
recordings AS (
    -- A song that was taken down may have lost its ISRC: the last one known up to that date.
    SELECT
        song_id,
        extract_date,
        last_value(isrc) IGNORE NULLS OVER (PARTITION BY song_id ORDER BY extract_date) AS isrc
    FROM ranked_songs
    WHERE choice = 1
),
recorded_moves AS (
    SELECT
        moves.*,
        recordings.isrc,
        row_number() OVER (
            PARTITION BY moves.playlist_id, moves.change_date, moves.direction, recordings.isrc
            ORDER BY moves.item_key, moves.copy
        ) AS turn
    FROM moves
    LEFT JOIN recordings
        ON moves.song_id = recordings.song_id
        AND moves.extract_date = recordings.extract_date
),
paired_moves AS (
    -- The first of a recording that went with the first that came, the second with the second. Without an ISRC a
    -- move has no partner: its direction keeps it apart.
    SELECT
        *,
        max(CASE WHEN direction = 'came' THEN item_key END) OVER pair AS came_key,
        max(CASE WHEN direction = 'gone' THEN item_key END) OVER pair AS gone_key
    FROM recorded_moves
    WINDOW pair AS (
        PARTITION BY playlist_id, change_date, isrc, turn, CASE WHEN isrc IS NULL THEN direction END
    )
),
changes AS (
    SELECT
        playlist_id,
        CASE direction WHEN 'came' THEN playlist_name ELSE next_playlist_name END AS playlist_name,
        change_date,
        CASE direction WHEN 'came' THEN previous_date ELSE as_of_date END AS previous_date,
        CASE
            WHEN direction = 'came' AND gone_key IS NOT NULL THEN 'relinked'
            WHEN direction = 'came' THEN 'added'
            WHEN next_state = 'deleted' THEN 'deleted'
            WHEN next_item_count = 0 THEN 'emptied'
            ELSE 'removed'
        END AS change,
        item_key,
        CASE WHEN direction = 'came' THEN gone_key END AS previous_item_uri,
        item_type,
        song_id,
        known_item_name,
        known_artist_names
    FROM paired_moves
    WHERE direction = 'came' OR came_key IS NULL
)
SELECT
    playlist_id,
    playlist_name,
    change_date,
    previous_date,
    change,
    NULLIF(item_key, '') AS item_uri,
    previous_item_uri,
    max(item_type) AS item_type,
    max(song_id) AS song_id,
    max(known_item_name) AS item_name,
    max(known_artist_names) AS artist_names,
    count(*) AS copies
FROM changes
GROUP BY playlist_id, playlist_name, change_date, previous_date, change, item_key, previous_item_uri
UNION ALL
SELECT
    playlist_id,
    next_playlist_name,
    next_date,
    as_of_date,
    'deleted',
    CAST(NULL AS varchar),
    CAST(NULL AS varchar),
    CAST(NULL AS varchar),
    CAST(NULL AS varchar),
    CAST(NULL AS varchar),
    CAST(NULL AS varchar),
    CAST(0 AS bigint)
FROM steps
WHERE next_state = 'deleted' AND item_count = 0
