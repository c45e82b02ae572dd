"""Change sets: what an update would do, nested stacks included, before anything is done."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spotify_etl.errors import CommandError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import ChangeSetTypeType
    from mypy_boto3_cloudformation.type_defs import DescribeChangeSetOutputTypeDef, ResourceChangeTypeDef

ADD, MODIFY, REMOVE, REPLACE = "add", "modify", "remove", "replace"

STATEFUL = ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")
"""Resources whose replacement is the loss of what they hold, or of the way to it."""

_STACK = "AWS::CloudFormation::Stack"
_POLL_SECONDS = 2.0
_WORKING = {"CREATE_PENDING", "CREATE_IN_PROGRESS"}
_SAME = ("didn't contain changes", "No updates are to be performed")
_ACTIONS = {"Add": ADD, "Modify": MODIFY, "Remove": REMOVE, "Import": ADD, "Dynamic": MODIFY}


@dataclass(frozen=True)
class Change:
    """What would become of one resource. `name` is its way from the main template, as `Storage/RawBucket`.

    `is_certain` is false where CloudFormation cannot know before it has made something else.
    """

    action: str
    name: str
    kind: str
    is_certain: bool = True


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed. `is_whole` is false where the nested stacks could not be looked into."""

    arn: str
    stack_id: str
    changes: tuple[Change, ...]
    is_whole: bool = True


@dataclass(frozen=True)
class Request:
    """What a change set is asked for. Of `parameters` those that are None keep the value that the stack has."""

    stack_name: str
    is_new: bool
    template_url: str | None
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]


def create(
    client: CloudFormationClient, request: Request, *, sleep: Callable[[float], None] = time.sleep
) -> ChangeSet | None:
    """Ask for a change set and wait for it; None where there is nothing to change.

    Raises
    ------
    CommandError
        If CloudFormation cannot make one; it says why.
    """
    arn, described = _ask(client, request, nested=True, sleep=sleep)
    is_whole = True
    if described["Status"] == "FAILED" and not _is_same(described) and "nested" in described["StatusReason"].lower():
        # CloudFormation cannot look into some nested stacks beforehand, and can deploy them all the same.
        client.delete_change_set(ChangeSetName=arn)
        arn, described = _ask(client, request, nested=False, sleep=sleep)
        is_whole = False
    if described["Status"] == "FAILED":
        client.delete_change_set(ChangeSetName=arn)
        if _is_same(described):
            return None
        raise CommandError(f"CloudFormation can make no change set: {described.get('StatusReason', 'no reason given')}")
    return ChangeSet(arn, described["StackId"], tuple(_changes(client, arn)), is_whole)


def refuse_losses(changes: Sequence[Change]) -> None:
    """Refuse what would replace something that holds data or the way to it.

    Raises
    ------
    RefusedError
        If there is such a change.
    """
    lost = [change for change in changes if change.action == REPLACE and change.kind in STATEFUL and change.is_certain]
    if lost:
        names = ", ".join(change.name for change in lost)
        raise RefusedError(
            f"This would replace {names}, and what is in it would stay behind. Nothing was changed. "
            "NamePrefix is for a stack of its own: give the new one another --stack-name."
        )


def _ask(
    client: CloudFormationClient, request: Request, *, nested: bool, sleep: Callable[[float], None]
) -> tuple[str, DescribeChangeSetOutputTypeDef]:
    kind: ChangeSetTypeType = "CREATE" if request.is_new else "UPDATE"
    template: Any = {"TemplateURL": request.template_url} if request.template_url else {"UsePreviousTemplate": True}
    arn = client.create_change_set(
        StackName=request.stack_name,
        ChangeSetName=f"spotify-etl-{uuid.uuid4().hex[:12]}",
        ChangeSetType=kind,
        Parameters=[
            {"ParameterKey": name, "UsePreviousValue": True}
            if value is None
            else {"ParameterKey": name, "ParameterValue": value}
            for name, value in request.parameters.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": name, "Value": value} for name, value in request.tags.items()],
        IncludeNestedStacks=nested,
        **template,
    )["Id"]
    while True:
        described = client.describe_change_set(ChangeSetName=arn)
        if described["Status"] not in _WORKING:
            return arn, described
        sleep(_POLL_SECONDS)


def _is_same(described: DescribeChangeSetOutputTypeDef) -> bool:
    return any(text in described.get("StatusReason", "") for text in _SAME)


def _changes(client: CloudFormationClient, arn: str, way: str = "") -> list[Change]:
    found: list[Change] = []
    token: Any = {}
    while True:
        page = client.describe_change_set(ChangeSetName=arn, **token)
        for one in page.get("Changes", []):
            resource = one.get("ResourceChange", {})
            name = way + resource.get("LogicalResourceId", "")
            if nested := resource.get("ChangeSetId"):
                found += _changes(client, nested, f"{name}/")
            else:
                found.append(_change(resource, name))
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _change(resource: ResourceChangeTypeDef, name: str) -> Change:
    action = _ACTIONS.get(resource.get("Action", ""), MODIFY)
    replacement = resource.get("Replacement")
    certain = True
    # A nested stack is updated in place, whatever becomes of what is in it.
    if action == MODIFY and replacement in {"True", "Conditional"} and resource.get("ResourceType") != _STACK:
        # What takes another resource's output counts as changed until that is known, mostly wrongly.
        details = resource.get("Details", [])
        certain = replacement == "True" and (
            not details or any(detail.get("Evaluation") == "Static" and _replaces(detail) for detail in details)
        )
        action = REPLACE
    return Change(action, name, resource.get("ResourceType", ""), certain)


def _replaces(detail: object) -> bool:
    target = detail.get("Target", {}) if isinstance(detail, dict) else {}
    return target.get("RequiresRecreation") == "Always"
