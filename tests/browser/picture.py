"""Take a picture of the top of a report: `python -m tests.browser.picture REPORT.html PICTURE.png`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.devtools import DESKTOP, executable, started

HEIGHT = 1180
"""What was lost, from when the data is, and the counts."""


def main(report: Path, picture: Path) -> int:
    """Take it, in light and at a desktop's width."""
    found = executable()
    if found is None:
        sys.stderr.write("No Chromium here: install one (Debian: chromium-headless-shell) or name it in CHROMIUM.\n")
        return 1
    # What a browser that has just ended still writes there is not worth an error.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, started(found, Path(profile)) as browser:
        browser.open(report, width=DESKTOP)
        browser.screenshot(picture, HEIGHT)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:3])))
