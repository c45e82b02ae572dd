"""The job as `spotify-etl run --raw` starts it, and nothing else of the command: `python -m benchmarks.job_alone LAKE`.

LAKE is a lake whose raw zone holds what is to be loaded. It is what a run in Glue does: all five datasets, with the
gates, the reports and the move to `processed/`; not the copying into the raw zone, the views and the page on them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from spotify_etl.lake import OWN, open_for_writing
from spotify_etl.local_job import run_job


def main(root: Path) -> int:
    """Load what waits in the lake. Return 1 when not all of it was loaded."""
    with open_for_writing(root, OWN) as (lake, lock):
        done = run_job(lake, lock, {}, on_step=_nothing, on_stage=_nothing)
    faults = [*done["messages"], *(one["message"] for one in done["quarantined"])]
    for fault in faults[:1]:
        sys.stderr.write(f"{fault}\n")
    return min(1, len(faults))


def _nothing(_: str) -> None:
    """Show no progress."""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
