"""Ten thousand items: few requests, a page in memory at a time, everything there and in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import StandIn
from tests.unit.extract.builders import extract, key_on, lines, object_key, playlist, world
from tests.unit.extract.test_killed import _CHILD

ITEMS = 10_000
MOST_REQUESTS = 201


@pytest.mark.parametrize("letters", ["a", "mine"])
def test_ten_thousand_items_come_complete_and_in_order(store: FolderStore, letters: str) -> None:
    served = playlist("a", ITEMS)
    with StandIn(world(served)) as standin:
        result = extract(standin, store, letters, user="me")
        assert len(standin.requests) == result["requests"] <= MOST_REQUESTS
    assert [item for line in lines(store, object_key("a")) for item in line["page"]["items"]] == served.rows


def test_its_size_does_not_show_in_memory(tmp_path: Path) -> None:
    """Peak memory of a process of its own, that reads it and then lands it again: against one with a short playlist."""
    peaks = []
    for size in (100, ITEMS):
        served = playlist("a", size)
        for each in served.rows:
            each["item"]["description"] = "x" * 2_000
        root = tmp_path / str(size)
        with StandIn(world(served)) as standin:
            most = 0
            for time in ("2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z"):
                measured = f"{_CHILD}\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
                command = [sys.executable, "-c", measured, str(root), standin.api_url, standin.token_url, time]
                done = subprocess.run(
                    command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True, timeout=120
                )
                most = max(most, int(done.stdout))
        peaks.append(most)
    landed = (FolderStore(tmp_path / str(ITEMS)).root / key_on(24, "a")).stat().st_size
    assert landed > 20_000_000
    assert (peaks[1] - peaks[0]) * 1024 < landed / 4, f"{peaks} KB"
