"""The job and its JVM are killed before a dataset, a raw object and the views. `make chaos` kills everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.deaths import VICTIM
from tests.chaos.kills import Kill, Slaughterhouse
from tests.chaos.points import kind

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCENARIO = "second load"
POINTS = {
    "a dataset": (r"append songs_data", 0),
    "raw objects": (r"move to processed|delete to_be_processed", -2),
    "the views": (r"publish", 0),
}
"""The kind of the point, and which one of these. Files and objects come in any order, but one kind after another."""


@pytest.fixture(scope="module")
def slaughterhouse(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Slaughterhouse:
    return Slaughterhouse(tmp_path_factory.mktemp("killed"))


@pytest.mark.parametrize("what", POINTS)
def test_a_run_killed_before_it_changes_something_is_repaired_by_the_next(
    slaughterhouse: Slaughterhouse, what: str
) -> None:
    wanted, which = POINTS[what]
    lake = slaughterhouse.prepared(SCENARIO, 0)
    points = [number for number, name in enumerate(lake.points, 1) if re.fullmatch(wanted, kind(name))]

    killed = slaughterhouse.strike(Kill(SCENARIO, 0, str(points[which])), lake, 0)
    outcome = slaughterhouse.examine(killed)

    assert re.fullmatch(wanted, outcome.kind)
    assert outcome.differences == []
    assert (outcome.lost, outcome.doubled) == (0, 0)


def test_a_victim_that_would_take_its_starter_along_refuses() -> None:
    told = '{"root": "/nowhere", "orders": [[]], "kill_at": 1, "copying": false, "points_to": 1}'

    refused = subprocess.run(
        [sys.executable, str(VICTIM), told], env=dict(os.environ), capture_output=True, text=True, check=False
    )

    assert refused.returncode == 1
    assert "process group of its own" in refused.stderr
    assert not Path("/nowhere").exists()
