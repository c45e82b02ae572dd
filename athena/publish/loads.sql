-- Question: which dates were loaded since a moment, and are therefore to be crawled, counted and published?
-- Grain:    one row. A date is meant when its newest load began at that moment or later.
-- Columns:  dates         'a,b,c': these dates, oldest first; the empty string when there are none
--           first_date    the oldest and
--           last_date     the newest of them
--           newest_load   their newest load_id
--           loads         tells whether another load has been reported since: equal when none has. One run at a time
--                         writes, so the newest load and the number of dates do
--           item_rows     rows of playlist_items_data that they hold, as their reports say
-- Prunes:   load_reports is read whole: a line a load and date.
-- since is the beginning of a load_id, which is its run's start; empty for all dates.
WITH newest_reports AS (
    SELECT extract_date, load_id, "rows".playlist_items_data AS item_rows
    FROM (
        SELECT
            extract_date,
            load_id,
            "rows",
            row_number() OVER (PARTITION BY extract_date ORDER BY load_id DESC) AS age
        FROM load_reports
        WHERE rebuilt AND TRY_CAST(extract_date AS date) IS NOT NULL
    ) AS reports
    WHERE age = 1
        AND load_id >= '${since}'
)
SELECT
    COALESCE(array_join(array_agg(extract_date ORDER BY extract_date), ','), '') AS dates,
    COALESCE(min(extract_date), '') AS first_date,
    COALESCE(max(extract_date), '') AS last_date,
    COALESCE(max(load_id), '') AS newest_load,
    CAST(count(*) AS varchar) || ' ' || COALESCE(max(load_id), '') AS loads,
    COALESCE(sum(item_rows), 0) AS item_rows
FROM newest_reports
