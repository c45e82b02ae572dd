"""Replacing partitions without a hole: list the old files, append the new ones, check, delete the old ones.

It leans neither on an atomic rename nor on a particular committer. Between the append and the deletes a partition
holds a date twice; the views choose one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from load_transform.contract import DATASETS, PARTITION, Dataset
from load_transform.errors import PartitionChangedError
from load_transform.filesystem import Files, in_parallel
from load_transform.intents import Intent
from load_transform.schemas import to_contract

_LEFTOVERS = ("_temporary", ".spark-staging", "__magic")


def partition_files(files: Files, dates: Iterable[str]) -> list[str]:
    """Return the keys of every file in the dates' partitions, over all datasets."""
    prefixes = [f"{dataset.prefix}{PARTITION}={date}/" for dataset in DATASETS for date in sorted(dates)]
    found = in_parallel(files.files_below, prefixes)
    return sorted(files.key(entry.uri) for entries in found for entry in entries)


def remove_leftovers(files: Files) -> None:
    """Delete what a killed run left below the tables' roots: Spark's committer would merge it into the next append."""
    for dataset in DATASETS:
        for folder in files.folders(dataset.prefix):
            if folder.startswith(_LEFTOVERS):
                files.delete_folder(f"{dataset.prefix}{folder}/")


def append(files: Files, dataset: Dataset, frame: DataFrame, load_id: str) -> None:
    """Append a dataset's rows to their partitions. A small date is one file, a large one is split."""
    rows = to_contract(dataset, frame.withColumn("load_id", F.lit(load_id)))
    # As SQL, since `DataFrame.hint` takes columns only from Spark 4 on.
    balanced = rows.sparkSession.sql(f"SELECT /*+ REBALANCE({PARTITION}) */ * FROM {{rows}}", rows=rows)  # noqa: S608
    balanced.write.mode("append").partitionBy(PARTITION).parquet(files.root + dataset.name)


@dataclass(frozen=True)
class Written:
    """What a load wrote: the keys of its files, and its rows per date and dataset."""

    keys: list[str]
    rows: dict[str, dict[str, int]]


def written(spark: SparkSession, files: Files, dates: Iterable[str], load_id: str, before: Iterable[str]) -> Written:
    """Count this load's rows in Parquet and check that nobody else wrote to the partitions.

    Raises
    ------
    PartitionChangedError
        when a partition holds a file that was neither listed before nor written by this load
    """
    dates = sorted(dates)
    new_keys = sorted(set(partition_files(files, dates)) - set(before))
    counted = _count_files(spark, files, new_keys)
    mine = {files.key(row["uri"]) for row in counted if row["load_id"] == load_id}
    strangers = sorted(set(new_keys) - mine)
    if strangers:
        raise PartitionChangedError(
            f"{strangers[0]} appeared while load {load_id} was writing ({len(strangers)} such files). "
            "Another writer is at work on this lake: stop it, then run again."
        )
    rows: dict[str, dict[str, int]] = {date: {dataset.name: 0 for dataset in DATASETS} for date in dates}
    for row in counted:
        rows[row[PARTITION]][row["dataset"]] += row["rows"]
    return Written(new_keys, rows)


def of_dates(keys: Iterable[str], dates: Iterable[str]) -> list[str]:
    """Return the keys of files that lie in the dates' partitions."""
    folders = {f"{PARTITION}={date}" for date in dates}
    return [key for key in keys if key.split("/")[1] in folders]


def of_unfinished(intents: Iterable[Intent], files: Iterable[str]) -> list[str]:
    """Return which files of a held date were left by runs that did not end, and were never published.

    Such a run's intent names the files that were there before it. Once it had begun to delete these, what it wrote is
    the date.
    """
    there = set(files)
    left: set[str] = set()
    for intent in intents:
        for date in intent.dates:
            before = set(of_dates(intent.delete, [date]))
            if before <= there:
                left |= set(of_dates(there, [date])) - before
    return sorted(left)


def delete_files(files: Files, keys: Iterable[str]) -> None:
    """Delete the listed files, several at a time."""
    in_parallel(files.delete, keys)


def _count_files(spark: SparkSession, files: Files, keys: list[str]) -> list[dict[str, Any]]:
    """Return `dataset, extract_date, load_id, uri, rows` of the files. Old files are not opened: one may be damaged."""
    by_dataset = {dataset.name: [key for key in keys if key.startswith(dataset.prefix)] for dataset in DATASETS}
    frames = [
        spark.read.schema(f"load_id string, {PARTITION} string")
        .option("basePath", files.root + name)
        .parquet(*(files.root + key for key in found))
        .groupBy(F.lit(name).alias("dataset"), PARTITION, "load_id", F.col("_metadata.file_path").alias("uri"))
        .agg(F.count("*").alias("rows"))
        for name, found in by_dataset.items()
        if found
    ]
    return [row.asDict() for row in reduce(DataFrame.unionByName, frames).collect()] if frames else []
