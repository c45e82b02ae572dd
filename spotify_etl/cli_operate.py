"""The commands of an operator: `reprocess`, `requeue` and `forget`. Each is an order to the job, here or on a stack."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from load_transform.errors import OrderError
from load_transform.orders import FORGET, REPROCESS, REQUEUE, parse_order
from spotify_etl import pipeline, render
from spotify_etl.cli_place import Deployed, LakeOption, ProfileOption, RegionOption, StackOption, Where
from spotify_etl.errors import FAILED, RefusedError
from spotify_etl.stack import operate, show
from spotify_etl.stack.operate import StackRun
from spotify_etl.status import default_lake

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
VolumeDropOption = Annotated[
    str,
    typer.Option(
        "--volume-drop",
        envvar="VOLUME_DROP_PERCENT",
        metavar="PERCENT",
        help="Warn of a table that shrinks by more than this against the snapshot before.",
    ),
]


def reprocess(  # noqa: PLR0913  the options of the command
    *,
    from_date: Annotated[str, typer.Option("--from", metavar="DATE", help="The first date; default: the oldest.")] = "",
    to_date: Annotated[str, typer.Option("--to", metavar="DATE", help="The last date; default: the newest.")] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="DATE", help="Publish it although a gate fails or raw objects are gone."),
    ] = None,
    volume_drop: VolumeDropOption = "50",
    dry_run: DryRunOption = False,
    lake: LakeOption = None,
    stack: StackOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Rebuild dates from the raw objects that they were loaded from. What waits is loaded, too."""
    given = {
        "from_date": from_date,
        "to_date": to_date,
        "accept_dates": ",".join(accept or ()),
        "volume_drop_percent": volume_drop,
    }
    _operate(REPROCESS, given, Where(lake, stack, profile, region), dry_run=dry_run, json=json)


def requeue(  # noqa: PLR0913  the options of the command
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]…", help="Which: file names or keys, as `status` names them."),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that is in quarantine.")] = False,
    dry_run: DryRunOption = False,
    lake: LakeOption = None,
    stack: StackOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Put quarantined objects back after a fix, and load them."""
    if everything == bool(names):
        raise RefusedError("Put back what? Name the objects (`spotify-etl status` lists them), or give --all.")
    # The job takes the list as one text.
    listed = ",".join(name.replace(",", "\\,") for name in names or ())
    _operate(
        REQUEUE,
        {"objects": "all" if everything else listed},
        Where(lake, stack, profile, region),
        dry_run=dry_run,
        json=json,
    )


def forget(  # noqa: PLR0913  the options of the command
    *,
    before: Annotated[str, typer.Option("--before", metavar="DATE", help="It and what is later is kept.")],
    dry_run: DryRunOption = False,
    lake: LakeOption = None,
    stack: StackOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Drop every date before DATE, from raw and curated together. There is no way back."""
    _operate(FORGET, {"before_date": before}, Where(lake, stack, profile, region), dry_run=dry_run, json=json)


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    for command in (reprocess, requeue, forget):
        app.command()(command)


def _operate(action: str, given: Mapping[str, str], where: Where, *, dry_run: bool, json: bool) -> None:
    arguments = checked({**given, "action": action})
    root = where.deployed() or where.lake or default_lake(Path())
    with render.Progress(Console(stderr=True)) as progress:
        if dry_run:
            would = _preview(root, arguments, progress)
        else:
            done = _carry_out(root, arguments, progress)
    if dry_run:
        sys.stdout.write(render.to_json(would)) if json else render.show_preview(Console(), action, would)
        return
    if json:
        sys.stdout.write(render.to_json(done.as_json()))
    elif isinstance(done, StackRun):
        assert isinstance(root, Deployed)  # noqa: S101  it was done there
        show.run(Console(), done, root.links)
    else:
        render.show_outcome(Console(), done)
    if done.held:
        raise typer.Exit(FAILED)


def _carry_out(
    place: Deployed | Path, arguments: Mapping[str, str], progress: render.Progress
) -> pipeline.Outcome | StackRun:
    if isinstance(place, Deployed):
        return operate.order(place.aws, place.outputs, arguments, progress)
    return pipeline.operate(place, arguments, progress)


def _preview(place: Deployed | Path, arguments: Mapping[str, str], progress: render.Progress) -> list[dict[str, Any]]:
    if isinstance(place, Deployed):
        return operate.preview(place.aws, place.outputs, arguments, progress)
    return pipeline.preview(place, arguments, progress)


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """Return the job's arguments, without the empty ones.

    Raises
    ------
    RefusedError
        If they are no order.
    """
    arguments = {name: text for name, text in given.items() if text}
    try:
        parse_order(arguments)
    except OrderError as error:
        raise RefusedError(_as_options(str(error))) from error
    return arguments


def _as_options(message: str) -> str:
    """Return a message of the job with this command's names for the job's arguments."""
    names = {
        "--from_date": "--from",
        "--to_date": "--to",
        "--accept_dates": "--accept",
        "--before_date": "--before",
        "--volume_drop_percent": "--volume-drop",
    }
    for argument, option in names.items():
        message = message.replace(argument, option)
    return message
