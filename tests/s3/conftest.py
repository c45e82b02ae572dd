"""The job over S3A: moto's S3 server on loopback, the faulty proxy before it, and Spark with the jars for it.

The jars must be on the class path when the JVM starts. So a process that already runs a Spark without them skips these
tests and says so; `pytest tests/s3` is a process of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.s3.faulty_s3 import FaultyS3
from tests.s3.s3_lakes import S3A_SETTINGS, MotoServer, S3Lake
from tools.s3_jars import S3JarsError, bundled_hadoop, cached_s3_jars, s3_jars

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

CLASS_PATH = "SPARK_DIST_CLASSPATH"
"""What Spark's launcher appends to the class path of every JVM that it starts."""


def _put_on_class_path(jars: list[Path]) -> None:
    os.environ[CLASS_PATH] = os.pathsep.join(map(str, jars))


# Before any test of this process starts Spark, so that all tests can run in one process once the jars are there.
if CLASS_PATH not in os.environ and (_CACHED := cached_s3_jars(bundled_hadoop())):
    _put_on_class_path(_CACHED)


@pytest.fixture(scope="session")
def jars() -> list[Path]:
    """The jars, on the class path of the Spark that starts next."""
    try:
        found = s3_jars(bundled_hadoop())
    except S3JarsError as error:
        pytest.skip(f"S3A's jars are not there: {error}")
    _put_on_class_path(found)
    return found


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    with MotoServer() as server:
        yield server


@pytest.fixture(scope="session")
def s3(moto_server: MotoServer) -> S3Client:
    """A client past the proxy: no faults, not counted."""
    return moto_server.client()


@pytest.fixture(scope="session")
def served_proxy(moto_server: MotoServer) -> Iterator[FaultyS3]:
    with FaultyS3(moto_server.port) as proxy:
        yield proxy


@pytest.fixture
def proxy(served_proxy: FaultyS3) -> Iterator[FaultyS3]:
    """The proxy, without faults, latency and counts when a test begins and when it ends."""
    served_proxy.reset()
    yield served_proxy
    served_proxy.reset()


@pytest.fixture(scope="session")
def s3_spark(jars: list[Path], served_proxy: FaultyS3, request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """The tests' Spark, for which s3:// is now the server."""
    spark: SparkSession = request.getfixturevalue("spark")
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    loader = jvm.Thread.currentThread().getContextClassLoader()
    if loader.getResource("org/apache/hadoop/fs/s3a/S3AFileSystem.class") is None:
        pytest.skip("this process started Spark before S3A's jars were fetched: run pytest tests/s3 by itself")
    configuration = spark.sparkContext._jsc.hadoopConfiguration()
    for name, value in {**S3A_SETTINGS, "fs.s3a.endpoint": served_proxy.url}.items():
        configuration.set(name, value)
    yield spark
    for name in (*S3A_SETTINGS, "fs.s3a.endpoint"):
        configuration.unset(name)


@pytest.fixture(scope="module")
def new_s3_lake(
    s3_spark: SparkSession, s3: S3Client, served_proxy: FaultyS3, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], S3Lake]:
    """Make another lake, of two new buckets."""
    scratch = tmp_path_factory.mktemp("mirrors")
    return lambda: S3Lake(s3_spark, s3, served_proxy, scratch)


@pytest.fixture
def s3_lake(new_s3_lake: Callable[[], S3Lake], proxy: FaultyS3) -> S3Lake:
    return new_s3_lake()
