-- Question: how well was each date loaded, what was left out, and what did the gates find?
-- Grain:    one row per extract_date, from its load reports; the newest 1,000.
-- Columns:  extract_date (text, as the partitions have it), loads (reports of it), state ('published'; 'held': a gate
--           stopped its newest load; 'quarantined only': nothing was loaded), rows_in, rows_out, rows_superseded (of the
--           newest load that rebuilt it), rows_unexplained (in - out - superseded: 0, or something is wrong),
--           objects_quarantined (of all its loads), values_not_fitting, unknown_fields (how many, of that newest load),
--           gates_failed, warnings (of its newest load, also one that a gate stopped; joined by '; '; NULL: none),
--           loaded_at (text; of the newest load that rebuilt it).
-- Params:   since DATE '2000-01-01': from that date on
--           until DATE '9999-12-31': up to that date
-- Prunes:   no _data table is read. load_reports has no partitions on Athena and is read whole: a line a load and date.
WITH reports AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY extract_date, rebuilt ORDER BY load_id DESC) AS age,
        -- What only quarantined objects says nothing about the rows that are there.
        rebuilt OR COALESCE(cardinality(gates_failed), 0) > 0 AS decides,
        row_number() OVER (
            PARTITION BY extract_date, rebuilt OR COALESCE(cardinality(gates_failed), 0) > 0
            ORDER BY load_id DESC
        ) AS age_of_decision
    FROM load_reports
    WHERE extract_date BETWEEN CAST(:since AS varchar) AND CAST(:until AS varchar)
),
misfits AS (
    SELECT reports.extract_date, sum(counted.n) AS n
    FROM reports
    CROSS JOIN UNNEST(map_values(reports.values_not_fitting)) AS counted (n)
    WHERE reports.rebuilt AND reports.age = 1
    GROUP BY reports.extract_date
),
strangers AS (
    SELECT reports.extract_date, sum(counted.n) AS n
    FROM reports
    CROSS JOIN UNNEST(map_values(reports.unknown_fields)) AS counted (n)
    WHERE reports.rebuilt AND reports.age = 1
    GROUP BY reports.extract_date
),
dates AS (
    SELECT
        extract_date,
        count(*) AS loads,
        max_by(rebuilt, load_id) FILTER (WHERE decides) AS is_published,
        max(CASE WHEN rebuilt AND age = 1 THEN rows_in END) AS rows_in,
        max(CASE WHEN rebuilt AND age = 1 THEN rows_out END) AS rows_out,
        max(CASE WHEN rebuilt AND age = 1 THEN rows_superseded END) AS rows_superseded,
        max(CASE WHEN rebuilt AND age = 1 THEN loaded_at END) AS loaded_at,
        COALESCE(sum(objects_quarantined), 0) AS objects_quarantined,
        max(CASE WHEN decides AND age_of_decision = 1 THEN NULLIF(array_join(gates_failed, '; '), '') END)
            AS gates_failed,
        max(CASE WHEN decides AND age_of_decision = 1 THEN NULLIF(array_join(warnings, '; '), '') END) AS warnings
    FROM reports
    GROUP BY extract_date
)
SELECT
    dates.extract_date,
    dates.loads,
    CASE
        WHEN dates.is_published THEN 'published'
        WHEN NOT dates.is_published THEN 'held'
        ELSE 'quarantined only'
    END AS state,
    dates.rows_in,
    dates.rows_out,
    dates.rows_superseded,
    dates.rows_in - dates.rows_out - dates.rows_superseded AS rows_unexplained,
    dates.objects_quarantined,
    COALESCE(misfits.n, 0) AS values_not_fitting,
    COALESCE(strangers.n, 0) AS unknown_fields,
    dates.gates_failed,
    dates.warnings,
    dates.loaded_at
FROM dates
LEFT JOIN misfits ON dates.extract_date = misfits.extract_date
LEFT JOIN strangers ON dates.extract_date = strangers.extract_date
ORDER BY dates.extract_date DESC
LIMIT 1000
