"""A policy simulator (npm's @cloud-copilot/iam-simulate) on the templates' policies, resolved for one account."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.infra.stack_templates import ACCOUNT, REGION, properties
from tests.stack.calls import (
    CRAWLER_ARN,
    DATABASE,
    EVENTS_QUEUE,
    EXTRACT_QUEUE,
    FUNCTION_ARN,
    FUNCTION_LOGS,
    JOB_ARN,
    KEY,
    MACHINE,
    POLICIES,
    TOPIC,
    WORK_GROUP,
    Call,
)

Json = dict[str, Any]

FOLDER = Path(__file__).with_name("simulator")
INSTALLED = FOLDER / "node_modules" / "@cloud-copilot" / "iam-simulate"

_NAMES = {
    "<Function.Arn>": FUNCTION_ARN,
    "<LogGroup.Arn>": f"{FUNCTION_LOGS}:*",
    "<Pipeline>": MACHINE,
    "<Database>": DATABASE,
    "<SecurityConfiguration>": "dev-spotify_crawlers",
    "<WorkGroup>": WORK_GROUP.rpartition("/")[2],
}
_GIVEN = {
    "AlertsTopicArn": TOPIC,
    "AlbumCrawler": CRAWLER_ARN.rpartition("/")[2],
    "DatabaseName": DATABASE,
    "JobName": JOB_ARN.rpartition("/")[2],
    "KeyArn": KEY,
    "Playlists": "mine",
    "WorkGroupName": WORK_GROUP.rpartition("/")[2],
}
_QUEUES = {"extract": EXTRACT_QUEUE, "orchestrate": EVENTS_QUEUE}


@cache
def policy_of(actor: str) -> Json:
    """Return an actor's policy, with the names of what the templates refer to."""
    template, logical_id = POLICIES[actor]
    found = properties(template, logical_id, **_GIVEN)
    (policy,) = found.get("Policies") or [found]
    text = json.dumps(policy["PolicyDocument"])
    for name, value in {**_NAMES, "<FailedQueue.Arn>": _QUEUES.get(template, "")}.items():
        text = text.replace(name, value)
    document: Json = json.loads(text)
    return document


@cache
def key_policy() -> Json:
    """Return the key's policy."""
    document: Json = properties("storage", "Key")["KeyPolicy"]
    return document


def allowed(asked: Sequence[tuple[Call, Json]], *, key: Mapping[str, Any] | None = None) -> list[bool]:
    """Tell of each call with a policy whether it would be allowed. `key` is the key's policy if not its own."""
    requests = [
        {
            "principal": f"arn:aws:iam::{ACCOUNT}:role/{call.actor}",
            "action": call.action,
            "resource": call.resource,
            "account": ACCOUNT,
            "context": call.context,
            "identity": [policy],
            "resourcePolicy": (key or key_policy()) if call.action.startswith("kms:") else None,
        }
        for call, policy in asked
    ]
    return run(requests)


def served(service: str, action: str, context: Mapping[str, str], policy: Json) -> bool:
    """Tell whether a key's policy lets a service use the key by itself.

    The simulator does not know the log groups of an encryption context: it is given them as the source.
    """
    policy, context = json.loads(
        json.dumps([policy, context]).replace("kms:EncryptionContext:aws:logs:arn", "aws:SourceArn")
    )
    request = {
        "principal": service.replace("REGION", REGION),
        "action": action,
        "resource": KEY,
        "account": ACCOUNT,
        "context": context,
        "identity": [],
        "resourcePolicy": policy,
    }
    return run([request])[0]


def run(requests: Sequence[Json]) -> list[bool]:
    """Ask the simulator."""
    ended = subprocess.run(
        ["node", "simulate.mjs"],
        input=json.dumps(requests),
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answers: list[bool] = json.loads(ended.stdout)
    return answers
