-- Question: on which dates does the lake know a playlist, and how well?
-- Grain:    one row per playlist_id and as_of_date on which something is known of the playlist, all published dates.
-- Columns:  playlist_id, playlist_name (the last known up to that date), as_of_date DATE, item_count, and state:
--           'complete'  every item of the playlist is there (an empty playlist has item_count 0)
--           'partial'   a dropped file that held fewer items than the playlist's total: what it lacks is not gone
--           'missing'   the run wanted the playlist and could not read it: nothing is known of its items
--           'deleted'   the first run without the playlist, after a run that held it: deleted, left or no longer
--                       wanted. A date without a run says nothing about playlists that it does not hold.
-- Prunes:   extract_date <= literal: the published dates. The question needs all of them; playlists_data is small.
-- During a load a date may be there twice: the oldest load still there wins, it is the complete one.
CREATE OR REPLACE VIEW playlist_history AS
WITH published_dates AS (
    SELECT extract_date
    FROM UNNEST(split(${published_dates}, ',')) AS listed (extract_date)
),
run_dates AS (
    SELECT extract_date
    FROM UNNEST(split(${run_dates}, ',')) AS listed (extract_date)
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY extract_date, playlist_id ORDER BY load_id) AS choice
    FROM playlists_data
    WHERE extract_date <= ${newest_date}
        AND extract_date IN (SELECT extract_date FROM published_dates)
),
observed AS (
    SELECT
        playlist_id,
        extract_date,
        NULLIF(playlist_name, '') AS playlist_name,
        item_count,
        run_id,
        CASE
            WHEN fetch_status = 'missing' THEN 'missing'
            WHEN run_id IS NULL AND item_count < api_total THEN 'partial'
            ELSE 'complete'
        END AS state
    FROM ranked
    WHERE choice = 1
),
first_runs AS (
    SELECT playlist_id, min(extract_date) AS extract_date
    FROM observed
    WHERE run_id IS NOT NULL
    GROUP BY playlist_id
),
absent AS (
    SELECT first_runs.playlist_id, run_dates.extract_date
    FROM first_runs
    CROSS JOIN run_dates
    LEFT JOIN observed
        ON first_runs.playlist_id = observed.playlist_id
        AND run_dates.extract_date = observed.extract_date
    WHERE run_dates.extract_date > first_runs.extract_date
        AND observed.playlist_id IS NULL
),
timeline AS (
    SELECT playlist_id, extract_date, playlist_name, item_count, state
    FROM observed
    UNION ALL
    SELECT playlist_id, extract_date, CAST(NULL AS varchar), CAST(NULL AS integer), 'deleted'
    FROM absent
),
followed AS (
    SELECT
        playlist_id,
        extract_date,
        last_value(playlist_name) IGNORE NULLS OVER by_date AS playlist_name,
        item_count,
        state,
        lag(state) OVER by_date AS previous_state
    FROM timeline
    WINDOW by_date AS (PARTITION BY playlist_id ORDER BY extract_date)
)
SELECT
    playlist_id,
    playlist_name,
    CAST(extract_date AS date) AS as_of_date,
    item_count,
    state
FROM followed
WHERE state <> 'deleted' OR previous_state IS DISTINCT FROM 'deleted'
