-- Question: how long are the songs?
-- Grain:    one row per minute begun: 3 is from 3:00 to 3:59, and 10 is 10:00 and longer.
-- Columns:  minutes, songs.
-- Prunes:   through the view: the partitions of the newest date only.
SELECT
    least(duration_ms / 60000, 10) AS minutes,
    count(*) AS songs
FROM songs
WHERE duration_ms >= 0
GROUP BY least(duration_ms / 60000, 10)
ORDER BY minutes
LIMIT 11
