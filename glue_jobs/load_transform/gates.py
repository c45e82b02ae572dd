"""What must hold before a date is published, checked on the Parquet files that were written, not on the plan of them.

A hard gate that fails holds its date: nothing of it is published and its raw objects wait. The volume only warns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from load_transform.contract import ALBUMS, ARTISTS, DATASETS, PARTITION, PLAYLIST_ITEMS, SONGS, Dataset

_FINDING = (PARTITION, "message", "rows")


def failed_gates(spark: SparkSession, root: str, keys: Iterable[str]) -> dict[str, list[str]]:
    """Return, per date, a sentence for each gate that the files of a load fail; dates that pass are not there.

    `keys` are the load's files below `root`. Gates: the key of a dataset is unique and never null; every song's album
    and artists are there.
    """
    keys = list(keys)
    tables = {dataset: _read(spark, root, dataset, keys) for dataset in DATASETS}
    there = {dataset: table for dataset, table in tables.items() if table is not None}
    findings = [_keys_at_fault(dataset, table) for dataset, table in there.items()]
    songs = there.get(SONGS)
    if songs is not None:
        references = {
            ALBUMS: songs.select(PARTITION, F.col("album_id").alias("id")),
            ARTISTS: songs.select(PARTITION, F.explode("artist_ids").alias("id")),
        }
        findings += [_missing(wanted, there.get(dataset), dataset) for dataset, wanted in references.items()]
    failed: dict[str, list[str]] = {}
    for row in reduce(DataFrame.unionByName, findings).orderBy(*_FINDING).collect() if findings else ():
        failed.setdefault(row[PARTITION], []).append(row["message"].replace("{rows}", str(row["rows"])))
    return failed


def rows_out_of_balance(expected: int, written: Mapping[str, int]) -> str | None:
    """Return a sentence when not every row that survived is in Parquet: rows in = rows out + superseded."""
    found = written[PLAYLIST_ITEMS.name]
    return None if found == expected else f"{expected} rows were read and {found} are in {PLAYLIST_ITEMS.name}"


def volume_warnings(written: Mapping[str, int], before: Mapping[str, int], since: str, percent: float) -> list[str]:
    """Return a sentence per dataset that is smaller by more than `percent` than in the snapshot of `since`."""
    drops = {name: 100 * (1 - written[name] / before[name]) for name in written if before.get(name)}
    return [
        f"{name}: {written[name]} rows, {before[name]} on {since} ({drop:.0f} % fewer)"
        for name, drop in drops.items()
        if drop > percent
    ]


def _read(spark: SparkSession, root: str, dataset: Dataset, keys: Iterable[str]) -> DataFrame | None:
    files = [root + key for key in keys if key.startswith(dataset.prefix)]
    if not files:
        return None
    columns = ", ".join(f"`{name}` {kind}" for name, kind in (*dataset.columns, (PARTITION, "string")))
    return spark.read.schema(columns).option("basePath", root + dataset.name).parquet(*files)


def _keys_at_fault(dataset: Dataset, table: DataFrame) -> DataFrame:
    """Return a finding per date with keys that are null, and one per date with keys that are there twice."""
    name = ", ".join(dataset.key)
    is_null = reduce(lambda one, other: one | other, (F.col(column).isNull() for column in dataset.key))
    kind = F.when(is_null, f"{{rows}} rows of {dataset.name} have no {name}").when(
        F.col("count") > 1, f"{{rows}} rows of {dataset.name} share a {name} with another"
    )
    counted = table.groupBy(PARTITION, *dataset.key).count().withColumn("message", kind)
    return _findings(counted.where(F.col("message").isNotNull()), F.sum("count"))


def _missing(wanted: DataFrame, table: DataFrame | None, dataset: Dataset) -> DataFrame:
    """Return a finding per date with ids that songs name and `table` does not hold."""
    known = wanted.where(F.lit(False)) if table is None else table.select(PARTITION, F.col(dataset.key[0]).alias("id"))
    ids = wanted.where(F.col("id").isNotNull()).distinct()
    missing = ids.join(known, on=[PARTITION, "id"], how="left_anti")
    sentence = F.lit(f"{{rows}} of the songs' {dataset.key[0]}s are not in {dataset.name}")
    return _findings(missing.withColumn("message", sentence), F.count("*"))


def _findings(at_fault: DataFrame, rows: Column) -> DataFrame:
    return at_fault.groupBy(PARTITION, "message").agg(rows.alias("rows")).select(*_FINDING)
