from __future__ import annotations

import io
import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY

from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.stack.operate import order, preview, run
from spotify_etl.stack.outputs import Outputs
from tests.unit.stack.stubs import ACCOUNT, REGION, Notes, Session, Sleeps

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:spotify_pipeline"
EXECUTION = MACHINE.replace("stateMachine", "execution") + ":e"
OUTPUTS = Outputs(**{field.name: field.name for field in fields(Outputs)} | {"StateMachineArn": MACHINE})
GROUP = "/aws-glue/spotify_load_transform/conf-role/the-role/output"
WOULD = [{"extract_date": "2026-01-01", "objects": 2}]


def machine_ends(session: Session, output: dict[str, Any]) -> None:
    stubber = session.stubbers["stepfunctions"]
    told = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "startDate": datetime.now(UTC)}
    stubber.add_response("describe_execution", {**told, "status": "SUCCEEDED", "output": json.dumps(output)})
    stubber.add_response("get_execution_history", {"events": []})


def test_an_order_goes_through_the_state_machine() -> None:
    session = Session()
    order_ = {"reason": "order", "arguments": {"--from_date": "2026-01-01", "--action": "reprocess"}}
    session.stub("stepfunctions").add_response(
        "start_execution",
        {"executionArn": EXECUTION, "startDate": datetime.now(UTC)},
        {"stateMachineArn": MACHINE, "input": json.dumps(order_)},
    )
    machine_ends(session, {"outcome": "loaded", "held": ["2026-01-01 is held."]})
    done = order(session.aws, OUTPUTS, {"from_date": "2026-01-01", "action": "reprocess"}, Notes(), sleep=Sleeps())
    assert done.held == ["2026-01-01 is held."]
    assert done.as_json()["execution"] == {"arn": EXECUTION, "outcome": "loaded", "held": ["2026-01-01 is held."]}


def glue_says(session: Session, *states: dict[str, Any]) -> None:
    stubber = session.stub("glue")
    given = {"--action": "forget", "--before_date": "2026-01-01", "--dry_run": "true"}
    stubber.add_response("start_job_run", {"JobRunId": "jr_1"}, {"JobName": "JobName", "Arguments": given})
    for state in states:
        stubber.add_response("get_job_run", {"JobRun": state})
    job = {
        "DefaultArguments": {"--custom-logGroup-prefix": "/aws-glue/spotify_load_transform"},
        "SecurityConfiguration": "conf",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/the-role",
    }
    stubber.add_response("get_job", {"Job": job})


def forget_preview(session: Session) -> list[dict[str, Any]]:
    return preview(session.aws, OUTPUTS, {"action": "forget", "before_date": "2026-01-01"}, Notes(), sleep=Sleeps())


def test_a_preview_is_a_run_of_the_job_alone_and_read_from_its_log() -> None:
    session = Session()
    glue_says(session, {"JobRunState": "RUNNING"}, {"JobRunState": "SUCCEEDED"})
    logs = session.stub("logs")
    asked = {"logGroupName": GROUP, "logStreamNamePrefix": "jr_1", "filterPattern": ANY}
    logs.add_response("filter_log_events", {"events": []}, asked)
    events = [{"message": "no JSON"}, {"message": json.dumps({"would": WOULD}) + "\n"}]
    logs.add_response("filter_log_events", {"events": events}, asked)
    assert forget_preview(session) == WOULD
    session.check()


def test_a_preview_that_fails_or_has_to_wait() -> None:
    session = Session()
    glue_says(session, {"JobRunState": "FAILED", "ErrorMessage": "SystemExit: 2"})
    with pytest.raises(CommandError, match="run jr_1 of JobName ended FAILED: SystemExit: 2"):
        forget_preview(session)
    session = Session()
    session.stub("glue").add_client_error("start_job_run", "ConcurrentRunsExceededException")
    with pytest.raises(RefusedError, match="A run of JobName is at work"):
        forget_preview(session)


def lambda_answers(session: Session, payload: dict[str, Any], **more: Any) -> None:
    body = json.dumps(payload).encode()
    answer = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(body), len(body)), **more}
    session.stub("lambda").add_response("invoke", answer, {"FunctionName": "FunctionName", "Payload": ANY})


def test_an_extract_that_fails_is_one_line() -> None:
    session = Session()
    fault = {"errorType": "ConsentEndedError", "errorMessage": "The consent has ended.", "stackTrace": ["x"]}
    lambda_answers(session, fault, FunctionError="Unhandled")
    with pytest.raises(CommandError, match=r"The extract stopped \(ConsentEndedError\): The consent has ended\.$"):
        run(session.aws, OUTPUTS, Notes(), sleep=Sleeps())


def test_a_run_follows_the_execution_of_its_own_marker() -> None:
    session = Session()
    lambda_answers(session, {"run_id": "r", "outcomes": {"fetched": 1}})
    states = session.stub("stepfunctions")
    listed = {
        "executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": "e", "status": "RUNNING",
        "startDate": datetime.now(UTC),
    }  # fmt: skip
    states.add_response("list_executions", {"executions": [listed]})
    notes = Notes()

    class AnyKey(dict[str, Any]):
        """Has the marker's key in its input, which only the run knows: it told the watcher."""

        def get(self, name: str, default: Any = None) -> Any:
            return " ".join(notes.steps) if name == "input" else super().get(name, default)

    told = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "startDate": datetime.now(UTC), "status": "RUNNING"}
    states.add_response("describe_execution", told)
    real = session.clients["stepfunctions"].describe_execution
    session.clients["stepfunctions"].describe_execution = lambda **given: AnyKey(real(**given))
    machine_ends(session, {"outcome": "loaded"})
    done = run(session.aws, OUTPUTS, notes, sleep=Sleeps())
    assert done.extract == {"run_id": "r", "outcomes": {"fetched": 1}}
    assert done.execution is not None
    assert done.execution.arn == EXECUTION
    assert any("raw_data/to_be_processed/extract_date=" in step and "/run-" in step for step in notes.steps)
