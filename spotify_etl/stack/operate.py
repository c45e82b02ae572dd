"""Work on a deployed stack: run it once, start its state machine, give its job an order, see what an order would do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from lambda_extract.raw_zone import TO_BE_PROCESSED, marker_name
from lambda_extract.runs import Run
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.pipeline import Watcher
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.aws_errors import code
from spotify_etl.stack.follow import Execution, follow, start, started_by
from spotify_etl.stack.outputs import Outputs

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_logs import CloudWatchLogsClient

# An extract takes up to 15 minutes and answers at its end. Asked again it would run again.
_PATIENT = Config(read_timeout=930, retries={"total_max_attempts": 1}, tcp_keepalive=True)
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}
_POLL_SECONDS = 5.0
_LOGS_WITHIN_SECONDS = 90.0


@dataclass(frozen=True)
class StackRun:
    """What was done: the extract's marker (None when it was not run or its answer was lost), and the execution.

    `execution` is None where the marker has started none in time.
    """

    extract: Mapping[str, Any] | None
    execution: Execution | None

    @property
    def held(self) -> list[str]:
        """What is said of the dates that are not published as their raw objects are."""
        return [str(one) for one in self.execution.output.get("held", [])] if self.execution else []

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        execution = {"arn": self.execution.arn, **self.execution.output} if self.execution else None
        return {"extract": self.extract, "execution": execution}


def run(
    aws: Aws, outputs: Outputs, watcher: Watcher, *, full: bool = False, sleep: Callable[[float], None] = time.sleep
) -> StackRun:
    """Invoke the extract now, and follow the execution that its marker starts.

    Raises
    ------
    CommandError
        If the extract or the execution fails.
    """
    event: dict[str, Any] = {"time": datetime.now(UTC).isoformat(timespec="seconds")}
    key = TO_BE_PROCESSED + marker_name(Run.of(event, datetime.now(UTC)))
    watcher.step(f"run {outputs.FunctionName}, which takes up to 15 minutes")
    extract = _invoke(aws, outputs.FunctionName, {**event, "full": True} if full else event)
    if extract is None:
        watcher.step("the connection broke before the extract answered: wait for its marker")
    states = aws.session.client("stepfunctions")
    watcher.step(f"wait for the execution that {key} starts")
    patience = 120.0 if extract is not None else 960.0
    arn = started_by(states, outputs.StateMachineArn, key, sleep=sleep, patience=patience)
    if arn is None:
        return StackRun(extract, None)
    return StackRun(extract, _follow(aws, arn, watcher, sleep))


def start_machine(
    aws: Aws, outputs: Outputs, watcher: Watcher, *, sleep: Callable[[float], None] = time.sleep
) -> StackRun:
    """Start the state machine: load what waits, refresh partitions and views, and follow it.

    Raises
    ------
    CommandError
        If the execution fails.
    """
    return _start(aws, outputs, {"reason": "start"}, watcher, sleep)


def order(
    aws: Aws,
    outputs: Outputs,
    arguments: Mapping[str, str],
    watcher: Watcher,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> StackRun:
    """Give the job an order through the state machine, so that crawl, checks and views follow.

    Raises
    ------
    CommandError
        If the execution fails, as it does when the job refuses the order.
    """
    return _start(aws, outputs, {"reason": "order", "arguments": _as_given(arguments)}, watcher, sleep)


def preview(
    aws: Aws,
    outputs: Outputs,
    arguments: Mapping[str, str],
    watcher: Watcher,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[dict[str, Any]]:
    """Return what an order would do: a run of the job alone, since nothing is changed that crawls and checks would see.

    Raises
    ------
    CommandError
        If the run fails, or what it said cannot be read.
    RefusedError
        If another run of the job is at work.
    """
    glue = aws.session.client("glue")
    watcher.step(f"run {outputs.JobName} with --dry_run")
    given = _as_given({**arguments, "dry_run": "true"})
    try:
        run_id = glue.start_job_run(JobName=outputs.JobName, Arguments=given)["JobRunId"]
    except ClientError as error:
        if code(error) == "ConcurrentRunsExceededException":
            raise RefusedError(f"A run of {outputs.JobName} is at work. Try again when it has ended.") from None
        raise
    _wait_for_run(glue, outputs.JobName, run_id, watcher, sleep)
    watcher.step("read what it said")
    return _would(aws.session.client("logs"), _log_group(glue, outputs.JobName), run_id, sleep)


def _start(
    aws: Aws, outputs: Outputs, given: Mapping[str, Any], watcher: Watcher, sleep: Callable[[float], None]
) -> StackRun:
    watcher.step("start the state machine")
    arn = start(aws.session.client("stepfunctions"), outputs.StateMachineArn, given)
    return StackRun(None, _follow(aws, arn, watcher, sleep))


def _follow(aws: Aws, arn: str, watcher: Watcher, sleep: Callable[[float], None]) -> Execution:
    seen: set[str] = set()

    def tell(name: str) -> None:
        if name not in seen:
            # Waits and looks repeat for minutes: once is enough.
            seen.add(name)
            watcher.step(name)
        watcher.detail(name)

    return follow(aws.session.client("stepfunctions"), arn, on_state=tell, sleep=sleep)


def _invoke(aws: Aws, function: str, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what the extract returned, None where the connection did not last."""
    client = aws.session.client("lambda", config=_PATIENT)
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    except (ReadTimeoutError, ConnectionClosedError):
        return None
    told = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        kind, text = told.get("errorType", "an error"), told.get("errorMessage", "no message")
        raise CommandError(f"The extract stopped ({kind}): {text}")
    found: Mapping[str, Any] = told
    return found


def _as_given(arguments: Mapping[str, str]) -> dict[str, str]:
    return {f"--{name}": value for name, value in arguments.items()}


def _wait_for_run(glue: GlueClient, job: str, run_id: str, watcher: Watcher, sleep: Callable[[float], None]) -> None:
    while True:
        found = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        state = found["JobRunState"]
        watcher.detail(state.lower())
        if state == "SUCCEEDED":
            return
        if state in _ENDED:
            raise CommandError(
                f"The run {run_id} of {job} ended {state}: {found.get('ErrorMessage', 'no reason given')}"
            )
        sleep(_POLL_SECONDS)


def _log_group(glue: GlueClient, job: str) -> str:
    """Return the log group of what the job prints: Glue puts the security configuration and the role into its name."""
    told = glue.get_job(JobName=job)["Job"]
    prefix = told.get("DefaultArguments", {}).get("--custom-logGroup-prefix", "/aws-glue/jobs")
    configuration = told.get("SecurityConfiguration")
    role = told.get("Role", "").rpartition("/")[2]
    return f"{prefix}/{configuration}-role/{role}/output" if configuration else f"{prefix}/output"


def _would(logs: CloudWatchLogsClient, group: str, run_id: str, sleep: Callable[[float], None]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _LOGS_WITHIN_SECONDS
    while True:
        for text in _lines(logs, group, run_id):
            try:
                told = json.loads(text)
            except ValueError:
                continue
            if isinstance(told, dict) and isinstance(told.get("would"), list):
                would: list[dict[str, Any]] = told["would"]
                return would
        if time.monotonic() > deadline:
            raise CommandError(f"What the run {run_id} said is not in the log group {group}. Look there in a minute.")
        sleep(_POLL_SECONDS)


def _lines(logs: CloudWatchLogsClient, group: str, run_id: str) -> list[str]:
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNamePrefix=run_id, filterPattern='"would"'
        )
        return [event["message"] for page in pages for event in page["events"]]
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            return []
        raise
