"""What the extract writes and what the job reads are written down once each; here they meet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lambda_extract import raw_zone
from lambda_extract.handler import handle
from lambda_extract.spotify import SpotifyClient
from load_transform import CODE_VERSION, contract, partitions
from load_transform.job import run
from load_transform.objects import RawObject, playlist_stem, unreadable
from spotify_etl import catalog, sample, sql
from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import StandIn

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def extract(root: Path) -> FolderStore:
    store = FolderStore(root / "raw")
    with (
        StandIn(sample.world()) as standin,
        SpotifyClient(standin.credentials, api_url=standin.api_url, token_url=standin.token_url) as spotify,
    ):
        handle(sample.EVENT, None, config=sample.config(), store=store, spotify=spotify, clock=sample.now)
    return store


def load(spark: SparkSession, root: Path) -> dict[str, object]:
    (root / "transformed").mkdir(exist_ok=True)
    return run(
        spark,
        (root / "raw").as_uri(),
        (root / "transformed").as_uri(),
        clock=lambda: datetime(2026, 11, 23, 7, tzinfo=UTC),
    )


def ask(root: Path, statement: str) -> list[tuple[object, ...]]:
    connection = catalog.connect(root)
    try:
        return sql.run(connection, statement).rows
    finally:
        connection.close()


def test_the_two_deployables_agree_on_names_and_version() -> None:
    assert raw_zone.TO_BE_PROCESSED == contract.TO_BE_PROCESSED
    assert raw_zone.PROCESSED == contract.PROCESSED
    assert raw_zone.SCHEMA_VERSION == contract.CONTRACT_VERSION


def test_the_code_version_of_the_reports_is_the_projects() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()

    assert f'version = "{CODE_VERSION}"' in project


def test_the_job_knows_the_extracts_objects_by_name(tmp_path: Path) -> None:
    keys = extract(tmp_path).keys(raw_zone.TO_BE_PROCESSED)

    assert len(keys) == len(sample.world().playlists) + 1
    for key in keys:
        item = RawObject(f"s3:/raw/{key}", key, 1, datetime(2026, 1, 1, tzinfo=UTC))
        assert item.has_own_name
        assert item.date_folder == "2026-11-23"
        assert unreadable(item) is None
        assert playlist_stem(item.name) in {*sample.world().playlists, "run"}


def test_what_the_extract_landed_is_what_the_tables_hold(spark: SparkSession, tmp_path: Path) -> None:
    extract(tmp_path)

    load(spark, tmp_path)
    catalog.refresh(tmp_path)

    found = ask(
        tmp_path, "SELECT playlist_id, playlist_name, item_count, api_total, fetch_status, snapshot_id FROM playlists"
    )
    served = sample.world().playlists.values()
    assert {row[0]: tuple(row[1:]) for row in found} == {
        one.playlist_id: (one.metadata["name"], len(one.rows), len(one.rows), "fetched", one.metadata["snapshot_id"])
        for one in served
    }
    rows = ask(tmp_path, "SELECT playlist_id, position, item_uri FROM playlist_items")
    assert {(row[0], row[1]): row[2] for row in rows} == {
        (one.playlist_id, position): (row["item"] or {}).get("uri")
        for one in served
        for position, row in enumerate(one.rows)
    }


def test_views_show_each_key_once_while_a_date_is_replaced_and_after(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(tmp_path)
    load(spark, tmp_path)
    catalog.refresh(tmp_path)
    (tmp_path / "raw/raw_data/to_be_processed/extract_date=2026-11-23").mkdir(parents=True, exist_ok=True)
    late = tmp_path / "raw/raw_data/to_be_processed/extract_date=2026-11-23/late.json"
    late.write_text('{"id": "late", "name": "Late", "tracks": {"offset": 0, "total": 0, "items": []}}')
    keys = {"songs": "song_id", "albums": "album_id", "artists": "artist_id", "playlists": "playlist_id"}
    counted = {view: f"SELECT count(*), count(DISTINCT {key}) FROM {view}" for view, key in keys.items()}
    counted["playlist_items"] = (
        "SELECT count(*), count(DISTINCT playlist_id || '/' || CAST(position AS varchar)) FROM playlist_items"
    )
    before = {view: ask(tmp_path, statement) for view, statement in counted.items()}
    seen = []
    delete_files = partitions.delete_files

    def look_then_delete(*arguments: object) -> None:
        doubled = ask(tmp_path, "SELECT count(*), count(DISTINCT song_id) FROM songs_data")[0]
        seen.append(doubled)
        assert {view: ask(tmp_path, statement) for view, statement in counted.items() if view != "playlists"} == {
            view: rows for view, rows in before.items() if view != "playlists"
        }
        delete_files(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(partitions, "delete_files", look_then_delete)
    load(spark, tmp_path)

    assert seen[0][0] == 2 * int(str(seen[0][1])), "the base table holds the date twice at that moment"
    assert {view: ask(tmp_path, statement) for view, statement in counted.items() if view != "playlists"} == {
        view: rows for view, rows in before.items() if view != "playlists"
    }
    catalog.refresh(tmp_path)
    for view, statement in counted.items():
        rows, distinct = ask(tmp_path, statement)[0]
        assert rows == distinct, view
    assert ask(tmp_path, "SELECT count(*) FROM playlists WHERE playlist_id = 'late'") == [(1,)]
