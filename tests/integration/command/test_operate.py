"""`reprocess`, `requeue` and `forget` as a user types them, on a copy of the sample's lake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from load_transform.contract import PROCESSED, TO_BE_PROCESSED
from tests.builders import contents, put
from tests.integration.command.conftest import spotify_etl

DATE, LAST = "2026-11-16", "2026-11-23"


def dates(root: Path) -> list[str]:
    asked = spotify_etl("query", "SELECT DISTINCT extract_date FROM songs_data ORDER BY 1", "--format", "csv", cwd=root)
    return asked.stdout.split()[1:]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reprocess"], "Which dates? Give --from and --to, or --accept."),
        (["reprocess", "--from", "yesterday"], "--from yesterday is no date"),
        (["requeue"], "Name the objects"),
        (["requeue", "x.json", "--all"], "Name the objects"),
        (["forget", "--before", "2026-13-01"], "--before 2026-13-01 is no date"),
        (["run", "--sample", "--volume-drop", "half"], "--volume-drop half is no number from 0 to 100"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_no_order_is_one_line_and_changes_nothing(
    sample_root: Path, arguments: list[str], message: str
) -> None:
    before = contents(sample_root / "lake")

    refused = spotify_etl(*arguments, cwd=sample_root)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert message in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert contents(sample_root / "lake") == before


def test_where_there_is_no_lake_there_is_nothing_to_do(tmp_path: Path) -> None:
    refused = spotify_etl("forget", "--before", "2026-01-01", cwd=tmp_path)

    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "There is no lake in lake/sample" in refused.stderr


def test_forget_says_what_it_would_do_and_then_does_it(sample_copy: Path) -> None:
    root = sample_copy
    before = contents(root / "lake" / "sample" / "raw")

    would = spotify_etl("forget", "--before", DATE, "--dry-run", cwd=root)
    assert would.returncode == 0, would.stderr
    assert "2026-11-09: raw objects 9, curated files 5" in would.stdout
    assert "Nothing was changed." in would.stdout
    assert contents(root / "lake" / "sample" / "raw") == before

    done = spotify_etl("forget", "--before", DATE, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Forgot 11 dates (2026-08-31 … 2026-11-09), raw and curated" in done.stdout
    assert "2 dates, the views as of 2026-11-23" in done.stdout
    assert dates(root) == [DATE, LAST]


def test_a_date_of_which_an_object_was_deleted_by_hand_is_held_until_that_is_accepted(sample_copy: Path) -> None:
    root = sample_copy
    lake = root / "lake" / "sample"
    gone = min((lake / "raw" / PROCESSED / f"extract_date={DATE}").glob("*.jsonl"))
    shutil.move(gone, root / "gone.jsonl")
    late = lake / "raw" / TO_BE_PROCESSED / f"extract_date={DATE}" / "late.json"
    put(late, (lake / "raw" / PROCESSED / f"extract_date={LAST}" / f"{one_of(lake)}").read_bytes().splitlines()[0])
    before = contents(lake / "transformed" / "songs_data")

    held = spotify_etl("reprocess", "--from", DATE, "--to", DATE, cwd=root)
    assert held.returncode == 1, held.stderr
    assert f"Held   {DATE} is not rebuilt: it was loaded from raw_data/processed/" in held.stdout
    assert f"spotify-etl reprocess --accept {DATE}" in held.stdout
    assert "late.json (inputs_missing)" in held.stdout
    assert contents(lake / "transformed" / "songs_data") == before

    accepted = spotify_etl("reprocess", "--accept", DATE, "--json", cwd=root)
    assert accepted.returncode == 0, accepted.stderr
    assert [line["extract_date"] for line in json.loads(accepted.stdout)["load"]["dates"]] == [DATE]

    nothing = spotify_etl("requeue", "nosuch.json", cwd=root)
    assert nothing.returncode == 2
    assert "nosuch.json is not in quarantine" in nothing.stderr.splitlines()[-1]

    back = spotify_etl("requeue", "late.json", cwd=root)
    assert back.returncode == 0, back.stderr
    assert f"Loaded 1 new objects into 1 date ({DATE})" in back.stdout
    assert "quarantined 0 objects" in spotify_etl("status", cwd=root).stdout


def one_of(lake: Path) -> str:
    """Return the name of one of the extract's objects of the last date."""
    found = (lake / "raw" / PROCESSED / f"extract_date={LAST}").glob("*.jsonl")
    return min(path.name for path in found)
