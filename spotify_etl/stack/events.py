"""What happens in a stack and the stacks nested in it, as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from spotify_etl.stack.outputs import find_stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

POLL_SECONDS = 3.0

_STACK = "AWS::CloudFormation::Stack"
# What the others say that were stopped because one failed.
_CANCELLED = ("cancelled", "Resource creation Initiated")


@dataclass(frozen=True)
class Event:
    """One step of one resource. `name` is its way from the main stack."""

    name: str
    kind: str
    status: str
    reason: str
    at: datetime

    @property
    def is_failure(self) -> bool:
        """Whether this resource failed by itself."""
        return self.status.endswith("_FAILED") and not any(text in self.reason for text in _CANCELLED)


class EventLog:
    """The events of a stack from a moment on: from now, or from its first where it is new."""

    def __init__(self, client: CloudFormationClient, stack_id: str, *, is_new: bool = False) -> None:
        self._client = client
        self._root = stack_id
        self._ways = {stack_id: ""}
        self._seen = set() if is_new else {one["EventId"] for one in self._read(stack_id, since=None)}
        self._since: datetime | None = None

    def new(self) -> list[Event]:
        """Return the events since the last call, oldest first."""
        found: list[tuple[datetime, Event]] = []
        asked: set[str] = set()
        while waiting := [one for one in self._ways if one not in asked]:
            for stack_id in waiting:
                asked.add(stack_id)
                found += [(one["Timestamp"], event) for one in self._new_in(stack_id) if (event := self._event(one))]
        return [event for _, event in sorted(found, key=lambda pair: pair[0])]

    def _new_in(self, stack_id: str) -> list[StackEventTypeDef]:
        events = [one for one in reversed(self._read(stack_id, since=self._since)) if one["EventId"] not in self._seen]
        if events and self._since is None and stack_id == self._root:
            # By AWS's clock: what nested stacks went through before that is an earlier operation's.
            self._since = events[0]["Timestamp"]
        for one in events:
            self._seen.add(one["EventId"])
            nested = one.get("PhysicalResourceId") or ""
            if one["ResourceType"] == _STACK and nested.startswith("arn:") and nested not in self._ways:
                self._ways[nested] = f"{self._ways[stack_id]}{one['LogicalResourceId']}/"
        return events

    def _event(self, one: StackEventTypeDef) -> Event | None:
        """Return an event as it is told; None for what a nested stack says of itself, which the one around it tells."""
        stack_id, name = one["StackId"], one["LogicalResourceId"]
        if one.get("PhysicalResourceId") == stack_id:
            if stack_id != self._root:
                return None
            name = one["StackName"]
        reason = one.get("ResourceStatusReason", "")
        return Event(self._ways[stack_id] + name, one["ResourceType"], one["ResourceStatus"], reason, one["Timestamp"])

    def _read(self, stack_id: str, *, since: datetime | None) -> list[StackEventTypeDef]:
        """Return a stack's events, newest first, back to a moment."""
        found: list[StackEventTypeDef] = []
        try:
            for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
                found += [one for one in page["StackEvents"] if since is None or one["Timestamp"] >= since]
                if since and page["StackEvents"] and page["StackEvents"][-1]["Timestamp"] < since:
                    break
        except ClientError as error:
            # A nested stack is named before it is there.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
        return found


def wait(
    client: CloudFormationClient,
    stack_id: str,
    log: EventLog,
    *,
    on_event: Callable[[Event], None],
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, list[Event]]:
    """Follow an operation to its end; return the stack's status then, and all that happened."""
    happened: list[Event] = []
    while True:
        status = _status(client, stack_id)
        for event in log.new():
            happened.append(event)
            on_event(event)
        if not status.endswith("_IN_PROGRESS"):
            return status, happened
        sleep(POLL_SECONDS)


def first_failure(events: Iterable[Event]) -> Event | None:
    """Return the event that made an operation fail: of a resource rather than of the stack around it."""
    failures = [event for event in events if event.is_failure]
    return next((event for event in failures if event.kind != _STACK), failures[0] if failures else None)


def _status(client: CloudFormationClient, stack_id: str) -> str:
    stack = find_stack(client, stack_id)
    return stack["StackStatus"] if stack else "DELETE_COMPLETE"
