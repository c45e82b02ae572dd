"""`spotify-etl destroy`: delete a stack, and say what stays; with `--delete-data` nothing does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.stack import bootstrap, remains, show
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.events import EventLog, first_failure
from spotify_etl.stack.links import Links
from spotify_etl.stack.outputs import existing_stack, find_stack, parameters_of
from spotify_etl.stack.progress import watch
from spotify_etl.stack.talk import Talk

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


@dataclass(frozen=True)
class Wish:
    """Which stack, and whether its data go, too. `confirmed` is the stack's name, typed beforehand."""

    stack_name: str
    delete_data: bool = False
    confirmed: str | None = None


def destroy(aws: Aws, wish: Wish, talk: Talk, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the stack, and its data where that is wished and confirmed by its name.

    Raises
    ------
    RefusedError
        If there is nothing to delete, or the user does not want it. Nothing was changed.
    CommandError
        If something cannot be deleted.
    """
    client = aws.session.client("cloudformation")
    # With --delete-data the stack may be gone already: what it left is still there.
    stack = find_stack(client, wish.stack_name) if wish.delete_data else existing_stack(client, wish.stack_name)
    prefix = _prefix(aws, wish.stack_name, stack)
    if wish.delete_data:
        _confirm_loss(aws, wish, prefix, talk)
    elif not talk.confirm(f"Delete the stack {wish.stack_name}? Its buckets, its secret and their key stay."):
        raise RefusedError("Nothing was changed.")
    if stack:
        _delete(aws, stack, talk, sleep)
    left = remains.find(aws, prefix)
    if not wish.delete_data:
        show.remains(talk.console, left, stack=wish.stack_name)
        return
    gone = remains.remove(aws, left, prefix, tell=lambda text: talk.say(f"→ {text}"))
    still = remains.find(aws, prefix)
    show.last_remains(
        talk.console, still, key=left.key_arn, gone=gone, bootstrap=find_stack(client, bootstrap.BOOTSTRAP) is not None
    )


def _prefix(aws: Aws, name: str, stack: StackTypeDef | None) -> str:
    if stack:
        return parameters_of(stack).get("NamePrefix", "")
    return remains.prefix_by_tag(aws.session.client("s3"), name, account=aws.account, region=aws.region)


def _confirm_loss(aws: Aws, wish: Wish, prefix: str, talk: Talk) -> None:
    show.losses(talk.console, remains.find(aws, prefix), stack=wish.stack_name)
    typed = wish.confirmed
    if typed is None:
        typed = talk.ask(f"Type the stack's name to delete all of this ({wish.stack_name})")
    if typed != wish.stack_name:
        raise RefusedError(f"That is not {wish.stack_name}. Nothing was changed.")


def _delete(aws: Aws, stack: StackTypeDef, talk: Talk, sleep: Callable[[float], None]) -> None:
    client = aws.session.client("cloudformation")
    name, stack_id = stack["StackName"], stack["StackId"]
    status = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS") and status not in {"DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS"}:
        raise RefusedError(f"The stack {name} is in {status}: another operation is at work. Try again when it ended.")
    log = EventLog(client, stack_id)
    talk.head(f"Deleting {name}")
    client.delete_stack(StackName=stack_id)
    ended, events = watch(client, stack_id, log, talk.console, sleep=sleep)
    if ended != "DELETE_COMPLETE":
        failed = first_failure(events)
        reason = f"{failed.name} ({failed.kind}): {failed.reason}" if failed else "CloudFormation gives no reason."
        raise CommandError(
            f"The stack {name} is {ended}. {reason} Remove the cause and give the command again. "
            f"All events: {Links(aws.partition, aws.region).stack(stack_id)}"
        )
