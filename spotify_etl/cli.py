"""The command line. Each command reads its options, calls one function and shows what it gave.

Exit codes: 0 done; 1 begun and failed, a date is held, or with `--strict` something is in quarantine or was not read;
2 refused, nothing was changed.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from lambda_extract.errors import ExtractError
from lambda_extract.handler import utc_now
from lambda_extract.settings import DEFAULT_BUDGET, MINE
from spotify_etl import catalog, cli_account, cli_operate, cli_report, cli_stack, pipeline, questions, render, sql
from spotify_etl.cli_operate import JsonOption, VolumeDropOption
from spotify_etl.cli_place import Deployed, LakeOption, ProfileOption, RegionOption, StackOption, Where
from spotify_etl.errors import FAILED, CommandError, RefusedError
from spotify_etl.lake import existing
from spotify_etl.stack import athena_query, aws_errors, operate, show, stack_status
from spotify_etl.status import default_lake, read_status

app = typer.Typer(
    help="Spotify playlists into a data lake: the pipeline of the AWS stack, on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """How an answer is printed."""

    table = "table"
    csv = "csv"
    json = "json"


class AddedBy(StrEnum):
    """What becomes of the accounts of people who added songs."""

    keep = "keep"
    drop = "drop"


@app.command()
def run(  # noqa: PLR0913  the options of the command
    context: typer.Context,
    *,
    lake: Annotated[
        Path | None,
        typer.Option("--lake", metavar="DIR", help="The lake's folder. Default: lake/mine, with --sample lake/sample."),
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Use the bundled synthetic sample.")] = False,
    raw: Annotated[
        list[Path] | None,
        typer.Option("--raw", metavar="PATH …", help="Load your own JSON: files or folders, instead of an extract."),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]…", hidden=True)] = None,
    playlists: Annotated[
        str,
        typer.Option(
            "--playlists",
            envvar="PLAYLISTS",
            help="Which to read: mine, or ids, URIs or URLs with commas between, or a file (or s3://…) of them.",
        ),
    ] = MINE,
    full: Annotated[bool, typer.Option("--full", help="Read every playlist anew, changed or not.")] = False,
    budget: Annotated[
        int,
        typer.Option("--budget", envvar="REQUEST_BUDGET", metavar="N", help="Requests to Spotify a day, at the most."),
    ] = DEFAULT_BUDGET,
    added_by: Annotated[
        AddedBy, typer.Option("--added-by", envvar="ADDED_BY", help="Keep or drop who added a song to a playlist.")
    ] = AddedBy.keep,
    volume_drop: VolumeDropOption = "50",
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 1 when something went to quarantine or a playlist could not be read."),
    ] = False,
    json: JsonOption = False,
    stack: StackOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Run the pipeline: extract → job → catalogue → summary.

    Reads your playlists (`spotify-etl auth` comes first), or the bundled sample, or files that you have. With --stack
    it runs the extract there, now, and follows it to the end; what to read and how are the stack's parameters.
    """
    if place := Where(lake, stack, profile, region).deployed():
        _refuse_with_stack(context)
        with render.Progress(Console(stderr=True)) as progress:
            done = operate.run(place.aws, place.outputs, progress, full=full)
        cli_stack.tell_run(place, done, json=json)
        return
    if more and not raw:
        raise RefusedError(f"What is {more[0]} for? Files and folders follow --raw.")
    if sample and raw:
        raise RefusedError("--sample and --raw exclude each other: sample and real data never share a lake.")
    gates = cli_operate.checked({"volume_drop_percent": volume_drop})
    with render.Progress(Console(stderr=True)) as progress:
        if sample:
            outcome = pipeline.run_sample(lake or Path("lake/sample"), progress, gates)
        elif raw:
            outcome = pipeline.run_raw(lake or Path("lake/mine"), [*raw, *(more or ())], progress, gates)
        else:
            wish = pipeline.Wish(playlists, full, budget, added_by is AddedBy.keep)
            outcome = pipeline.run_own(lake or Path("lake/mine"), os.environ, wish, progress, gates)
    if json:
        sys.stdout.write(render.to_json(outcome.as_json()))
    else:
        render.show_outcome(Console(), outcome)
    if outcome.held or (strict and not outcome.is_whole):
        raise typer.Exit(FAILED)


@app.command()
def query(  # noqa: PLR0913  the options of the command
    statement: Annotated[
        str | None, typer.Argument(metavar="[SQL]", help="One reading statement of Athena SQL.", show_default=False)
    ] = None,
    *,
    file: Annotated[
        str | None, typer.Option("--file", metavar="PATH", help="Read the SQL from a file, - for standard input.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Ask a query that ships.")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="The value of a :name in the SQL; as often as there are."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the queries that ship, with their questions.")] = False,
    lake: LakeOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.table,  # noqa: A002
    stack: StackOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
) -> None:
    """Ask the lake in Athena SQL, or a stack's Athena. Query the views: the _data tables hold one copy per day.

    SQL that begins with a comment would be taken for an option here: it goes into --file.
    """
    question = questions.Question(statement, file, name)
    if list_:
        if question != questions.Question() or param:
            raise RefusedError("--list asks nothing: it goes without SQL, --file, --name and --param.")
        result = questions.listing()
    else:
        asked = questions.asked(question, param or ())
        place = Where(lake, stack, profile, region).deployed()
        try:
            result = _ask_athena(place, asked) if place else _ask_lake(lake, asked)
        except sql.QueryError as error:
            raise CommandError(str(error)) from error
    if format is Format.csv:
        sys.stdout.write(render.as_csv(result))
    elif format is Format.json:
        sys.stdout.write(render.as_json(result))
    else:
        Console().print(render.table(result, whole=("name",) if list_ else ()))


@app.command()
def status(
    *,
    lake: LakeOption = None,
    stack: StackOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Say what is pending, processed and quarantined, and why; and how the last loads went."""
    if place := Where(lake, stack, profile, region).deployed():
        told = stack_status.read_status(place.aws, place.stack, place.outputs, utc_now())
        if json:
            sys.stdout.write(render.to_json(told.as_json()))
        else:
            show.status(Console(), told)
        return
    found = read_status(existing(lake or default_lake(Path())), utc_now())
    if json:
        sys.stdout.write(render.to_json(found.as_json()))
    else:
        render.show_status(Console(), found)


def _ask_lake(lake: Path | None, asked: questions.Asked) -> sql.QueryResult:
    connection = catalog.connect(existing(lake or default_lake(Path())).root)
    try:
        return sql.run(connection, asked.sql, asked.values)
    finally:
        connection.close()


def _ask_athena(place: Deployed, asked: questions.Asked) -> sql.QueryResult:
    answer = athena_query.ask(
        place.aws.session.client("athena"),
        asked.with_literals(),
        work_group=place.outputs.WorkGroupName,
        database=place.outputs.DatabaseName,
    )
    sys.stderr.write(f"Athena read {answer.scanned / 1_000_000:.2f} MB in {answer.seconds:.1f} s.\n")
    return answer.result


def _refuse_with_stack(context: typer.Context) -> None:
    """Refuse options that the stack has as parameters, or that are of a lake on this machine."""
    allowed = {"stack", "profile", "region", "full", "json"}
    given = (
        name
        for name in context.params
        if name not in allowed and getattr(context.get_parameter_source(name), "name", None) == "COMMANDLINE"
    )
    if name := next(given, None):
        raise RefusedError(
            f"--{name.replace('_', '-')} does not go with --stack. What the stack reads, and how, are its parameters: "
            "spotify-etl deploy --parameter NAME=VALUE"
        )


cli_account.register(app)
cli_operate.register(app)
cli_report.register(app)
cli_stack.register(app)


def main() -> int:
    """Run the command and return its exit code; a fault is one line, not a traceback."""
    try:
        app()
    except CommandError as error:
        sys.stderr.write(f"spotify-etl: {error}\n")
        return error.exit_code
    except (BotoCoreError, ClientError) as error:
        refused = aws_errors.told(error)
        sys.stderr.write(f"spotify-etl: {refused}\n")
        return refused.exit_code
    except (ExtractError, OSError, duckdb.Error) as error:
        sys.stderr.write(f"spotify-etl: {type(error).__name__}: {str(error).partition(chr(10))[0]}\n")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
