from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.stub import Stubber

from spotify_etl.stack.events import Event, EventLog, first_failure, wait
from tests.unit.stack.stubs import ACCOUNT, REGION, Sleeps, stubbed

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
STACK = "AWS::CloudFormation::Stack"


def arn(name: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1"


def event(
    stack: str, number: int, name: str, status: str, *, kind: str = "AWS::S3::Bucket", physical: str = "x"
) -> Any:
    return {
        "StackId": arn(stack),
        "StackName": stack,
        "EventId": f"{stack}-{number}",
        "LogicalResourceId": name,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "ResourceStatus": status,
        "Timestamp": NOW + timedelta(seconds=number),
    }


def says(stubber: Stubber, stack: str, *events: Any) -> None:
    """Answer with events, the newest first as CloudFormation does."""
    stubber.add_response("describe_stack_events", {"StackEvents": list(events)}, {"StackName": arn(stack)})


def status(stubber: Stubber, text: str) -> None:
    stack = {"StackName": "root", "StackStatus": text, "CreationTime": NOW}
    stubber.add_response("describe_stacks", {"Stacks": [stack]})


def test_an_update_is_told_from_its_first_event_nested_stacks_included() -> None:
    client, stubber = stubbed("cloudformation")
    old = event("root", 1, "root", "CREATE_COMPLETE", kind=STACK, physical=arn("root"))
    says(stubber, "root", old)
    log = EventLog(client, arn("root"))

    begins = event("root", 10, "root", "UPDATE_IN_PROGRESS", kind=STACK, physical=arn("root"))
    nested = event("root", 11, "Storage", "UPDATE_IN_PROGRESS", kind=STACK, physical=arn("storage"))
    status(stubber, "UPDATE_IN_PROGRESS")
    says(stubber, "root", nested, begins, old)
    former = event("storage", 2, "Raw", "CREATE_COMPLETE")
    itself = event("storage", 12, "storage", "UPDATE_IN_PROGRESS", kind=STACK, physical=arn("storage"))
    updated = event("storage", 13, "Raw", "UPDATE_COMPLETE")
    says(stubber, "storage", updated, itself, former)

    ended = event("root", 20, "root", "UPDATE_COMPLETE", kind=STACK, physical=arn("root"))
    status(stubber, "UPDATE_COMPLETE")
    says(stubber, "root", ended, nested, begins, old)
    says(stubber, "storage", updated, itself, former)

    told: list[Event] = []
    sleeps = Sleeps()
    end, happened = wait(client, arn("root"), log, on_event=told.append, sleep=sleeps)
    assert end == "UPDATE_COMPLETE"
    assert [(one.name, one.status) for one in told] == [
        ("root", "UPDATE_IN_PROGRESS"),
        ("Storage", "UPDATE_IN_PROGRESS"),
        ("Storage/Raw", "UPDATE_COMPLETE"),
        ("root", "UPDATE_COMPLETE"),
    ]
    assert happened == told
    assert sleeps.count == 1
    stubber.assert_no_pending_responses()


def test_the_first_failure_is_the_resource_that_failed_by_itself() -> None:
    cancelled = Event("A", "AWS::SNS::Topic", "CREATE_FAILED", "Resource creation cancelled", NOW)
    around = Event("Storage", STACK, "CREATE_FAILED", "Embedded stack was not successfully created", NOW)
    culprit = Event("Storage/Raw", "AWS::S3::Bucket", "CREATE_FAILED", "It already exists", NOW)
    fine = Event("B", "AWS::SNS::Topic", "CREATE_COMPLETE", "", NOW)
    assert first_failure([fine, cancelled, around, culprit]) == culprit
    assert first_failure([fine, around]) == around
    assert first_failure([fine, cancelled]) is None
