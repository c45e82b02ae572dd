-- Question: what came and went in each playlist, day by day?
-- Grain:    one row per playlist_id and date on which something came, went or was relinked; the newest 1,000.
-- Columns:  change_date DATE, playlist_name, playlist_id, added, removed (with all that went when it was emptied or
--           deleted), relinked, songs_before, songs_after (0 of a deleted one), churn_percent (added and removed, of
--           songs_before; NULL where that is 0). Counts are of items, episodes among them, a double twice.
-- Params:   since DATE '2000-01-01': changes from that date on
--           until DATE '9999-12-31': changes up to that date
--           playlist '%': playlists whose name is LIKE that
-- Prunes:   nothing: a change is told from all published dates before it. since and until bound the answer.
WITH daily AS (
    SELECT
        change_date,
        max(playlist_name) AS playlist_name,
        playlist_id,
        COALESCE(sum(copies) FILTER (WHERE change = 'added'), 0) AS added,
        COALESCE(sum(copies) FILTER (WHERE change IN ('removed', 'emptied', 'deleted')), 0) AS removed,
        COALESCE(sum(copies) FILTER (WHERE change = 'relinked'), 0) AS relinked
    FROM playlist_changes
    WHERE change_date BETWEEN :since AND :until
        AND COALESCE(playlist_name, '') LIKE :playlist
    GROUP BY change_date, playlist_id
),
counted AS (
    SELECT
        daily.*,
        COALESCE(history.item_count, 0) - daily.added + daily.removed AS songs_before,
        COALESCE(history.item_count, 0) AS songs_after
    FROM daily
    LEFT JOIN playlist_history AS history
        ON daily.playlist_id = history.playlist_id
        AND daily.change_date = history.as_of_date
)
SELECT
    change_date,
    playlist_name,
    playlist_id,
    added,
    removed,
    relinked,
    songs_before,
    songs_after,
    round(100.0E0 * (added + removed) / NULLIF(songs_before, 0), 1) AS churn_percent
FROM counted
ORDER BY change_date DESC, added + removed DESC, playlist_name, playlist_id
LIMIT 1000
