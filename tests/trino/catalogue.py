"""Lakes in an emulated AWS: the files on S3, the tables and crawlers of `infra/catalog.yaml` in Glue.

Each lake gets the template as a stack of its own, and its crawlers register what lies there, as on Amazon.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import athena
from spotify_etl.catalog import Publication
from tests.stack.catalogue_stack import deploy_catalogue
from tests.stack.emulator import Emulator
from tests.trino.server import Trino


class Catalogue:
    """The emulated AWS and the Trino server on it."""

    def __init__(self, aws: Emulator, trino: Trino) -> None:
        self.trino = trino
        self._aws = aws
        self._numbers = itertools.count(1)

    def register(self, transformed: Path) -> Database:
        """Upload the curated zone of a lake and let the crawlers find it."""
        prefix = f"lake{next(self._numbers)}-"
        deploy_catalogue(self._aws, transformed, prefix=prefix)
        return Database(self.trino, f"{prefix.replace('-', '_')}spotify")


class Database:
    """One lake's database, as Trino sees it."""

    def __init__(self, trino: Trino, name: str) -> None:
        self._trino = trino
        self.name = name

    def publish(self) -> None:
        """Create the views as the state machine does: by what the engine itself says is loaded to its end."""
        answer = self.ask(athena.publication())
        self.show(Publication(dict(zip(answer.columns, map(str, answer.rows[0]), strict=True))))

    def show(self, publication: Publication) -> None:
        """Create the views that show a publication."""
        for name in athena.VIEWS:
            self.ask(publication.fill(athena.view(name)))

    def ask(self, sql: str) -> Any:
        """Ask one statement."""
        return self._trino.ask(sql.strip().rstrip(";"), self.name)
