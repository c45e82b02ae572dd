from __future__ import annotations

import json
from pathlib import Path

from tests.integration.command.conftest import spotify_etl


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_sample_goes_from_the_web_api_to_an_answer(sample_root: Path) -> None:
    said = (sample_root / "first_run.txt").read_text()

    assert "lake/sample: 13 dates, the views as of 2026-11-23" in said
    assert "3,149 rows in = 3,149 rows out + 0 superseded" in said
    assert "whose songs fill the library?" in said
    assert "달빛 우체국" in said
    counted = json.loads(
        spotify_etl("query", "SELECT count(*) AS songs FROM songs", "--format", "json", cwd=sample_root).stdout
    )
    assert counted[0]["songs"] > 100


def test_progress_names_the_steps_on_the_way(sample_root: Path) -> None:
    steps = (sample_root / "first_run_progress.txt").read_text()

    order = ["extract the bundled sample", "start Spark", "read new objects", "write songs_data", "refresh the views"]
    places = [steps.index(step) for step in order]
    assert places == sorted(places)


def test_a_second_run_says_that_nothing_is_new_and_leaves_the_tables_as_they_are(sample_copy: Path) -> None:
    before = files(sample_copy / "lake/sample/transformed")

    done = spotify_etl("run", "--sample", cwd=sample_copy)

    assert done.returncode == 0
    assert "Nothing is new" in done.stdout
    assert files(sample_copy / "lake/sample/transformed") == before


def test_every_raw_object_ends_in_processed_and_nothing_waits(sample_root: Path) -> None:
    raw = sample_root / "lake/sample/raw/raw_data"

    assert not [path for path in (raw / "to_be_processed").rglob("*") if path.is_file()]
    assert not (raw / "quarantine").exists()
    assert any(path.name.startswith("spotify_raw_2026-10-05 ") for path in (raw / "processed").rglob("*.json"))


def test_rows_of_all_dates_equal_the_rows_that_were_read(sample_root: Path) -> None:
    asked = "SELECT sum(rows_in) AS rows_in, sum(rows_out + rows_superseded) AS told FROM load_reports"
    reports = json.loads(spotify_etl("query", asked, "--format", "json", cwd=sample_root).stdout)[0]
    kept = "SELECT count(*) AS kept FROM playlist_items_data"
    rows = json.loads(spotify_etl("query", kept, "--format", "json", cwd=sample_root).stdout)[0]

    assert reports["rows_in"] == reports["told"] == rows["kept"]


def test_the_changes_of_the_story_come_out(sample_root: Path) -> None:
    asked = "SELECT DISTINCT change FROM playlist_changes ORDER BY 1"
    changes = spotify_etl("query", asked, "--format", "csv", cwd=sample_root).stdout.split()

    assert changes == ["change", "added", "deleted", "emptied", "relinked", "removed"]


def test_json_is_for_machines(sample_copy: Path) -> None:
    done = spotify_etl("run", "--sample", "--json", cwd=sample_copy)

    told = json.loads(done.stdout)
    assert told["load"] is None
    assert told["rows"]["playlists"] == 8
    assert told["answer"]["top_artists"]
