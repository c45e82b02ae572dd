-- Question: which dates does a quality gate hold since a moment, and what did it find?
-- Grain:    one row. A date that a later load has published is not held any more.
-- Columns:  dates   'a,b,c': these dates, oldest first; the empty string when there are none
--           told    a line a date: the date and what its gates found; the first 10,000 characters of it
-- Prunes:   load_reports is read whole: a line a load and date.
-- since is the beginning of a load_id, which is its run's start.
WITH newest_reports AS (
    SELECT
        extract_date,
        rebuilt,
        gates_failed,
        row_number() OVER (PARTITION BY extract_date ORDER BY load_id DESC) AS age
    FROM load_reports
    WHERE load_id >= '${since}'
        AND (rebuilt OR COALESCE(cardinality(gates_failed), 0) > 0)
)
SELECT
    COALESCE(array_join(array_agg(extract_date ORDER BY extract_date), ','), '') AS dates,
    COALESCE(
        substr(
            array_join(
                array_agg(extract_date || ': ' || array_join(gates_failed, '; ') ORDER BY extract_date),
                chr(10)
            ),
            1,
            10000
        ),
        ''
    ) AS told
FROM newest_reports
WHERE age = 1
    AND NOT rebuilt
