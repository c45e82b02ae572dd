from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

import athena
from load_transform.contract import DATASETS, LOAD_REPORT_COLUMNS, LOAD_REPORTS, PARTITION
from tests.infra.stack_templates import GIVEN, properties, resources

CRAWLS = {
    "AlbumCrawler": ["albums_data"],
    "ArtistCrawler": ["artists_data"],
    "SongCrawler": ["songs_data", "playlist_items_data", "playlists_data"],
}


def tables() -> dict[str, dict[str, Any]]:
    """Every declared table's input, by its name."""
    told = [properties("catalog", logical_id) for logical_id in resources("catalog", "AWS::Glue::Table")]
    return {one["TableInput"]["Name"]: one["TableInput"] for one in told}


def statements() -> Iterator[str]:
    for path in sorted(athena.FOLDER.rglob("*.sql")):
        # A placeholder stands for a literal, or for what is between its quotes.
        yield re.sub(r"\$\{\w+\}", "0", path.read_text(encoding="utf-8"))


def test_the_tables_are_those_of_the_contract() -> None:
    assert set(tables()) == {*(dataset.name for dataset in DATASETS), LOAD_REPORTS.rstrip("/")}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_a_table_declares_the_contract_s_columns_with_their_types_in_their_order(dataset: Any) -> None:
    table = tables()[dataset.name]
    described = table["StorageDescriptor"]

    assert tuple((column["Name"], column["Type"]) for column in described["Columns"]) == dataset.columns
    assert table["PartitionKeys"] == [{"Name": PARTITION, "Type": "string"}]
    assert table["Parameters"]["classification"] == "parquet"
    assert described["Location"] == f"s3://{GIVEN['TransformedBucketName']}/{dataset.prefix}"
    assert described["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")


def test_load_reports_are_lines_of_json_without_partitions() -> None:
    table = tables()["load_reports"]
    described, parameters = table["StorageDescriptor"], table["Parameters"]
    folder = f"s3://{GIVEN['TransformedBucketName']}/{LOAD_REPORTS}"

    assert tuple((column["Name"], column["Type"]) for column in described["Columns"]) == (
        *LOAD_REPORT_COLUMNS,
        (PARTITION, "string"),
    )
    assert table["PartitionKeys"] == []
    assert not [name for name in parameters if name.startswith("projection.")]
    assert described["Location"] == folder
    assert described["SerdeInfo"]["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"


@pytest.mark.parametrize("logical_id", CRAWLS)
def test_a_crawler_crawls_its_declared_tables_and_changes_none(logical_id: str) -> None:
    crawler = properties("catalog", logical_id)
    (target,) = crawler["Targets"]["CatalogTargets"]
    names = [properties("catalog", one[1:-1])["TableInput"]["Name"] for one in target["Tables"]]
    configuration = json.loads(crawler["Configuration"])

    assert names == CRAWLS[logical_id]
    assert set(crawler["Targets"]) == {"CatalogTargets"}
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    assert configuration["CrawlerOutput"]["Partitions"]["AddOrUpdateBehavior"] == "InheritFromTable"
    assert configuration["Grouping"] == {"TableGroupingPolicy": "CombineCompatibleSchemas"}


def test_every_dataset_is_crawled_by_one_crawler() -> None:
    crawled = [name for names in CRAWLS.values() for name in names]

    assert set(resources("catalog", "AWS::Glue::Crawler")) == set(CRAWLS)
    assert sorted(crawled) == sorted(dataset.name for dataset in DATASETS)


def test_the_sql_that_ships_reads_declared_tables_and_views_only() -> None:
    known = {*tables(), *athena.VIEWS}
    read: set[str] = set()
    for text in statements():
        for statement in sqlglot.parse(text, read="athena"):
            assert statement is not None
            within = {one.alias for one in statement.find_all(exp.CTE)}
            read |= {table.name for table in statement.find_all(exp.Table)} - within

    assert read <= known
    assert set(tables()) <= read


def test_the_work_group_decides_where_answers_go_and_how_much_is_read() -> None:
    group = properties("catalog", "WorkGroup")
    configuration = group["WorkGroupConfiguration"]

    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == "<ScanLimitBytes>"
    assert configuration["ResultConfiguration"]["OutputLocation"] == f"s3://{GIVEN['WorkBucketName']}/athena_results/"
    assert configuration["ResultConfiguration"]["EncryptionConfiguration"] == {
        "EncryptionOption": "SSE_KMS",
        "KmsKey": GIVEN["KeyArn"],
    }


@pytest.mark.parametrize(("prefix", "database"), [("", "spotify"), ("dev-", "dev_spotify"), ("a-b-", "a_b_spotify")])
def test_the_database_has_no_minus_in_its_name(prefix: str, database: str) -> None:
    assert properties("catalog", "Database", NamePrefix=prefix)["DatabaseInput"]["Name"] == database
