"""Moves and deletes on S3: 10,000 objects in parallel against a few one at a time, through S3A on this machine.

Run it with `python benchmarks/s3_moves.py`. The server is moto's behind a proxy that makes every request wait, so the
seconds are those of this machine and that latency, not of AWS; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pyspark.sql import SparkSession

from load_transform import filesystem
from load_transform.archive import move_to_processed
from load_transform.contract import PROCESSED, TO_BE_PROCESSED
from load_transform.filesystem import Files
from load_transform.intake import listed
from load_transform.partitions import delete_files
from spotify_etl.java import java_home
from tests.conftest import SPARK_SETTINGS
from tests.s3.faulty_s3 import FaultyS3
from tests.s3.s3_lakes import S3A_SETTINGS, MotoServer
from tools.s3_jars import S3JarsError, bundled_hadoop, s3_jars

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Figures:
    """What one round took: seconds to move and to delete all objects, and requests per moved object."""

    move: float
    delete: float
    requests_per_move: float


@dataclass(frozen=True)
class Bench:
    """A Spark, a server, and how many seconds each of its answers takes."""

    spark: SparkSession
    client: S3Client
    proxy: FaultyS3
    latency: float

    def measure(self, objects: int, at_once: int) -> Figures:
        """Move and delete objects in a bucket of their own."""
        bucket = self._bucket_of(objects)
        files = Files(self.spark, f"s3://{bucket}")
        moves = [(item, PROCESSED + item.key.removeprefix(TO_BE_PROCESSED)) for item in listed(files, TO_BE_PROCESSED)]
        self.proxy.reset()
        self.proxy.latency = self.latency
        filesystem.PARALLEL, usual = at_once, filesystem.PARALLEL
        try:
            began = time.perf_counter()
            left = move_to_processed(files, moves)
            moved = time.perf_counter()
            requests = self.proxy.seen.requests.total()
            delete_files(files, [target for _, target in moves])
            deleted = time.perf_counter()
        finally:
            filesystem.PARALLEL = usual
            self.proxy.reset()
        remaining = [key for prefix in (TO_BE_PROCESSED, PROCESSED) for key in files.files_below(prefix)]
        if left or remaining or len(moves) != objects:
            raise RuntimeError(f"Of {objects} objects {len(left)} were left and {len(remaining)} remain in {bucket}.")
        return Figures(moved - began, deleted - moved, requests / objects)

    def _bucket_of(self, objects: int) -> str:
        bucket = f"raw-{uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=bucket)
        keys = [f"{TO_BE_PROCESSED}extract_date=2026-08-03/{number:06}.json" for number in range(objects)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: self.client.put_object(Bucket=bucket, Key=key, Body=b"{}"), keys))
        return bucket


def main() -> int:
    """Print the rows of the table."""
    options = _options()
    try:
        jars = s3_jars(bundled_hadoop())
    except S3JarsError as error:
        sys.stderr.write(f"s3_moves: {error}\n")
        return 1
    with emulated_s3(jars) as (server, proxy, spark):
        bench = Bench(spark, server.client(), proxy, options.latency_ms / 1000)
        bench.measure(50, filesystem.PARALLEL)  # The JVM's first requests are its slowest.
        measured = {
            (size, at_once): [bench.measure(size, at_once) for _ in range(options.rounds)]
            for size, at_once in ((options.one_at_a_time, 1), (options.objects, filesystem.PARALLEL))
        }
    _print(measured, options.latency_ms)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000, help="objects to move and delete in parallel")
    parser.add_argument("--one-at-a-time", type=int, default=200, help="objects to move and delete one by one")
    parser.add_argument("--latency-ms", type=float, default=5.0, help="how long every request waits")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


@contextmanager
def emulated_s3(jars: Iterable[Path]) -> Iterator[tuple[MotoServer, FaultyS3, SparkSession]]:
    """Give a server, the proxy before it that counts and slows requests, and a Spark that works on it through both."""
    os.environ["JAVA_HOME"] = str(java_home())
    os.environ["SPARK_DIST_CLASSPATH"] = os.pathsep.join(map(str, jars))
    with MotoServer() as server, FaultyS3(server.port) as proxy, _spark(proxy.url) as spark:
        yield server, proxy, spark


@contextmanager
def _spark(endpoint: str) -> Iterator[SparkSession]:
    builder = SparkSession.builder.master("local[2]").appName("s3_moves")
    settings = {
        **SPARK_SETTINGS,
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.paging.maximum": "1000",
    }
    for name, value in {**{f"spark.hadoop.{key}": value for key, value in S3A_SETTINGS.items()}, **settings}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    try:
        yield session
    finally:
        session.stop()


def _print(measured: dict[tuple[int, int], list[Figures]], latency_ms: float) -> None:
    sys.stdout.write(
        f"Latency {latency_ms:g} ms a request, medians of {len(next(iter(measured.values())))} rounds\n"
        "| objects | at once | move, s | moves/s | requests a move | delete, s | deletes/s |\n"
        "|---:|---:|---:|---:|---:|---:|---:|\n"
    )
    rates = []
    for (size, at_once), rounds in measured.items():
        move, delete = (statistics.median(getattr(one, name) for one in rounds) for name in ("move", "delete"))
        requests = statistics.median(one.requests_per_move for one in rounds)
        rates.append((size / move, size / delete))
        sys.stdout.write(
            f"| {size:,} | {at_once} | {move:.1f} | {size / move:.0f} | {requests:.1f} | {delete:.1f} "
            f"| {size / delete:.0f} |\n"
        )
    (move_one, delete_one), (move_many, delete_many) = rates
    sys.stdout.write(
        f"In parallel, moves are {move_many / move_one:.1f} and deletes {delete_many / delete_one:.1f} times as fast.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
