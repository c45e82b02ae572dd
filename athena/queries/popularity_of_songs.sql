-- Question: which songs became more popular, which less, where the API still tells it?
-- Grain:    one row per song_id whose popularity is known on two dates or more; the 100 that moved most, up or down.
-- Columns:  song_name (the last known), song_id, first_date DATE and first_popularity, last_date DATE and
--           last_popularity (the first and last dates that know it), popularity_change, least_popularity,
--           most_popularity, dates_known. Dates on which it is not known (NULL) are passed over, not taken for 0.
-- Params:   since DATE '2000-01-01': from that date on
--           until DATE '9999-12-31': up to that date
-- Prunes:   songs_data by extract_date BETWEEN since AND until, of which four columns are read;
--           playlists_data, which says what is published, is read whole.
WITH known_dates AS (
    -- A date that is being loaded, or held, is not published: the views do not know it.
    SELECT DISTINCT CAST(as_of_date AS varchar) AS extract_date
    FROM playlist_history
),
ranked AS (
    SELECT
        extract_date,
        song_id,
        NULLIF(song_name, '') AS song_name,
        popularity,
        row_number() OVER (PARTITION BY extract_date, song_id ORDER BY load_id) AS choice
    FROM songs_data
    WHERE extract_date BETWEEN CAST(:since AS varchar) AND CAST(:until AS varchar)
        AND extract_date IN (SELECT extract_date FROM known_dates)
),
moved AS (
    SELECT
        max_by(song_name, extract_date) FILTER (WHERE song_name IS NOT NULL) AS song_name,
        song_id,
        CAST(min(extract_date) AS date) AS first_date,
        min_by(popularity, extract_date) AS first_popularity,
        CAST(max(extract_date) AS date) AS last_date,
        max_by(popularity, extract_date) AS last_popularity,
        min(popularity) AS least_popularity,
        max(popularity) AS most_popularity,
        count(*) AS dates_known
    FROM ranked
    WHERE choice = 1
        AND popularity IS NOT NULL
    GROUP BY song_id
)
SELECT
    song_name,
    song_id,
    first_date,
    first_popularity,
    last_date,
    last_popularity,
    last_popularity - first_popularity AS popularity_change,
    least_popularity,
    most_popularity,
    dates_known
FROM moved
WHERE dates_known > 1
ORDER BY abs(last_popularity - first_popularity) DESC, last_popularity DESC, song_name, song_id
LIMIT 100
