"""The peers that need only this project's packages give what the contract says and what the job gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from benchmarks.payloads import CLASSIC, Payload, write
from benchmarks.peers import duckdb_sql
from benchmarks.tables import COMPARED, content, differing, size
from load_transform.contract import TO_BE_PROCESSED
from tests.builders import Dropped, contents, put
from tests.reference import read

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PAYLOADS = (Payload(1_600, 8, dates=2), Payload(1_600, 8, dates=2, shape=CLASSIC, seed=2))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both shapes in one folder, of playlists and songs of their own."""
    root = tmp_path_factory.mktemp("raw")
    for payload in PAYLOADS:
        write(payload, root / payload.shape)
    return root


@pytest.fixture(scope="module")
def by_duckdb(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("duckdb")
    duckdb_sql.main(raw, out)
    return out


def _sorted(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["extract_date"], row[key]))


@pytest.mark.parametrize("dataset", COMPARED, ids=lambda dataset: dataset.name)
def test_duckdb_gives_what_the_contract_says(raw: Path, by_duckdb: Path, dataset: Any) -> None:
    reading = read([Dropped(name.partition("/")[2], text) for name, text in contents(raw).items()])
    (key,) = dataset.key
    with duckdb.connect() as connection:
        files = f"read_parquet('{by_duckdb}/{dataset.name}/*/*.parquet', hive_types_autocast = false)"
        found = connection.execute(f"SELECT * FROM {files}")
        names = [one[0] for one in found.description]
        rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    assert _sorted(rows, key) == _sorted(reading.tables[dataset.name], key)


def test_the_job_reads_both_shapes_and_quarantines_nothing(raw: Path, spark: SparkSession, tmp_path: Path) -> None:
    from load_transform.filesystem import Files  # noqa: PLC0415 - importing PySpark takes a second
    from load_transform.intake import listed, read_batch  # noqa: PLC0415
    from load_transform.session import prepare  # noqa: PLC0415

    for name, text in contents(raw).items():
        put(tmp_path / TO_BE_PROCESSED / name.partition("/")[2], text)
    files = Files(prepare(spark), f"file://{tmp_path}")
    batch = read_batch(spark, files.root, [TO_BE_PROCESSED], listed(files, TO_BE_PROCESSED))
    assert batch.refused == []
    assert len(batch.accepted) == len(contents(raw))


def test_pyspark_gives_the_same(raw: Path, by_duckdb: Path, spark: SparkSession, tmp_path: Path) -> None:
    from benchmarks.peers import pyspark_cached, pyspark_per_table  # noqa: PLC0415 - importing PySpark takes a second

    spark.conf.set("spark.sql.session.timeZone", "UTC")
    rows = pyspark_cached.tracks(spark, str(raw)).cache()
    for dataset, table in zip(
        COMPARED,
        (pyspark_per_table.process_albums, pyspark_per_table.process_artists, pyspark_per_table.process_songs),
        strict=True,
    ):
        key, name = dataset.columns[0][0], dataset.columns[1][0]
        pyspark_per_table.write(table(rows), key, name, str(tmp_path / dataset.name))
    rows.unpersist()
    assert differing(content(tmp_path), content(by_duckdb)) == []


def test_a_row_less_is_seen(by_duckdb: Path, tmp_path: Path) -> None:
    folder = tmp_path / "songs_data" / "extract_date=2026-11-23"
    folder.mkdir(parents=True)
    for name in ("albums_data", "artists_data"):
        (tmp_path / name).symlink_to(by_duckdb / name)
    with duckdb.connect() as connection:
        songs = f"read_parquet('{by_duckdb}/songs_data/*/*.parquet', hive_types_autocast = false)"
        connection.execute(
            f"COPY (SELECT * EXCLUDE extract_date FROM {songs} WHERE extract_date = '2026-11-23' LIMIT 10) "
            f"TO '{folder}/one.parquet'"
        )
    assert differing(content(by_duckdb), content(tmp_path)) == ["songs_data"]
    assert size(tmp_path)[1] == len(list(by_duckdb.glob("a*/*/*.parquet"))) + 1
