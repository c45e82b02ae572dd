from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.integration.command.conftest import spotify_etl


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM nope", "SELEC 1", "SELECT nope FROM songs", "DROP TABLE songs", "SELECT 1; SELECT 2"]
)
def test_bad_sql_gives_the_engines_message_and_no_traceback(sample_root: Path, statement: str) -> None:
    done = spotify_etl("query", statement, cwd=sample_root)

    assert done.returncode == 1
    assert done.stderr.startswith("spotify-etl: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_table_is_answered_with_those_that_there_are(sample_root: Path) -> None:
    done = spotify_etl("query", "SELECT * FROM song", cwd=sample_root)

    assert "albums_data, artists_data, load_reports, playlist_items_data, playlists_data, songs_data" in done.stderr
    assert "playlist_songs" in done.stderr


def test_csv_and_json_hold_the_same_answer(sample_root: Path) -> None:
    asked = "SELECT song_name, artist_names, added_at FROM playlist_songs ORDER BY playlist_id, position"

    as_json = json.loads(spotify_etl("query", asked, "--format", "json", cwd=sample_root).stdout)
    as_csv = list(csv.DictReader(io.StringIO(spotify_etl("query", asked, "--format", "csv", cwd=sample_root).stdout)))

    assert len(as_json) == len(as_csv) > 100
    for one, other in zip(as_json, as_csv, strict=True):
        assert {name: "" if value is None else str(value) for name, value in one.items()} == other


def test_a_table_shows_null_apart_from_empty(sample_root: Path) -> None:
    done = spotify_etl("query", "SELECT CAST(NULL AS varchar) AS nothing, '' AS empty, true AS yes", cwd=sample_root)

    assert "NULL" in done.stdout
    assert "true" in done.stdout
