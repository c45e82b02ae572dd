-- Question: which dates and which loads are published by a refresh of the views that starts now?
-- Grain:    one row. Each column is named as the placeholder that it fills in athena/views/*.sql and holds SQL text,
--           quotes included, so that whoever refreshes the views only has to replace text.
-- Columns:  latest_dates      'a', 'b': the date of the newest run; in a lake without runs every date that is the
--                             newest one of some playlist
--           latest_load_ids   'x', 'y': the newest load of each of those dates
--           published_dates   'a,b,c' in one literal: every date that was loaded to its end
--           run_dates         'a,c' in one literal: those of them that hold a run of the extract
--           newest_date       'c': the newest of published_dates
--           An empty list is the empty string, which no date and no load is.
-- Prunes:   load_reports is read whole (a line a load and date); playlists_data only for its ids and partitions.
WITH newest_reports AS (
    -- A date is loaded to its end when a load has reported it; its newest report tells which runs it holds.
    SELECT
        extract_date,
        load_id,
        COALESCE(cardinality(run_ids), 0) > 0 AS has_run
    FROM (
        SELECT
            extract_date,
            load_id,
            run_ids,
            row_number() OVER (PARTITION BY extract_date ORDER BY load_id DESC) AS age
        FROM load_reports
        WHERE rebuilt AND TRY_CAST(extract_date AS date) IS NOT NULL
    ) AS reports
    WHERE age = 1
),
newest_run AS (
    SELECT max(extract_date) AS extract_date
    FROM newest_reports
    WHERE has_run
),
newest_of_each_playlist AS (
    SELECT playlist_id, max(extract_date) AS extract_date
    FROM playlists_data
    WHERE extract_date IN (SELECT extract_date FROM newest_reports)
    GROUP BY playlist_id
),
latest AS (
    SELECT extract_date
    FROM newest_run
    WHERE extract_date IS NOT NULL
    UNION
    SELECT extract_date
    FROM newest_of_each_playlist
    WHERE (SELECT extract_date FROM newest_run) IS NULL
),
latest_lists AS (
    SELECT
        array_join(array_agg('''' || extract_date || '''' ORDER BY extract_date), ', ') AS dates,
        array_join(array_agg('''' || replace(load_id, '''', '''''') || '''' ORDER BY extract_date), ', ') AS load_ids
    FROM newest_reports
    WHERE extract_date IN (SELECT extract_date FROM latest)
),
published_lists AS (
    SELECT
        array_join(array_agg(extract_date ORDER BY extract_date), ',') AS dates,
        array_join(array_agg(extract_date ORDER BY extract_date) FILTER (WHERE has_run), ',') AS run_dates,
        max(extract_date) AS newest_date
    FROM newest_reports
)
SELECT
    COALESCE(latest_lists.dates, '''''') AS latest_dates,
    COALESCE(latest_lists.load_ids, '''''') AS latest_load_ids,
    '''' || COALESCE(published_lists.dates, '') || '''' AS published_dates,
    '''' || COALESCE(published_lists.run_dates, '') || '''' AS run_dates,
    '''' || COALESCE(published_lists.newest_date, '') || '''' AS newest_date
FROM latest_lists
CROSS JOIN published_lists
