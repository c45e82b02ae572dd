"""Unknown fields are looked for in some objects by name, and no other is opened for it."""

from __future__ import annotations

import json
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from load_transform import intake
from load_transform.drift import unknown_fields
from load_transform.filesystem import Files
from load_transform.session import prepare


def test_an_object_that_is_not_sampled_is_not_opened(spark: SparkSession, tmp_path: Path) -> None:
    prepare(spark)
    for name in ("asked", "other"):
        rows = [{"added_at": None, "track": {"id": "t", "type": "track"}, f"new_in_{name}": 1}]
        (tmp_path / f"{name}.json").write_text(json.dumps({"items": rows}), encoding="utf-8")
    files = Files(spark, tmp_path.as_uri())
    items = intake.listed(files, "")
    batch = intake.read_batch(spark, files.root, [""], items)
    assert batch.documents is not None
    # Whoever opened it now would fail.
    (tmp_path / "other.json").unlink()
    asked = [item.uri for item in items if item.name == "asked.json"]
    found = unknown_fields(batch.documents.where(F.col("uri").isin(asked))).collect()
    assert [(row["uri"], row["field"]) for row in found] == [(asked[0], "row.new_in_asked")]
