from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from spotify_etl.errors import CommandError
from spotify_etl.stack.follow import follow, started_by
from tests.unit.stack.stubs import ACCOUNT, REGION, Sleeps, stubbed

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)


def arn(name: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:m:{name}"


def described(name: str, status: str = "RUNNING", **more: Any) -> dict[str, Any]:
    return {"executionArn": arn(name), "stateMachineArn": MACHINE, "status": status, "startDate": NOW, **more}


def listed(*names: str) -> dict[str, Any]:
    entries = [
        {"executionArn": arn(name), "stateMachineArn": MACHINE, "name": name, "status": "RUNNING", "startDate": NOW}
        for name in names
    ]
    return {"executions": entries}


def entered(number: int, name: str) -> dict[str, Any]:
    return {
        "timestamp": NOW,
        "type": "TaskStateEntered",
        "id": number,
        "stateEnteredEventDetails": {"name": name},
    }


def test_each_state_is_told_once_in_its_order() -> None:
    client, stubber = stubbed("stepfunctions")
    stubber.add_response("describe_execution", described("e"))
    stubber.add_response("get_execution_history", {"events": [entered(4, "Look"), entered(2, "Wait")]})
    stubber.add_response("describe_execution", described("e"))
    stubber.add_response("get_execution_history", {"events": [entered(4, "Look"), entered(2, "Wait")]})
    stubber.add_response("describe_execution", described("e", "SUCCEEDED", output='{"outcome": "loaded"}'))
    stubber.add_response("get_execution_history", {"events": [entered(6, "Job"), entered(4, "Look")]})
    told: list[str] = []
    sleeps = Sleeps()
    done = follow(client, arn("e"), on_state=told.append, sleep=sleeps)
    assert done.output == {"outcome": "loaded"}
    assert told == ["Wait", "Look", "Job"]
    assert sleeps.count == 2


@pytest.mark.parametrize(
    ("status", "more", "says"),
    [
        (
            "FAILED",
            {"error": "JobFailed", "cause": "No dates.\nSecond line"},
            "ended FAILED: JobFailed: No dates. Second",
        ),
        ("FAILED", {"error": "E", "cause": json.dumps({"reason": "held"})}, "ended FAILED: E: held"),
        ("TIMED_OUT", {}, "ended TIMED_OUT: the execution gave no reason"),
    ],
)
def test_an_execution_that_fails_says_why(status: str, more: dict[str, Any], says: str) -> None:
    client, stubber = stubbed("stepfunctions")
    stubber.add_response("describe_execution", described("e", status, **more))
    stubber.add_response("get_execution_history", {"events": []})
    with pytest.raises(CommandError, match=says):
        follow(client, arn("e"), on_state=lambda _: None, sleep=Sleeps())


def test_the_execution_of_a_marker_is_found_by_its_input() -> None:
    client, stubber = stubbed("stepfunctions")
    stubber.add_response("list_executions", listed("old"))
    stubber.add_response("describe_execution", described("old", input='{"key":"a/run-1.json"}'))
    stubber.add_response("list_executions", listed("new", "old"))
    stubber.add_response("describe_execution", described("new", input='{"key":"a/run-2.json"}'))
    assert started_by(client, MACHINE, "a/run-2.json", sleep=Sleeps()) == arn("new")
    stubber.assert_no_pending_responses()


def test_no_execution_within_patience() -> None:
    client, stubber = stubbed("stepfunctions")
    stubber.add_response("list_executions", listed())
    assert started_by(client, MACHINE, "k", sleep=Sleeps(), patience=-1) is None
