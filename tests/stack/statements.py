"""What a statement that Athena is asked is for."""

from __future__ import annotations

import athena
from spotify_etl.stack.definition import statement


def kind_of(text: str) -> str:
    """Return what a statement is for: a file of athena/publish, or its first words."""
    for name in ("loads", "counts", "held", "literals"):
        ours = statement((athena.FOLDER / "publish" / f"{name}.sql").read_text(encoding="utf-8"))
        if _shape(ours) == _shape(text):
            return name
    return " ".join(text.split()[:2])


def _shape(text: str) -> str:
    return text[-150:]
