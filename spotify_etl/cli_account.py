"""The commands about the user's account: `auth` and `playlists`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lambda_extract.settings import Credentials
from spotify_etl import credentials as kept
from spotify_etl import render
from spotify_etl.account import Account, ListedPlaylist, printable, read_account
from spotify_etl.authorise import Authoriser, Road, check, connected
from spotify_etl.consent import PORT
from spotify_etl.credentials import Keep
from spotify_etl.errors import RefusedError
from spotify_etl.places import SecretPlace, place
from spotify_etl.terminal import Terminal

SecretOption = Annotated[
    str | None,
    typer.Option("--secret-id", metavar="ID", help="Not the file: a secret in AWS Secrets Manager, the Lambda's say."),
]


def auth(
    *,
    port: Annotated[
        int,
        typer.Option("--port", min=1024, max=65535, help="Where the browser comes back to; part of the redirect URI."),
    ] = PORT,
    headless: Annotated[
        bool, typer.Option("--headless", help="The browser is on another machine: paste the address it ends on.")
    ] = False,
    client_credentials: Annotated[
        bool, typer.Option("--client-credentials", help="No user: only for apps with extended quota.")
    ] = False,
    only_check: Annotated[
        bool, typer.Option("--check", help="Only say whose the stored credentials are and how long they last.")
    ] = False,
    secret_id: SecretOption = None,
) -> None:
    """Get the credentials for your own playlists: asks for the app, then for your consent in the browser."""
    terminal, now = Terminal(), datetime.now(UTC)
    if only_check:
        credentials, keep = _load(secret_id)
        check(terminal, credentials, keep, os.environ, now=now)
        return
    authoriser = Authoriser(
        terminal,
        os.environ,
        place(secret_id, kept.credentials_file(os.environ)),
        clock=lambda: datetime.now(UTC),
    )
    if client_credentials:
        authoriser.in_the_apps_name()
    else:
        authoriser.in_a_users_name(Road(port, headless=headless))


def playlists(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")] = False,
    secret_id: SecretOption = None,
) -> None:
    """List the playlists of your account, and which of them can be read."""
    credentials, keep = _load(secret_id)
    if credentials.refresh_token is None:
        raise RefusedError("Client credentials have no user, so there is no list. Authorise as one: spotify-etl auth")
    with connected(Terminal(out=sys.stderr), credentials, keep, os.environ) as client:
        account = read_account(client)
    if json:
        sys.stdout.write(render.to_json([one.as_json() for one in account.playlists]))
    else:
        _show(Console(), account)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(auth)
    app.command()(playlists)


def _load(secret_id: str | None) -> tuple[Credentials, Keep]:
    return SecretPlace(secret_id).load() if secret_id else kept.load(os.environ)


def _show(console: Console, account: Account) -> None:
    table = Table()
    table.add_column("name", overflow="fold")
    # Ids are there to be copied.
    table.add_column("id", no_wrap=True, min_width=22)
    table.add_column("items", justify="right")
    table.add_column("whose")
    table.add_column("readable", overflow="fold")
    for one in account.playlists:
        table.add_row(*map(escape, _row(one)))
    console.print(table)
    console.print(
        f"{len(account.readable)} of {len(account.playlists)} can be read. A first load takes "
        f"{account.first_load:,} requests, a day on which nothing changed {account.usual_day}.",
        soft_wrap=True,
        highlight=False,
    )


def _row(one: ListedPlaylist) -> tuple[str, ...]:
    items = "" if one.items is None else f"{one.items:,}"
    return (
        printable(one.name or ""),
        one.playlist_id,
        items,
        one.relation,
        f"no: {one.why_not}" if one.why_not else "yes",
    )
