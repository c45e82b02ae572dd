"""MiniStack that takes our templates whole: run by the emulator's own Python in the place of MiniStack."""

from __future__ import annotations

import sys

import cloudformation_gaps
from ministack import app

if __name__ == "__main__":
    cloudformation_gaps.fill()
    sys.argv = sys.argv[:1]
    app.main()
