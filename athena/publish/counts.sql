-- Question: do the tables hold, of each date loaded since a moment, exactly the rows that its newest load reports?
-- Grain:    one row.
-- Columns:  loads              as in loads.sql
--           differences        how many tables and dates differ: rows of the newest load missing or too many, or rows of
--                              another load
--           told               the first five of them in words; the empty string when there are none
--           first_difference   the oldest and
--           last_difference    the newest date that differs
-- Prunes:   extract_date BETWEEN first_date AND last_date, of which only load_id is read.
-- since as in loads.sql, first_date and last_date from its answer.
WITH newest_reports AS (
    SELECT extract_date, load_id, "rows"
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
),
reported AS (
    SELECT extract_date, load_id, 'albums_data' AS dataset, COALESCE("rows".albums_data, 0) AS row_count
    FROM newest_reports
    UNION ALL
    SELECT extract_date, load_id, 'artists_data' AS dataset, COALESCE("rows".artists_data, 0) AS row_count
    FROM newest_reports
    UNION ALL
    SELECT extract_date, load_id, 'songs_data' AS dataset, COALESCE("rows".songs_data, 0) AS row_count
    FROM newest_reports
    UNION ALL
    SELECT extract_date, load_id, 'playlist_items_data' AS dataset, COALESCE("rows".playlist_items_data, 0) AS row_count
    FROM newest_reports
    UNION ALL
    SELECT extract_date, load_id, 'playlists_data' AS dataset, COALESCE("rows".playlists_data, 0) AS row_count
    FROM newest_reports
),
found AS (
    SELECT 'albums_data' AS dataset, extract_date, load_id, count(*) AS row_count
    FROM albums_data
    WHERE extract_date BETWEEN '${first_date}' AND '${last_date}'
    GROUP BY extract_date, load_id
    UNION ALL
    SELECT 'artists_data' AS dataset, extract_date, load_id, count(*) AS row_count
    FROM artists_data
    WHERE extract_date BETWEEN '${first_date}' AND '${last_date}'
    GROUP BY extract_date, load_id
    UNION ALL
    SELECT 'songs_data' AS dataset, extract_date, load_id, count(*) AS row_count
    FROM songs_data
    WHERE extract_date BETWEEN '${first_date}' AND '${last_date}'
    GROUP BY extract_date, load_id
    UNION ALL
    SELECT 'playlist_items_data' AS dataset, extract_date, load_id, count(*) AS row_count
    FROM playlist_items_data
    WHERE extract_date BETWEEN '${first_date}' AND '${last_date}'
    GROUP BY extract_date, load_id
    UNION ALL
    SELECT 'playlists_data' AS dataset, extract_date, load_id, count(*) AS row_count
    FROM playlists_data
    WHERE extract_date BETWEEN '${first_date}' AND '${last_date}'
    GROUP BY extract_date, load_id
),
compared AS (
    SELECT
        reported.extract_date,
        reported.dataset,
        reported.row_count AS reported_rows,
        COALESCE(sum(CASE WHEN found.load_id = reported.load_id THEN found.row_count END), 0) AS own_rows,
        COALESCE(sum(CASE WHEN found.load_id = reported.load_id THEN 0 ELSE found.row_count END), 0) AS other_rows
    FROM reported
    LEFT JOIN found
        ON reported.dataset = found.dataset
        AND reported.extract_date = found.extract_date
    GROUP BY reported.extract_date, reported.dataset, reported.row_count
),
differing AS (
    SELECT
        extract_date,
        'of ' || extract_date || ' ' || dataset || ' holds ' || CAST(own_rows AS varchar) || ' rows and not '
        || CAST(reported_rows AS varchar)
        || CASE WHEN other_rows > 0 THEN ', and ' || CAST(other_rows AS varchar) || ' of other loads' ELSE '' END AS told,
        row_number() OVER (ORDER BY extract_date, dataset) AS place
    FROM compared
    WHERE own_rows <> reported_rows OR other_rows > 0
),
listed AS (
    SELECT CAST(count(*) AS varchar) || ' ' || COALESCE(max(load_id), '') AS loads
    FROM newest_reports
),
summed_up AS (
    SELECT
        count(*) AS differences,
        COALESCE(array_join(array_agg(told ORDER BY place) FILTER (WHERE place <= 5), '; '), '') AS told,
        COALESCE(min(extract_date), '') AS first_difference,
        COALESCE(max(extract_date), '') AS last_difference
    FROM differing
)
SELECT
    listed.loads,
    summed_up.differences,
    summed_up.told,
    summed_up.first_difference,
    summed_up.last_difference
FROM listed
CROSS JOIN summed_up
