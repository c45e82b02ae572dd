"""One load, looked at from all sides: the files that it writes, their types, its reports."""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb
import pytest

from load_transform import CODE_VERSION
from load_transform.contract import CONTRACT_VERSION, DATASETS, LOAD_REPORT_COLUMNS, Dataset
from tests.builders import (
    DATE,
    Dropped,
    ExtractRun,
    Json,
    Lake,
    album,
    dropped,
    extracted,
    page,
    row,
    rows,
    track,
)

OTHER_DATE = "2026-07-27"
RUN = ExtractRun()
ODD = track("odd", popularity="very", duration_ms=[1], new_field=1, album=album(release_date="soon", total_tracks=1.5))
OBJECTS = [
    extracted(RUN, rows("a", "b")),
    dropped(RUN.marker_name, RUN.marker(("playlist1", "fetched", None), ("gone", "missing", "forbidden"))),
    dropped(f"spotify_raw_{DATE} 05:00:00.json", page([*rows("c", shape="track"), row(ODD)], playlist_id="classic")),
    dropped(f"spotify_raw_{DATE} 04:00:00.json", page(rows("d", "e", "f"), playlist_id="playlist1")),
    dropped(f"{OTHER_DATE}.json", page(rows("a"), playlist_id="classic")),
    Dropped(f"extract_date={DATE}/bad.json", b"?"),
]

PHYSICAL = {
    "string": ("BYTE_ARRAY", "StringType()"),
    "int": ("INT32", None),
    "bigint": ("INT64", None),
    "boolean": ("BOOLEAN", None),
    "date": ("INT32", "DateType()"),
    "timestamp": (
        "INT64",
        "TimestampType(isAdjustedToUTC=1, unit=TimeUnit(MILLIS=<null>, MICROS=MicroSeconds(), NANOS=<null>))",
    ),
}
OF_SPARK = {
    "int": "integer",
    "bigint": "long",
    "array<string>": {"type": "array", "elementType": "string", "containsNull": True},
}


@pytest.fixture(scope="module")
def done(module_lake: Lake) -> Json:
    return module_lake.take(*OBJECTS)


@pytest.fixture(params=DATASETS, ids=lambda dataset: dataset.name)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    found: Dataset = request.param
    return found


def ask(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def files_of(lake: Lake, dataset: Dataset) -> str:
    return f"{lake.transformed}/{dataset.name}/*/*.parquet"


def test_a_small_date_is_one_file_a_dataset(module_lake: Lake, done: Json, dataset: Dataset) -> None:
    folders = sorted((module_lake.transformed / dataset.name).iterdir())
    assert [folder.name for folder in folders] == [f"extract_date={date}" for date in (OTHER_DATE, DATE)]
    assert [len(list(folder.iterdir())) for folder in folders] == [1, 1]


def test_there_is_nothing_but_tables_and_reports(module_lake: Lake, done: Json) -> None:
    assert module_lake.leftovers() == set()


def test_parquet_types_are_the_contracts(module_lake: Lake, done: Json, dataset: Dataset) -> None:
    schema = ask(f"SELECT name, type, logical_type FROM parquet_schema('{files_of(module_lake, dataset)}')")
    leaves = {name: (kind, logical) for name, kind, logical in schema if kind and name != "element"}
    arrays = {name for name, kind in dataset.columns if kind == "array<string>"}
    assert [name for name, kind in leaves.items()] == [name for name, _ in dataset.columns if name not in arrays]
    for name, kind in dataset.columns:
        if name not in arrays:
            assert leaves[name] == PHYSICAL[kind], name
    assert {kind for _, kind, _ in schema} <= {"BYTE_ARRAY", "INT32", "INT64", "BOOLEAN", None}


def test_files_are_compressed_with_zstd(module_lake: Lake, done: Json, dataset: Dataset) -> None:
    codecs = ask(f"SELECT DISTINCT compression FROM parquet_metadata('{files_of(module_lake, dataset)}')")
    assert codecs == [("ZSTD",)]


def test_the_footer_tells_the_types_and_the_contracts_version(module_lake: Lake, done: Json, dataset: Dataset) -> None:
    found = ask(f"SELECT key, value FROM parquet_kv_metadata('{files_of(module_lake, dataset)}')")
    schemas = [json.loads(value) for key, value in found if key == b"org.apache.spark.sql.parquet.row.metadata"]
    assert len(schemas) == 2
    for schema in schemas:
        assert [(field["name"], field["type"]) for field in schema["fields"]] == [
            (name, OF_SPARK.get(kind, kind)) for name, kind in dataset.columns
        ]
        assert schema["fields"][-1]["metadata"] == {"contract_version": CONTRACT_VERSION}


def test_every_row_has_the_loads_id(module_lake: Lake, done: Json, dataset: Dataset) -> None:
    assert {row["load_id"] for row in module_lake.table(dataset.name, load_id=True)} == {done["load_id"]}
    assert re.fullmatch(r"20261123T070000000000Z-[0-9a-f]{6}", done["load_id"])


def test_the_report_is_one_line_with_the_declared_columns(module_lake: Lake, done: Json) -> None:
    (path,) = (module_lake.transformed / f"load_reports/extract_date={DATE}").iterdir()
    assert path.name == f"{done['load_id']}.json"
    assert path.read_text(encoding="utf-8").count("\n") == 1
    (line,) = module_lake.reports()
    assert set(line) == {name for name, _ in LOAD_REPORT_COLUMNS} | {"extract_date"}


def test_the_report_counts(module_lake: Lake, done: Json) -> None:
    (line,) = module_lake.reports()
    seconds = line.pop("seconds")
    assert line == {
        "load_id": done["load_id"],
        "contract_version": CONTRACT_VERSION,
        "code_version": CODE_VERSION,
        "loaded_at": "2026-11-23T07:00:00Z",
        "run_ids": [RUN.run_id],
        "rebuilt": True,
        "objects_new": 4,
        "objects_read": 4,
        "objects_quarantined": 1,
        "rows_in": 7,
        "rows_in_new": 7,
        "rows_out": 4,
        "rows_superseded": 3,
        "rows": {"albums_data": 1, "artists_data": 1, "songs_data": 4, "playlist_items_data": 4, "playlists_data": 3},
        "values_not_fitting": {"duration_ms": 1, "popularity": 1, "release_date": 1, "total_tracks": 1},
        "unknown_fields": {"item.new_field": 1},
        "gates_failed": [],
        "warnings": [],
        "extract_date": DATE,
    }
    assert set(seconds) >= {"read new objects", "write songs_data", "check", "move raw objects"}
    assert all(second >= 0 for second in seconds.values())


def test_the_summary_holds_the_lines_of_all_dates(module_lake: Lake, done: Json) -> None:
    assert [line["extract_date"] for line in done["dates"]] == [OTHER_DATE, DATE]
    assert done["dates"][1]["rows"] == module_lake.reports()[0]["rows"]
    assert (done["pending"], done["held"], len(done["quarantined"])) == (6, [], 1)
    assert json.loads(json.dumps(done)) == done


def test_the_details_name_the_objects(module_lake: Lake, done: Json) -> None:
    (details,) = module_lake.details()
    processed = {f"raw_data/processed/{name}" for name in module_lake.processed() if f"extract_date={DATE}" in name}
    assert set(details["inputs"]) == processed
    assert f"raw_data/processed/{RUN.object_name()}" in processed
    assert [one["reason"] for one in details["quarantined"]] == ["not_json"]


def test_with_nothing_pending_nothing_changes(module_lake: Lake, done: Json) -> None:
    before = contents_of(module_lake)
    again = module_lake.load()

    assert (again["pending"], again["dates"], again["quarantined"]) == (0, [], [])
    assert contents_of(module_lake) == before


def contents_of(lake: Lake) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in lake.raw.parent.rglob("*") if path.is_file()}


def test_a_missing_playlist_is_told_by_the_marker(module_lake: Lake, done: Json) -> None:
    (gone,) = (one for one in module_lake.table("playlists_data") if one["playlist_id"] == "gone")
    assert {name: value for name, value in gone.items() if value is not None} == {
        "extract_date": DATE,
        "playlist_id": "gone",
        "fetch_status": "missing",
        "fetch_reason": "forbidden",
        "run_id": RUN.run_id,
        "extracted_at": RUN.started.replace(second=2, tzinfo=None),
    }
