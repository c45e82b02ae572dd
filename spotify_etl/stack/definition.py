"""The state machine as it is deployed: infra/state_machine.asl.json with what is the same in many places put in.

The file is written by hand and holds no SQL. `<<publish/loads.sql>>` becomes that file's statement, `<<views>>` the
list of the views' in the order of their refresh, `<<last view>>` the name of the last of them. In a statement `${name}`
becomes `<<name>>`, which the state machine fills: `${}` is CloudFormation's here. Every request to AWS gets a time
limit, and a Retry of what is transient unless it has one of its own.
"""

from __future__ import annotations

import json
import re
from typing import Any

import athena

REQUEST_SECONDS = 90

_TRANSIENT = {
    "athena": ("Athena.AthenaException", "Athena.InternalServerException", "Athena.TooManyRequestsException"),
    "glue": (
        "Glue.ConcurrentModificationException",
        "Glue.GlueException",
        "Glue.InternalServiceException",
        "Glue.OperationTimeoutException",
        "Glue.ThrottlingException",
    ),
    "s3": ("S3.S3Exception",),
    "sfn": ("Sfn.SfnException",),
    "sns": ("Sns.InternalErrorException", "Sns.KmsThrottlingException", "Sns.SnsException", "Sns.ThrottledException"),
}
"""What is worth another try, by service. `Glue.GlueException` and its like are every error without a name of its own:
throttling on some days, a missing permission on others."""

_RETRY = {"IntervalSeconds": 2, "MaxAttempts": 6, "BackoffRate": 2, "MaxDelaySeconds": 60, "JitterStrategy": "FULL"}

_MARK = re.compile(r"<<([^<>]+)>>")


def state_machine(text: str) -> str:
    """Return the definition that is deployed, of the text of infra/state_machine.asl.json.

    Its `${…}` are left for CloudFormation's DefinitionSubstitutions.

    Raises
    ------
    KeyError
        when the text has a mark that stands for nothing
    """
    return json.dumps(_filled(json.loads(text)), ensure_ascii=False, indent=1) + "\n"


def statement(sql: str) -> str:
    """Return a file's statement without its header, with `<<name>>` for each `${name}`."""
    lines = sql.splitlines()
    body = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return re.sub(r"\$\{(\w+)\}", r"<<\1>>", "\n".join(lines[body:])).strip()


def transient(service: str) -> list[str]:
    """Return the names of a service's errors that another try may not meet."""
    prefix = _TRANSIENT[service][0].partition(".")[0]
    return [*_TRANSIENT[service], f"{prefix}.SdkClientException", "States.Timeout"]


def _filled(node: Any) -> Any:
    if isinstance(node, dict):
        filled = {name: _filled(value) for name, value in node.items()}
        return _bounded(filled) if filled.get("Type") == "Task" else filled
    if isinstance(node, list):
        return [_filled(value) for value in node]
    if isinstance(node, str) and (mark := _MARK.fullmatch(node)):
        return _marked(mark[1])
    return node


def _marked(name: str) -> str | list[str]:
    if name == "views":
        return [statement(athena.view(view)) for view in athena.VIEWS]
    if name == "last view":
        return athena.VIEWS[-1]
    path = athena.FOLDER / name
    if not path.is_file():
        raise KeyError(name)
    return statement(path.read_text(encoding="utf-8"))


def _bounded(task: dict[str, Any]) -> dict[str, Any]:
    """Return a request with its time limit and its retry, beside what it says itself."""
    service = task["Resource"].split(":")[-2]
    return {"TimeoutSeconds": REQUEST_SECONDS, "Retry": [{"ErrorEquals": transient(service), **_RETRY}], **task}
