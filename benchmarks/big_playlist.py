"""One playlist of 10,000 items against a short one: requests, seconds and peak memory, each in a process of its own.

Run it with `make bench`. The Web API is the stand-in on this machine, so the seconds are ours and not Spotify's.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile

from spotify_etl.standin import ServedPlaylist, StandIn, World

SIZES = (100, 10_000)
RUNS = 5

_CHILD = """
import resource, sys, time
from pathlib import Path
from lambda_extract.handler import handle, utc_now
from lambda_extract.settings import Credentials, ExtractConfig
from lambda_extract.spotify import SpotifyClient
from spotify_etl.folder_store import FolderStore

root, api_url, token_url = sys.argv[1:]
own = Credentials("stand-in-client", "stand-in-secret", "stand-in-refresh", user_id="me")
began = time.perf_counter()
with SpotifyClient(own, api_url=api_url, token_url=token_url) as spotify:
    done = handle({}, None, config=ExtractConfig(), store=FolderStore(Path(root)), spotify=spotify, clock=utc_now,
                  credentials=own)
print(done["requests"], done["rows"], time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def main() -> None:
    """Print the rows of the table."""
    measured: dict[int, list[tuple[float, ...]]] = {size: [] for size in SIZES}
    with StandIn(World("me")) as standin:
        for _ in range(RUNS):
            for size in SIZES:
                served = _playlist(size)
                standin.world = World("me", {served.playlist_id: served})
                measured[size].append(_extract(standin))
    sys.stdout.write("| items | requests | seconds | peak memory |\n|---:|---:|---:|---:|\n")
    for size, runs in measured.items():
        requests, _, seconds, kilobytes = (statistics.median(column) for column in zip(*runs, strict=True))
        sys.stdout.write(f"| {size:,} | {requests:.0f} | {seconds:.2f} | {kilobytes / 1024:.0f} MB |\n")


def _extract(standin: StandIn) -> tuple[float, ...]:
    with tempfile.TemporaryDirectory() as root:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, root, standin.api_url, standin.token_url],
            capture_output=True,
            text=True,
            check=True,
        )
    return tuple(map(float, done.stdout.split()))


def _playlist(size: int) -> ServedPlaylist:
    rows = [
        {
            "added_at": "2026-01-01T00:00:00Z",
            "is_local": False,
            "item": {"id": f"{number:022}", "name": f"song {number}", "type": "track", "description": "x" * 1_500},
        }
        for number in range(size)
    ]
    metadata = {"collaborative": False, "id": "a" * 22, "name": "Big", "owner": {"id": "me"}, "snapshot_id": "v1"}
    return ServedPlaylist(metadata, rows)


if __name__ == "__main__":
    main()
