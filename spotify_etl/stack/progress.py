"""A stack operation, followed: a line per resource that is done, and on a terminal what is being worked on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from spotify_etl.errors import CommandError
from spotify_etl.stack.events import Event, EventLog, first_failure, wait

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_BAD = {"CREATE_FAILED", "DELETE_FAILED", "UPDATE_FAILED", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"}
_SHOWN_AT_WORK = 4


def watch(
    client: CloudFormationClient,
    stack_id: str,
    log: EventLog,
    console: Console,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, list[Event]]:
    """Follow an operation to its end and show it; return the stack's status then, and what happened."""
    at_work: dict[str, None] = {}
    spinner = console.status("waiting for CloudFormation") if console.is_terminal else None

    def show(event: Event) -> None:
        if event.status.endswith("_IN_PROGRESS"):
            at_work[event.name] = None
        else:
            at_work.pop(event.name, None)
            reason = f": {event.reason}" if event.status.endswith("_FAILED") and event.reason else ""
            colour = "red" if event.is_failure else "yellow" if "ROLLBACK" in event.status else "dim"
            line = f"[{colour}]{event.status:<18}[/{colour}] {escape(event.name)} {escape(event.kind + reason)}"
            console.print(line, soft_wrap=True, highlight=False)
        if spinner:
            names = list(at_work)[-_SHOWN_AT_WORK:]
            more = f" and {len(at_work) - len(names)} more" if len(at_work) > len(names) else ""
            spinner.update(escape(", ".join(names) + more))

    if spinner is None:
        return wait(client, stack_id, log, on_event=show, sleep=sleep)
    with spinner:
        return wait(client, stack_id, log, on_event=show, sleep=sleep)


def check_end(status: str, events: list[Event], *, stack: str, link: str) -> None:
    """Make sure that a creation or update ended well.

    Raises
    ------
    CommandError
        If it did not: the first resource that failed and why, and what to do.
    """
    if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        return
    failed = first_failure(events)
    reason = (
        f"{failed.name} ({failed.kind}): {_sentence(failed.reason)}" if failed else "CloudFormation gives no reason."
    )
    raise CommandError(f"{reason} The stack {stack} is {status}. {_remedy(status)} All events: {link}")


def _remedy(status: str) -> str:
    if status == "ROLLBACK_COMPLETE":
        return (
            "Nothing of it runs; buckets that were made stay and are taken over. Correct the cause and deploy again: "
            "what is left of the stack is deleted then."
        )
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return "It is as it was before. Correct the cause and deploy again."
    if status in _BAD:
        return "`spotify-etl deploy` says how to go on from this state."
    return "Deploy again when the cause is gone."


def _sentence(reason: str) -> str:
    text = " ".join(reason.split()) or "no reason given"
    return text if text.endswith(".") else f"{text}."
