-- Question: how popular is the library's music, date by date, where the API still tells it?
-- Grain:    one row per published date that holds songs; the newest 1,000.
-- Columns:  as_of_date DATE, songs, songs_known (of which the API tells the popularity, 0 to 100; since 2026 it tells
--           apps in development mode of none), known_percent, average_popularity, least_popularity, most_popularity
--           (of the known ones; NULL where there is none: not known is not 0).
-- Params:   since DATE '2000-01-01': from that date on
--           until DATE '9999-12-31': up to that date
-- Prunes:   songs_data by extract_date BETWEEN since AND until, of which three columns are read;
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
        popularity,
        row_number() OVER (PARTITION BY extract_date, song_id ORDER BY load_id) AS choice
    FROM songs_data
    WHERE extract_date BETWEEN CAST(:since AS varchar) AND CAST(:until AS varchar)
        AND extract_date IN (SELECT extract_date FROM known_dates)
)
SELECT
    CAST(extract_date AS date) AS as_of_date,
    count(*) AS songs,
    count(popularity) AS songs_known,
    round(100.0E0 * count(popularity) / count(*), 1) AS known_percent,
    round(avg(CAST(popularity AS double)), 1) AS average_popularity,
    min(popularity) AS least_popularity,
    max(popularity) AS most_popularity
FROM ranked
WHERE choice = 1
GROUP BY CAST(extract_date AS date)
ORDER BY as_of_date DESC
LIMIT 1000
