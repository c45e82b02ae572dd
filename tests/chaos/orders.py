"""What a victim and the one that recovers from its death both do: run the job, then publish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import spotify_load_transform as entry_script
from spotify_etl import catalog

Order = Sequence[str]
"""Arguments of one run of the job, apart from the two buckets."""


class JobError(Exception):
    """A run of the job that stopped, with what it said."""


def carry_out(root: Path, orders: Iterable[Order]) -> None:
    """Run the job's entry script on a lake, once for each order, and refresh the views."""
    buckets = ["--raw_uri", (root / "raw").as_uri(), "--transformed_uri", (root / "transformed").as_uri()]
    for order in orders:
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = entry_script.main(["spotify_load_transform.py", *buckets, *order])
        if code:
            raise JobError(said.getvalue().strip())
    catalog.refresh(root)
