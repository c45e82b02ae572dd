"""Pass on what the job says, and say for people what its last line says for machines: `spark-submit … | summary.py`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any


def main() -> int:
    """Pass on the lines of standard input as they come, print the summary, and return the exit code."""
    done = None
    for line in sys.stdin:
        # spark-submit puts the errors of Python and its output into one stream.
        if line.startswith('{"load_id":'):
            done = json.loads(line)
        else:
            sys.stderr.write(line)
            sys.stderr.flush()
    if done is None:
        sys.stderr.write("The job did not end well; why is above.\n")
        return 1
    sys.stdout.write(summary(done))
    return 0


def summary(done: Mapping[str, Any]) -> str:
    """Return what a load did, a line a fact."""
    dates = done["dates"]
    if not (done["pending"] or dates):
        return "Nothing is new: no raw object waits, the tables are as they were.\n"
    total: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for date in dates:
        total.update({name: date[name] for name in ("objects_new", "rows_in", "rows_out", "rows_superseded")})
        rows.update(date["rows"])
    span = f" ({dates[0]['extract_date']} … {dates[-1]['extract_date']})" if dates else ""
    lines = [
        f"Loaded {total['objects_new']:,} new objects into {len(dates)} dates{span}",
        f"Rows   {total['rows_in']:,} in = {total['rows_out']:,} out + {total['rows_superseded']:,} superseded",
        *(f"       {count:6,} {dataset}" for dataset, count in rows.items()),
        *(f"In quarantine: {one['object']}: {one['message']}" for one in done["quarantined"]),
        *(f"Held: {date}: raw objects that it was loaded from are gone; it was not rebuilt." for date in done["held"]),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
