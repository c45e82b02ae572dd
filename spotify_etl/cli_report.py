"""The command `report`: a page on a lake, or on a stack's tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lambda_extract.handler import utc_now
from spotify_etl import sql
from spotify_etl.cli_place import Deployed, LakeOption, ProfileOption, RegionOption, StackOption, Where
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.lake import existing
from spotify_etl.report import page, write
from spotify_etl.stack import athena_query
from spotify_etl.status import default_lake


def report(
    *,
    lake: LakeOption = None,
    stack: StackOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it. Default: report.html in the lake, or here."),
    ] = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Make a page on the library: what you lost, what you have, what came and went. One HTML file, offline.

    With --stack it asks Athena, about 15 queries, and writes to the current folder.
    """
    place = Where(lake, stack, profile, region).deployed()
    try:
        if place:
            path = out or Path(write.DEFAULT_NAME)
            _check(path)
            write.replace(path, _of_stack(place))
        else:
            root = existing(lake or default_lake(Path())).root
            path = out or root / write.DEFAULT_NAME
            _check(path)
            write.replace(path, write.of_lake(root))
    except sql.QueryError as error:
        raise CommandError(str(error)) from error
    sys.stdout.write(f"{path}\n")


def _of_stack(place: Deployed) -> str:
    client = place.aws.session.client("athena")
    scanned = []

    def ask(statement: str) -> sql.QueryResult:
        answer = athena_query.ask(
            client, statement, work_group=place.outputs.WorkGroupName, database=place.outputs.DatabaseName
        )
        scanned.append(answer.scanned)
        return answer.result

    made = page.build(ask, utc_now())
    sys.stderr.write(f"Athena read {sum(scanned) / 1_000_000:.2f} MB for {len(scanned)} queries.\n")
    return made


def _check(path: Path) -> None:
    """Refuse before anything is asked, and paid for."""
    if path.is_dir():
        raise RefusedError(f"{path} is a folder. Name the file: --out {path / write.DEFAULT_NAME}")
    if not path.absolute().parent.is_dir():
        raise RefusedError(f"There is no folder {path.absolute().parent} to write {path.name} into.")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(report)
