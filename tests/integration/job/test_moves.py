"""Moving raw objects: whatever lies under the target already, no bytes are lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from load_transform.archive import move_to_processed
from load_transform.errors import MoveError
from load_transform.filesystem import Files
from tests.builders import contents, put

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def files(spark: SparkSession, tmp_path: Path) -> Files:
    return Files(spark, tmp_path.as_uri())


def test_objects_that_share_a_key_end_as_one(files: Files, tmp_path: Path) -> None:
    for name in ("new/1", "new/2", "done/x"):
        put(tmp_path / name, b"same")

    move_to_processed(files, [("new/1", "done/x"), ("new/2", "done/x")])

    assert contents(tmp_path) == {"done/x": b"same"}


@pytest.mark.parametrize("there", [b"shorter", b"longer than that", b"other bytes"], ids=len)
def test_other_bytes_under_the_key_stay_and_so_does_the_object(files: Files, tmp_path: Path, there: bytes) -> None:
    put(tmp_path / "new/1", b"these bytes")
    put(tmp_path / "done/x", there)

    with pytest.raises(MoveError, match="done/x exists already"):
        move_to_processed(files, [("new/1", "done/x")])

    assert contents(tmp_path) == {"new/1": b"these bytes", "done/x": there}
