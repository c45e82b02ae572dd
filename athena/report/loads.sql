-- Question: how did the last loads go?
-- Grain:    one row per load, the newest 10.
-- Columns:  load_id, loaded_at (as it is written in the report), dates (rebuilt), rows_in, rows_out, rows_superseded,
--           objects_quarantined, gates (what quality gates found, the first 2,000 characters; the empty string when
--           nothing), all_rows (how many loads there are).
-- Prunes:   load_reports is read whole: a line a load and date.
SELECT
    load_id,
    min(loaded_at) AS loaded_at,
    count_if(rebuilt) AS dates,
    COALESCE(sum(rows_in), 0) AS rows_in,
    COALESCE(sum(rows_out), 0) AS rows_out,
    COALESCE(sum(rows_superseded), 0) AS rows_superseded,
    COALESCE(sum(objects_quarantined), 0) AS objects_quarantined,
    COALESCE(
        substr(
            array_join(
                array_agg(extract_date || ': ' || array_join(gates_failed, '; ') ORDER BY extract_date)
                FILTER (WHERE cardinality(gates_failed) > 0),
                '; '
            ),
            1,
            2000
        ),
        ''
    ) AS gates,
    count(*) OVER () AS all_rows
FROM load_reports
GROUP BY load_id
ORDER BY load_id DESC
LIMIT 10
