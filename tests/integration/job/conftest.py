from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders import Lake, Ticks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LATER = datetime(2026, 11, 24, 7, tzinfo=UTC)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, tmp_path / "lake")


@pytest.fixture(scope="module")
def module_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One lake for the tests of a module that only look at it."""
    return Lake(spark, tmp_path_factory.mktemp("lake"))


@pytest.fixture
def copy_of(spark: SparkSession, tmp_path: Path) -> Callable[[Lake], Lake]:
    """Return a function that copies a lake, so that a test may change it: loading it again would take seconds."""

    def copy(original: Lake) -> Lake:
        shutil.copytree(original.raw.parent, tmp_path / "copy")
        return Lake(spark, tmp_path / "copy", Ticks(LATER))

    return copy
