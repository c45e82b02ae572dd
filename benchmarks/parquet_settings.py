"""What Parquet's settings cost and save: the tables of a lake's newest date written again with each of them.

    .venv/bin/python -m benchmarks.parquet_settings LAKE --rounds 3
    .venv/bin/python -m benchmarks.parquet_settings LAKE --rounds 3 --zstd-level 9

Rows are kept in memory and written by one task to one file, by Spark as the job does it, every round with all settings
in turn. "Nowhere" is the time to go through the rows, which is in all the others. A process keeps the first zstd codec
that it made, so that a level is one for all of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from load_transform.session import prepare
from spotify_etl.catalog import TRANSFORMED
from spotify_etl.java import java_home

_LOCAL = {"spark.driver.memory": "4g", "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
_TABLES = ("playlist_items_data", "songs_data")
_AS_IT_IS = "as it is: zstd, dictionaries, row groups of 128 MB"
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    _AS_IT_IS: {},
    "Snappy": {"compression": "snappy"},
    "no dictionaries": {"parquet.enable.dictionary": "false"},
    "pages of version 2 (delta encodings)": {"parquet.writer.version": "v2"},
    "row groups of 8 MB": {"parquet.block.size": str(8 << 20)},
    "row groups of 1 MB": {"parquet.block.size": str(1 << 20)},
}


def main() -> None:
    """Print a table of the lake that the argument names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--zstd-level", type=int, default=3, help="3 is Parquet's own default, and what the job writes")
    given = parser.parse_args()
    folders = {table: max((given.lake / TRANSFORMED / table).glob("extract_date=*"), default=None) for table in _TABLES}
    if missing := [table for table, folder in folders.items() if folder is None]:
        parser.error(f"{given.lake} has no {missing[0]}: spotify-etl run --raw FILES --lake {given.lake}")
    os.environ["JAVA_HOME"] = str(java_home())
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[*]")
    level = {"spark.hadoop.parquet.compression.codec.zstd.level": str(given.zstd_level)}
    for name, value in {**_LOCAL, **level}.items():
        builder = builder.config(name, value)
    spark = prepare(builder.getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    try:
        for table, folder in folders.items():
            sys.stdout.write(
                "\n".join([*_lines(table, spark.read.parquet(str(folder)), given.rounds, given.zstd_level), "", ""])
            )
    finally:
        spark.stop()


def _lines(table: str, rows: DataFrame, rounds: int, level: int) -> Iterator[str]:
    one_task = rows.coalesce(1).cache()
    yield f"`{table}`, {one_task.count():,} rows, zstd {level}, medians of {rounds}"
    yield ""
    yield "| | seconds | MB | to the first |"
    yield "|---|---:|---:|---:|"
    seconds: dict[str, list[float]] = defaultdict(list)
    _round(one_task)  # To warm up: it does not count.
    for _ in range(rounds):
        taken, sizes = _round(one_task)
        for name, value in taken.items():
            seconds[name].append(value)
    for name, values in seconds.items():
        written = f"{sizes[name] / 1e6:.2f} | {sizes[name] / sizes[_AS_IT_IS]:.2f}" if name in sizes else " |"
        yield f"| {name} | {statistics.median(values):.2f} | {written} |"
    one_task.unpersist()


def _round(rows: DataFrame) -> tuple[dict[str, float], dict[str, int]]:
    """Write the rows once with each setting; return the seconds and the bytes."""
    begun = time.monotonic()
    rows.write.format("noop").mode("overwrite").save()
    seconds, sizes = {"nowhere": time.monotonic() - begun}, {}
    for name, settings in _SETTINGS.items():
        with tempfile.TemporaryDirectory() as scratch:
            begun = time.monotonic()
            rows.write.options(**settings).parquet(f"{scratch}/out")
            seconds[name] = time.monotonic() - begun
            sizes[name] = sum(path.stat().st_size for path in Path(scratch, "out").glob("*.parquet"))
    return seconds, sizes


if __name__ == "__main__":
    main()
