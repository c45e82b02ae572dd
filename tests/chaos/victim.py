"""A process that runs orders on a lake and, told so, ends its whole process group, the JVM included, on the way.

    victim.py '{"root": …, "orders": [[…]], "kill_at": 7, "copying": false, "points_to": 5}'

Every point that it reaches is a line on the file descriptor `points_to`, written before anything is done. It is a
script and no module: only what it needs is imported, since it is started some hundred times.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]


def main(told: dict[str, Any]) -> None:
    """Run the orders to their end, or to the point at which the victim dies."""
    sys.path[:0] = [str(PROJECT), str(PROJECT / "glue_jobs")]
    from tests.chaos.orders import carry_out  # noqa: PLC0415 - found only now
    from tests.chaos.points import Numbered, watched  # noqa: PLC0415

    if os.getpgrp() != os.getpid():
        sys.exit("victim.py: it would take others along; start it as the leader of a process group of its own.")
    # What the job says of itself at each step is nothing here.
    logging.basicConfig(level=logging.WARNING)

    def reached(number: int, name: str) -> None:
        os.write(told["points_to"], f"{name}\n".encode())
        if number == told["kill_at"]:
            os.killpg(0, signal.SIGKILL)

    with watched(Numbered(reached), copying=told["copying"]):
        carry_out(Path(told["root"]), told["orders"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
