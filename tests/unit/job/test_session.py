"""What the job asks of a session that may be somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from py4j.java_gateway import JVMView
from pyspark.sql import functions as F

from load_transform.session import prepare

if TYPE_CHECKING:
    import pytest
    from pyspark.sql import SparkSession


def test_names_are_looked_up_once(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lookup is a search of every jar: for the sample they were a fifth of the load."""
    prepare(spark)
    asked: list[str] = []
    look_up = JVMView.__getattr__

    def noted(jvm: JVMView, name: str) -> Any:
        asked.append(name)
        return look_up(jvm, name)

    monkeypatch.setattr(JVMView, "__getattr__", noted)
    F.when(F.col("number") == 1, F.transform("numbers", lambda number: number + 1))

    # Spark 4 asks for its functions by their whole name, which is no search.
    assert {"functions", "Column", "PythonUtils", "org", "py4j"}.isdisjoint(asked)
