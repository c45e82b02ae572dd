"""What one load asks of S3, by what S3 charges for: the numbers behind docs/cost.md.

Run it with `python benchmarks/load_requests.py`. A day of so many playlists, of fifty items each, is loaded over S3A
onto a lake that holds the day before, on moto's server behind a proxy that counts. The seconds are this machine's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from benchmarks.s3_moves import emulated_s3
from tests.builders import MORNING, Dropped, ExtractRun, dropped, extracted, one_line, row, track
from tests.s3.s3_lakes import S3Lake
from tools.s3_jars import S3JarsError, bundled_hadoop, s3_jars

ITEMS = 50
WRITES = ("put", "copy", "put part", "copy part", "begin upload", "complete upload", "list", "next page", "bulk delete")
"""What S3 charges as PUT, COPY, POST and LIST. Deletes are free, the others are charged as GET."""
FREE = ("delete", "abort upload")


def main() -> int:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--playlists", type=int, nargs="+", default=[10, 200])
    sizes = parser.parse_args().playlists
    try:
        jars = s3_jars(bundled_hadoop())
    except S3JarsError as error:
        sys.stderr.write(f"load_requests: {error}\n")
        return 1
    sys.stdout.write("| playlists | PUT, COPY, POST, LIST | GET, HEAD | free | seconds |\n|---:|---:|---:|---:|---:|\n")
    with emulated_s3(jars) as (server, proxy, spark), tempfile.TemporaryDirectory() as scratch:
        S3Lake(spark, server.client(), proxy, Path(scratch)).take(*_day(3, 0))  # The JVM's first load is its slowest.
        for size in sizes:
            lake = S3Lake(spark, server.client(), proxy, Path(scratch))
            lake.take(*_day(size, 0))
            lake.drop(*_day(size, 1))
            proxy.reset()
            began = time.perf_counter()
            lake.load()
            _print(size, proxy.seen.requests, time.perf_counter() - began)
    return 0


def _day(playlists: int, day: int) -> list[Dropped]:
    """Return what the extract lands on a day: an object a playlist, then the marker."""
    run = ExtractRun(MORNING + timedelta(days=day))
    objects = [
        extracted(
            run,
            [row(track(f"track{number * 7 % 997}-{item}")) for item in range(ITEMS)],
            playlist_id=f"playlist{number:05}",
        )
        for number in range(playlists)
    ]
    marker = run.marker(*((f"playlist{number:05}", "fetched", None) for number in range(playlists)))
    return [*objects, dropped(run.marker_name, one_line(marker))]


def _print(size: int, requests: Counter[str], seconds: float) -> None:
    writes = sum(requests[kind] for kind in WRITES)
    free = sum(requests[kind] for kind in FREE)
    sys.stdout.write(f"| {size:,} | {writes:,} | {requests.total() - writes - free:,} | {free:,} | {seconds:.0f} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
