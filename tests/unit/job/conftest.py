from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.job.cases import Cases, Transformed, transform

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module", params=["true", "false"], ids=["ansi", "not_ansi"])
def any_spark(spark: SparkSession, request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """Spark, once with ANSI mode on and once with it off."""
    before = spark.conf.get("spark.sql.ansi.enabled")
    spark.conf.set("spark.sql.ansi.enabled", request.param)
    yield spark
    spark.conf.set("spark.sql.ansi.enabled", str(before))


@pytest.fixture(scope="module")
def transformed(any_spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Cases], Transformed]:
    """Return the function that computes what the job makes of cases, without writing it."""
    root: Path = tmp_path_factory.mktemp("cases")
    return lambda cases: transform(any_spark, root, cases)
