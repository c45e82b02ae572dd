"""The settings without which the job would not be right. Everything else is the caller's: master, memory, S3."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

REQUIRED = {
    "spark.sql.session.timeZone": "UTC",
    # A document with one value of the wrong type must not come back half read: it is parsed again, value by value.
    "spark.sql.json.enablePartialResults": "false",
    # `extract_date` is a string in the contract, whatever its folders look like.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Release dates before 1582 are written as they read, not refused.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.adaptive.enabled": "true",
    # It would put a filter on the size of an array before each explode, and compute the array, here whole documents,
    # once for the filter and again for the explode.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.InferFiltersFromGenerate",
    # The size of a null array is null, with ANSI mode on and off.
    "spark.sql.legacy.sizeOfNull": "false",
    # Bytes that are no UTF-8 decode to other characters, as in Spark 3; Spark 4 would stop the whole load.
    "spark.sql.legacy.codingErrorAction": "true",
}

_LOOKED_UP = (
    "functions",
    "Column",
    "PythonUtils",
    "SparkSession",
    "py4j.reflection.TypeUtil",
    "org.apache.spark.sql.catalyst.expressions.LambdaFunction",
    "org.apache.spark.sql.catalyst.expressions.UnresolvedNamedLambdaVariable",
)
"""What PySpark looks up by name in the JVM each time that a column is made."""


def prepare(session: SparkSession) -> SparkSession:
    """Set what the job depends on, on a session that may be shared (Glue's, a notebook's, a test's)."""
    for name, value in REQUIRED.items():
        session.conf.set(name, value)
    _remember(session.sparkContext._jvm)
    # A _SUCCESS file in a table's folder is an object that crawlers and readers would have to know about.
    session.sparkContext._jsc.hadoopConfiguration().set("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
    return session


def _remember(jvm: Any) -> None:
    """Look names up once: each time, Py4J asks for a class of that name in every package it knows and in every jar."""
    for name in _LOOKED_UP:
        holder = jvm
        for part in name.split("."):
            if part not in vars(holder):
                setattr(holder, part, getattr(holder, part))
            holder = vars(holder)[part]
