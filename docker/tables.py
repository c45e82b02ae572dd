"""The lake's tables in `make docker-shell`: pyspark runs this file when its session has started."""

from __future__ import annotations

import sys

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from load_transform.contract import DATASETS, LOAD_REPORTS
from load_transform.filesystem import Files
from load_transform.session import prepare

LAKE = "s3://transformed"


def register(session: SparkSession) -> list[str]:
    """Make a temporary view of each table that has something in it, and return the views' names.

    A view lists its files when it is made: call it again after another load.
    """
    prepare(session)
    there = folders_of_the_lake(session)
    tables = [dataset.name for dataset in DATASETS if dataset.name in there]
    for name in tables:
        session.read.parquet(f"{LAKE}/{name}").createOrReplaceTempView(name)
    reports = LOAD_REPORTS.rstrip("/")
    if reports not in there:
        return tables
    session.read.json(f"{LAKE}/{reports}").createOrReplaceTempView(reports)
    return [*tables, reports]


def folders_of_the_lake(session: SparkSession) -> list[str]:
    """Return the lake's folders; none if there is no bucket yet."""
    try:
        return Files(session, LAKE).folders("")
    except Py4JJavaError as error:
        if "UnknownStoreException" not in str(error.java_exception.getClass().getName()):
            raise
        return []


found = register(SparkSession.builder.getOrCreate())
sys.stdout.write(
    f"Tables: {', '.join(found)}\nTry spark.table('songs_data').show(), and register(spark) after another load.\n"
    if found
    else f"There is nothing in {LAKE} yet: leave with Ctrl-D and run make docker-run first.\n"
)
