-- Question: how much came into the playlists and how much went, week by week?
-- Grain:    one row per week with a change, the newest 53.
-- Columns:  week DATE (its Monday), added and gone (copies of items; gone is removed, emptied and deleted).
-- Prunes:   nothing: the question needs every published date.
SELECT
    CAST(date_trunc('week', change_date) AS date) AS week,
    COALESCE(sum(copies) FILTER (WHERE change = 'added'), 0) AS added,
    COALESCE(sum(copies) FILTER (WHERE change IN ('removed', 'emptied', 'deleted')), 0) AS gone
FROM playlist_changes
WHERE change <> 'relinked'
GROUP BY CAST(date_trunc('week', change_date) AS date)
ORDER BY week DESC
LIMIT 53
