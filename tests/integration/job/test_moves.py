"""Moving raw objects: whatever lies under the target already, no bytes are lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from load_transform.archive import move_to_processed
from load_transform.errors import MoveError
from load_transform.filesystem import Files
from load_transform.intake import listed
from tests.builders import contents, put

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def files(spark: SparkSession, tmp_path: Path) -> Files:
    return Files(spark, tmp_path.as_uri())


def test_objects_that_share_a_key_end_as_one(files: Files, tmp_path: Path) -> None:
    for name in ("new/1", "new/2", "done/x"):
        put(tmp_path / name, b"same")

    left = move_to_processed(files, [(one, "done/x") for one in listed(files, "new/")])

    assert left == set()
    assert contents(tmp_path) == {"done/x": b"same"}


@pytest.mark.parametrize("there", [b"shorter", b"longer than that", b"other bytes"], ids=len)
def test_other_bytes_under_the_key_stay_and_so_does_the_object(files: Files, tmp_path: Path, there: bytes) -> None:
    put(tmp_path / "new/1", b"these bytes")
    put(tmp_path / "done/x", there)

    with pytest.raises(MoveError, match="done/x exists already"):
        move_to_processed(files, [(one, "done/x") for one in listed(files, "new/")])

    assert contents(tmp_path) == {"new/1": b"these bytes", "done/x": there}


def test_an_object_that_was_replaced_after_the_listing_is_left_for_the_next_run(files: Files, tmp_path: Path) -> None:
    for name in ("new/1", "new/2"):
        put(tmp_path / name, b"as it was read")
    found = listed(files, "new/")
    put(tmp_path / "new/2", b"as nobody has read it")

    left = move_to_processed(files, [(one, one.key.replace("new", "done")) for one in found])

    assert left == {"new/2"}
    assert contents(tmp_path) == {"done/1": b"as it was read", "new/2": b"as nobody has read it"}
