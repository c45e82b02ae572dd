"""The process is killed, not asked to stop, at every request: no half of a playlist lands, and the next run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import Request, StandIn
from tests.unit.extract.builders import EVENT, MARKER, PENDING, extract, lines, playlist, world

_CHILD = """
import sys
from pathlib import Path
from lambda_extract.handler import handle, utc_now
from lambda_extract.settings import Credentials, ExtractConfig
from lambda_extract.spotify import SpotifyClient
from spotify_etl.folder_store import FolderStore

root, api_url, token_url, time = sys.argv[1:]
own = Credentials("stand-in-client", "stand-in-secret", "stand-in-refresh", user_id="me")
with SpotifyClient(own, api_url=api_url, token_url=token_url) as spotify:
    handle({"time": time}, None, config=ExtractConfig(), store=FolderStore(Path(root)), spotify=spotify, clock=utc_now,
           credentials=own)
"""

# The list; a: itself, a page, the check; b: itself, a page, the check; c: itself.
_REQUESTS = 8


@pytest.mark.parametrize("at", range(1, _REQUESTS + 1))
def test_killed_at_each_request(tmp_path: Path, at: int) -> None:
    numbers = count(1)
    child: list[subprocess.Popen[bytes]] = []

    def before(request: Request) -> None:
        if next(numbers) == at:
            os.kill(child[0].pid, signal.SIGKILL)
            child[0].wait()

    store = FolderStore(tmp_path)
    rows = {"a": 120, "b": 150, "c": 3}
    with StandIn(world(*(playlist(letter, size) for letter, size in rows.items())), before=before) as standin:
        command = [sys.executable, "-c", _CHILD, str(tmp_path), standin.api_url, standin.token_url, EVENT["time"]]
        child.append(subprocess.Popen(command, cwd=Path(__file__).parents[3]))
        assert child[0].wait(timeout=60) == -signal.SIGKILL
        assert len(standin.requests) == at
        landed = {key for key in store.keys(PENDING) if key != MARKER}
        for key in landed:
            assert sum(len(line["page"]["items"]) for line in lines(store, key)) == rows[key[len(PENDING)]]
        assert MARKER not in store.keys("")
        result = extract(standin, store, "mine", user="me")
    assert result["outcomes"] == {"fetched": 3}
    assert result["rows"] == sum(rows.values())
    assert result["landed"] == 3 - len(landed)
