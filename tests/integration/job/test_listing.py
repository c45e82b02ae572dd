"""The listing of a bucket or folder, through Hadoop's file system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from load_transform.filesystem import Files

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def test_what_is_not_there_is_empty(spark: SparkSession, tmp_path: Path) -> None:
    files = Files(spark, f"file://{tmp_path}")

    assert files.files_below("nothing/") == []
    assert files.folders("nothing/") == []
    assert files.entry("nothing") is None


def test_names_stay_what_they_are(spark: SparkSession, tmp_path: Path) -> None:
    """A line each is told of them, with their addresses encoded."""
    names = ["a b", "a%20b", "a:b", "a\nb", "ä", "[a]*{b}"]
    for name in names:
        (tmp_path / "below" / name).mkdir(parents=True)
        (tmp_path / "below" / name / name).write_text("one")
    (tmp_path / "below" / "file").write_text("two")
    files = Files(spark, f"file://{tmp_path}")

    found = files.files_below("below/")

    assert files.folders("below/") == sorted(names)
    assert sorted(files.key(entry.uri) for entry in found) == sorted(
        ["below/file", *(f"below/{name}/{name}" for name in names)]
    )
    assert {entry.length for entry in found} == {3}
