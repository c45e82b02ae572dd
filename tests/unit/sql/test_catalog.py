from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from load_transform.contract import DATASETS, LOAD_REPORT_COLUMNS
from spotify_etl import catalog
from spotify_etl.catalog import connect, published, refresh
from spotify_etl.sql import QueryError, run
from tests.unit.sql.conftest import Ask
from tests.unit.sql.lakes import BY_NAME, Lake, write_parquet

TWO_DAYS = "SELECT extract_date, song_id FROM songs_data ORDER BY 1, 2"


def _described(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in run(connection, f"DESCRIBE {table}").rows}


def test_an_empty_lake_has_the_contracts_columns_and_types(tmp_path: Path) -> None:
    connection = connect(tmp_path)
    for dataset in DATASETS:
        described = run(connection, f"DESCRIBE {dataset.name}").rows
        assert [name for name, _ in described] == [*(name for name, _ in dataset.columns), "extract_date"]
        assert run(connection, f"SELECT * FROM {dataset.name}").rows == []
    assert _described(connection, "songs_data")["song_added"] == "timestamp"
    assert _described(connection, "songs_data")["artist_ids"] == "array(varchar)"
    assert _described(connection, "load_reports").keys() == {
        *(name for name, _ in LOAD_REPORT_COLUMNS),
        "extract_date",
    }


def test_an_empty_and_a_written_table_describe_alike(lake: Lake) -> None:
    tables = [*(dataset.name for dataset in DATASETS), "load_reports"]
    before = [run(connect(lake.root), f"DESCRIBE {table}").rows for table in tables]
    lake.day("2026-01-01", {"p": ["a"]})
    after = [run(connect(lake.root), f"DESCRIBE {table}").rows for table in tables]
    assert before == after


def test_refreshing_an_empty_lake_publishes_nothing(lake: Lake, ask: Ask) -> None:
    lake.root.mkdir(exist_ok=True)
    publication = refresh(lake.root)
    assert publication.latest_dates == ()
    assert publication.dates == ()
    assert ask("SELECT * FROM playlist_songs") == []


@pytest.mark.parametrize("name", ["it's", "a [b] c", "star*", "wh?t", "{a,b}", "k=v", "ü 雪", "%41"])
def test_any_name_of_a_lake_works(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name)
    lake.day("2026-01-01", {"p": ["a"]})
    publication = refresh(lake.root)
    assert publication.dates == ("2026-01-01",)
    with connect(lake.root) as connection:
        assert run(connection, "SELECT extract_date, song_id FROM songs_data").rows == [("2026-01-01", "a")]
        assert run(connection, "SELECT extract_date, load_id FROM load_reports").rows == [("2026-01-01", "load-0001")]
        assert run(connection, "SELECT song_id FROM playlist_songs").rows == [("a",)]


def test_a_relative_lake_works(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.day("2026-01-01", {"p": ["a"]})
    monkeypatch.chdir(lake.root.parent)
    refresh(Path(lake.root.name))
    assert run(connect(Path(lake.root.name)), "SELECT song_id FROM songs").rows == [("a",)]


def test_a_lake_is_not_mistaken_for_its_neighbour(tmp_path: Path) -> None:
    # `[x]` as a pattern would match the folder called x.
    Lake(tmp_path / "x").day("2026-01-01", {"p": ["neighbour"]})
    Lake(tmp_path / "[x]").day("2026-01-01", {"p": ["own"]})
    assert run(connect(tmp_path / "[x]"), "SELECT song_id FROM songs_data").rows == [("own",)]


def test_files_that_spark_hides_are_not_read(lake: Lake, ask: Ask) -> None:
    lake.day("2026-01-01", {"p": ["a"]})
    folder = lake.transformed / "songs_data"
    (written,) = folder.glob("*/*.parquet")
    strays = [
        "_temporary/0/task_1/extract_date=2026-01-01/part-1.parquet",
        ".spark-staging-1/extract_date=2026-01-02/part-1.parquet",
        "_temporary/part-1.parquet",
        "extract_date=2026-01-01/_temporary/part-1.parquet",
        "extract_date=2026-01-01/_part-1.parquet",
        "extract_date=2026-01-01/.part-1.parquet",
        "part-1.parquet",
    ]
    for stray in strays:
        (folder / stray).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(written, folder / stray)
    (folder / "_SUCCESS").touch()
    (folder / "extract_date=2026-01-01" / f".{written.name}.crc").write_bytes(b"crc\0")
    (lake.transformed / "load_reports" / "extract_date=2026-01-01" / "_x.json").write_text("not json")
    assert ask("SELECT extract_date, song_id FROM songs_data") == [("2026-01-01", "a")]
    assert ask("SELECT count(*) FROM load_reports") == [(1,)]


def test_only_strays_is_an_empty_table(lake: Lake, ask: Ask) -> None:
    stray = lake.transformed / "songs_data" / "_temporary" / "0" / "extract_date=2026-01-01" / "part-1.parquet"
    stray.parent.mkdir(parents=True)
    write_parquet(stray, BY_NAME["songs_data"], [{"song_id": "a"}])
    assert ask("SELECT * FROM songs_data") == []


def test_a_column_added_later_is_null_in_older_files(lake: Lake, ask: Ask) -> None:
    old = lake.transformed / "songs_data" / "extract_date=2026-01-01" / "part-old.parquet"
    old.parent.mkdir(parents=True)
    write_parquet(old, BY_NAME["songs_data"], [{"song_id": "a"}], leave_out=["isrc", "song_added"])
    assert ask("SELECT song_id, isrc, song_added FROM songs_data") == [("a", None, None)]
    lake.write("songs_data", "2026-01-02", [{"song_id": "b", "isrc": "I"}], "l")
    assert ask("SELECT song_id, isrc FROM songs_data ORDER BY 1") == [("a", None), ("b", "I")]


def test_the_contracts_types_decide(lake: Lake) -> None:
    path = lake.transformed / "songs_data" / "extract_date=2026-01-01" / "part-1.parquet"
    path.parent.mkdir(parents=True)
    duckdb.execute(f"COPY (SELECT 'a' AS song_id, 7::INTEGER AS duration_ms, 5 AS not_ours) TO '{path}'")
    connection = connect(lake.root)
    result = run(connection, "SELECT duration_ms FROM songs_data")
    assert (result.types, result.rows) == (("bigint",), [(7,)])
    with pytest.raises(QueryError, match="not_ours"):
        run(connection, "SELECT not_ours FROM songs_data")


def test_load_reports_are_a_table(lake: Lake, ask: Ask) -> None:
    lake.report("2026-01-01", "l1", ["r1"])
    path = lake.transformed / "load_reports" / "extract_date=2026-01-01" / "l1.json"
    line = json.loads(path.read_text())
    line |= {"rows": {"songs_data": 3}, "unknown_fields": {"x.y": 2}, "seconds": {"read": 0.5}, "added_later": 1}
    path.write_text(json.dumps(line) + "\n")
    sql = "SELECT rows.songs_data, unknown_fields['x.y'], element_at(seconds, 'read'), run_ids FROM load_reports"
    assert ask(sql) == [(3, 2, 0.5, ["r1"])]


def test_a_newer_date_shows_only_after_a_refresh(lake: Lake, ask: Ask) -> None:
    lake.day("2026-01-01", {"p": ["a"]})
    assert ask("SELECT * FROM songs") == []
    refresh(lake.root)
    lake.day("2026-01-02", {"p": ["b"]})
    assert ask("SELECT song_id FROM songs") == [("a",)]
    assert ask("SELECT * FROM playlist_changes") == []
    assert ask("SELECT count(*) FROM playlist_history") == [(1,)]
    assert ask(TWO_DAYS) == [("2026-01-01", "a"), ("2026-01-02", "b")]
    refresh(lake.root)
    assert ask("SELECT song_id FROM songs") == [("b",)]
    assert len(ask("SELECT * FROM playlist_changes")) == 2


def test_an_older_date_that_comes_late_shows_only_after_a_refresh(lake: Lake, ask: Ask) -> None:
    lake.day("2026-01-01", {"p": ["a"]})
    lake.day("2026-01-03", {"p": ["a"]})
    refresh(lake.root)
    lake.day("2026-01-02", {"p": []})
    assert ask("SELECT * FROM playlist_changes") == []
    assert ask("SELECT * FROM lost_songs") == []
    refresh(lake.root)
    assert [change for (change,) in ask("SELECT change FROM playlist_changes ORDER BY change_date")] == [
        "emptied",
        "added",
    ]


def test_a_date_without_its_report_is_not_published(lake: Lake) -> None:
    # The report comes when the date is whole: a refresh during a load publishes what is whole.
    lake.day("2026-01-01", {"p": ["a"]})
    lake.day("2026-01-02", {"p": ["b"]}, report=False)
    lake.report("2026-01-03", "l3", ["run"], rebuilt=False)
    assert refresh(lake.root).dates == ("2026-01-01",)


def test_a_publication_is_written_whole_or_not_at_all(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.day("2026-01-01", {"p": ["a"]})
    first = refresh(lake.root)
    lake.day("2026-01-02", {"p": ["b"]})

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full_disk)
        with pytest.raises(OSError, match="No space"):
            refresh(lake.root)
    assert published(lake.root) == first
    assert {path.name for path in lake.root.iterdir()} == {"published.json", "transformed"}
    assert refresh(lake.root).latest_dates == ("2026-01-02",)


def test_a_failed_refresh_keeps_the_last_publication(lake: Lake) -> None:
    lake.day("2026-01-01", {"p": ["a"]})
    first = refresh(lake.root)
    (lake.transformed / "load_reports" / "extract_date=2026-01-01" / "broken.json").write_text("not json")
    with pytest.raises(QueryError):
        refresh(lake.root)
    assert published(lake.root) == first


def test_what_is_published_reads_back(lake: Lake) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        lake.day(day, {"p": ["a"]}, load_id=f"load'{day}")
    publication = refresh(lake.root)
    assert published(lake.root) == publication
    assert publication.latest_dates == ("2026-01-02",)
    assert publication.dates == ("2026-01-01", "2026-01-02")
    assert run(connect(lake.root), "SELECT song_id FROM songs").rows == [("a",)]


def test_a_connection_sees_a_rebuild(lake: Lake) -> None:
    old = lake.day("2026-01-01", {"p": ["a"]})
    refresh(lake.root)
    connection = connect(lake.root)
    assert run(connection, "SELECT song_id FROM songs_data").rows == [("a",)]
    lake.day("2026-01-01", {"p": ["b"]})
    lake.remove(old)
    assert run(connection, "SELECT song_id FROM songs_data").rows == [("b",)]


def test_opening_the_catalogue_needs_no_spark() -> None:
    code = "import sys, spotify_etl.catalog; print([m for m in ('pyspark', 'boto3', 'spotipy') if m in sys.modules])"
    paths = [path for path in sys.path if path]
    environment = {"PYTHONPATH": ":".join([*paths, *(str(Path(p)) for p in ("glue_jobs", "."))])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_type_of_the_contract_is_known() -> None:
    kinds = {kind for dataset in DATASETS for _, kind in dataset.columns} | {kind for _, kind in LOAD_REPORT_COLUMNS}
    for kind in kinds:
        duckdb.sql(f"SELECT CAST(NULL AS {catalog.duckdb_type(kind)})")
