"""Lakes that are registered already: tests ask the same lake more than once, and often that of another test."""

from __future__ import annotations

import hashlib
from pathlib import Path

from spotify_etl.catalog import TRANSFORMED, Publication
from tests.trino.catalogue import Catalogue, Database


class Registered:
    """Databases by what their lakes hold and show."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[str, Database] = {}

    def database(self, lake_root: Path, publication: Publication) -> Database:
        """Return a database with the lake's files and views."""
        key = _digest(lake_root / TRANSFORMED, publication)
        if key not in self._known:
            database = self._catalogue.register(lake_root / TRANSFORMED)
            database.show(publication)
            self._known[key] = database
        return self._known[key]


def _digest(folder: Path, publication: Publication) -> str:
    told = hashlib.sha256(repr(sorted(publication.literals.items())).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            told.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            told.update(path.read_bytes())
    return told.hexdigest()
