"""What every test may use: one Spark for the whole session, started only when a test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from spotify_etl.java import java_home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# The same examples on every machine. HYPOTHESIS_PROFILE=search HYPOTHESIS_EXAMPLES=1000 looks for new ones.
_COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("repeatable", max_examples=100, derandomize=True, **_COMMON)
settings.register_profile("search", max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "1000")), **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


SPARK_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    # Small jobs end before compiling pays: that of the JVM, that of Spark's generated code (the job as Glue starts it
    # has that, and a test of its own), and that of descriptions of plans which nobody will look at.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.debug.maxToStringFields": "0",
    "spark.sql.ui.explainMode": "simple",
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A quiet local Spark that reads and writes folders without checksum files."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - most tests need no Spark, and importing it takes a second

    os.environ["JAVA_HOME"] = str(java_home())
    scratch: Path = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in {**SPARK_SETTINGS, "spark.sql.warehouse.dir": str(scratch / "warehouse")}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
