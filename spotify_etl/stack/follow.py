"""Executions of the state machine: start one, find the one that a raw object has started, follow it to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spotify_etl.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

POLL_SECONDS = 3.0

_LOOK_BACK = 100
_START_WITHIN_SECONDS = 120.0
_NAMELESS = "the execution gave no reason"


@dataclass(frozen=True)
class Execution:
    """An execution that succeeded, and what it put out."""

    arn: str
    output: Mapping[str, Any]


def start(client: SFNClient, machine: str, order: Mapping[str, Any]) -> str:
    """Start an execution and return its ARN."""
    return client.start_execution(stateMachineArn=machine, input=json.dumps(order))["executionArn"]


def started_by(
    client: SFNClient,
    machine: str,
    key: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    patience: float = _START_WITHIN_SECONDS,
) -> str | None:
    """Return the execution that an object of the raw bucket has started; None if none has within `patience` seconds."""
    strangers: set[str] = set()
    deadline = time.monotonic() + patience
    while True:
        newest = client.list_executions(stateMachineArn=machine, maxResults=_LOOK_BACK)["executions"]
        for one in newest:
            arn = one["executionArn"]
            if arn in strangers:
                continue
            if key in client.describe_execution(executionArn=arn).get("input", ""):
                return arn
            strangers.add(arn)
        if time.monotonic() > deadline:
            return None
        sleep(POLL_SECONDS)


def follow(
    client: SFNClient, arn: str, *, on_state: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
) -> Execution:
    """Wait for an execution's end, telling the name of each state that it enters.

    Raises
    ------
    CommandError
        If it fails, is stopped or takes too long; with the reason that the state machine gives.
    """
    told = 0
    while True:
        described = client.describe_execution(executionArn=arn)
        told = _tell_states(client, arn, told, on_state)
        status = described["status"]
        if status == "SUCCEEDED":
            return Execution(arn, json.loads(described.get("output") or "{}"))
        if status not in {"RUNNING", "PENDING_REDRIVE"}:
            raise CommandError(f"The execution ended {status}: {_reason(described)}")
        sleep(POLL_SECONDS)


def _tell_states(client: SFNClient, arn: str, after: int, on_state: Callable[[str], None]) -> int:
    """Tell the states entered after an event, and return the newest event's number."""
    newest, entered = after, []
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, includeExecutionData=False
    )
    for page in pages:
        fresh = [event for event in page["events"] if event["id"] > after]
        newest = max([newest, *(event["id"] for event in fresh)])
        entered += [
            (event["id"], event["stateEnteredEventDetails"]["name"])
            for event in fresh
            if "stateEnteredEventDetails" in event
        ]
        if len(fresh) < len(page["events"]):
            break
    for _, name in sorted(entered):
        on_state(name)
    return newest


def _reason(described: Mapping[str, Any]) -> str:
    error, cause = described.get("error", ""), described.get("cause", "")
    try:
        told = json.loads(cause)
        cause = told.get("reason") or told.get("message") or told.get("ErrorMessage") or cause
    except (ValueError, AttributeError):
        pass
    text = " ".join(str(cause).split())
    return ": ".join(part for part in (error, text) if part) or _NAMELESS
