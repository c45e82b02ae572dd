"""The report: one self-contained HTML file on a library, made of the answers of Athena SQL."""

from __future__ import annotations
