"""The commands of a stack on AWS: `deploy`, `destroy` and `start`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from spotify_etl import render
from spotify_etl.cli_operate import JsonOption
from spotify_etl.cli_place import Deployed, ProfileOption, RegionOption, open_stack
from spotify_etl.errors import FAILED, RefusedError
from spotify_etl.stack import bringup, destroy, operate, show
from spotify_etl.stack import deploy as deploying
from spotify_etl.stack.aws import connect
from spotify_etl.stack.operate import StackRun
from spotify_etl.stack.talk import Talk
from spotify_etl.terminal import Terminal

NameOption = Annotated[str, typer.Option("--stack-name", metavar="NAME", help="The stack's name.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Ask nothing: the answer to every question is yes.")]


def deploy(  # noqa: PLR0913  the options of the command
    *,
    stack_name: NameOption = deploying.DEFAULT_NAME,
    artifacts_bucket: Annotated[
        str | None,
        typer.Option(
            "--artifacts-bucket",
            metavar="BUCKET",
            help="Where templates and code go. Default: as before, else a bucket that is made for it.",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="K=V", help="A parameter of infra/main.yaml; the others stay as they are."),
    ] = None,
    yes: YesOption = False,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Deploy the pipeline to AWS, or bring a stack up to date: shows changes and costs, and asks.

    The first time it fills the secret from the credentials of this machine, switches the schedule on when they work,
    and runs once.
    """
    parameters = _parameters(parameter or ())
    talk = Talk(Console(), Terminal(), yes=yes)
    aws = connect(profile, region)
    wish = deploying.Wish(stack_name, artifacts_bucket, parameters)
    is_new = deploying.Deployment(aws, wish, talk).run()
    bringup.bring_up(aws, stack_name, talk, is_new=is_new, given=parameters)


def destroy_(  # noqa: PLR0913  the options of the command
    *,
    stack_name: NameOption = deploying.DEFAULT_NAME,
    yes: YesOption = False,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Everything goes, raw and curated data, too. There is no way back.")
    ] = False,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", metavar="NAME", help="The stack's name, which --delete-data asks for otherwise."),
    ] = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Delete a stack. Its buckets, secret and key stay, and a later deploy takes them over; --delete-data ends that."""
    if confirm is not None and not delete_data:
        raise RefusedError("--confirm goes with --delete-data.")
    # With --delete-data the one question is the stack's name.
    talk = Talk(Console(), Terminal(), yes=yes or delete_data)
    destroy.destroy(connect(profile, region), destroy.Wish(stack_name, delete_data, confirm), talk)


def start(
    *,
    stack: Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack's name.")] = deploying.DEFAULT_NAME,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Start a stack's state machine: load what waits, crawl, check, refresh the views."""
    place = open_stack(stack, profile, region)
    with render.Progress(Console(stderr=True)) as progress:
        done = operate.start_machine(place.aws, place.outputs, progress)
    tell_run(place, done, json=json)


def tell_run(place: Deployed, done: StackRun, *, json: bool) -> None:
    """Print what was done on a stack.

    Raises
    ------
    Exit
        With 1 when a date is held.
    """
    if json:
        sys.stdout.write(render.to_json(done.as_json()))
    else:
        show.run(Console(), done, place.links)
    if done.held:
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(deploy)
    app.command("destroy")(destroy_)
    app.command()(start)


def _parameters(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    wrong = next((name for name, equals, _ in pairs if not (name and equals)), None)
    if wrong is not None:
        raise RefusedError(f"--parameter {wrong} is not NAME=VALUE.")
    names = [name for name, _, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise RefusedError(f"The parameter {twice} is given twice.")
    return {name: value for name, _, value in pairs}
