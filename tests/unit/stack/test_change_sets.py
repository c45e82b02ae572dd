from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY

from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.stack.change_sets import ADD, MODIFY, REPLACE, Change, Request, create, refuse_losses
from tests.unit.stack.stubs import ACCOUNT, REGION, Sleeps, stubbed

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/s/1"
REQUEST = Request("s", False, "https://t", {"A": "1", "B": None}, {"stack": "s"})


def arn(name: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{name}/1"


def asked(nested: bool = True) -> dict[str, Any]:
    return {
        "StackName": "s",
        "ChangeSetName": ANY,
        "ChangeSetType": "UPDATE",
        "TemplateURL": "https://t",
        "Parameters": [
            {"ParameterKey": "A", "ParameterValue": "1"},
            {"ParameterKey": "B", "UsePreviousValue": True},
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Tags": [{"Key": "stack", "Value": "s"}],
        "IncludeNestedStacks": nested,
    }


def described(name: str, status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
    return {"ChangeSetId": arn(name), "StackId": STACK, "Status": status, **more}


def change(action: str, name: str, kind: str = "AWS::S3::Bucket", **more: Any) -> dict[str, Any]:
    return {
        "Type": "Resource",
        "ResourceChange": {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **more},
    }


def test_changes_of_nested_stacks_are_told_by_their_way() -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_response("create_change_set", {"Id": arn("root")}, asked())
    stubber.add_response("describe_change_set", described("root", "CREATE_IN_PROGRESS"))
    stubber.add_response("describe_change_set", described("root"))
    nested = change("Modify", "Storage", "AWS::CloudFormation::Stack", ChangeSetId=arn("storage"), Replacement="False")
    stubber.add_response("describe_change_set", described("root", Changes=[nested], NextToken="more"))
    stubber.add_response(
        "describe_change_set",
        described("storage", Changes=[change("Modify", "RawBucket", Replacement="True")]),
        {"ChangeSetName": arn("storage")},
    )
    stubber.add_response(
        "describe_change_set",
        described("root", Changes=[change("Add", "Topic", "AWS::SNS::Topic")]),
        {"ChangeSetName": arn("root"), "NextToken": "more"},
    )
    sleeps = Sleeps()
    made = create(client, REQUEST, sleep=sleeps)
    assert made is not None
    assert made.changes == (
        Change(REPLACE, "Storage/RawBucket", "AWS::S3::Bucket"),
        Change(ADD, "Topic", "AWS::SNS::Topic"),
    )
    assert made.is_whole
    assert sleeps.count == 1
    with pytest.raises(RefusedError, match="This would replace Storage/RawBucket"):
        refuse_losses(made.changes)


def test_nothing_to_change_leaves_no_change_set_behind() -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_response("create_change_set", {"Id": arn("root")}, asked())
    reason = "The submitted information didn't contain changes. Submit different information to create a change set."
    stubber.add_response("describe_change_set", described("root", "FAILED", StatusReason=reason))
    stubber.add_response("delete_change_set", {}, {"ChangeSetName": arn("root")})
    assert create(client, REQUEST, sleep=Sleeps()) is None
    stubber.assert_no_pending_responses()


def test_nested_stacks_that_cannot_be_looked_into_are_left_out() -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_response("create_change_set", {"Id": arn("root")}, asked())
    reason = "Nested change set arn:x was not successfully created: Currently in FAILED."
    stubber.add_response("describe_change_set", described("root", "FAILED", StatusReason=reason))
    stubber.add_response("delete_change_set", {})
    stubber.add_response("create_change_set", {"Id": arn("again")}, asked(nested=False))
    stubber.add_response("describe_change_set", described("again"))
    stubber.add_response("describe_change_set", described("again", Changes=[change("Modify", "A", "AWS::SNS::Topic")]))
    made = create(client, REQUEST, sleep=Sleeps())
    assert made is not None
    assert not made.is_whole
    assert made.changes == (Change(MODIFY, "A", "AWS::SNS::Topic"),)


def test_a_change_set_that_cannot_be_made_says_why() -> None:
    client, stubber = stubbed("cloudformation")
    stubber.add_response("create_change_set", {"Id": arn("root")}, asked())
    stubber.add_response("describe_change_set", described("root", "FAILED", StatusReason="Template error: no X"))
    stubber.add_response("delete_change_set", {})
    with pytest.raises(CommandError, match="can make no change set: Template error: no X"):
        create(client, REQUEST, sleep=Sleeps())


def test_what_is_not_certain_is_no_loss() -> None:
    """A value that another stack will tell counts as changed beforehand, mostly wrongly."""
    client, stubber = stubbed("cloudformation")
    stubber.add_response("create_change_set", {"Id": arn("root")}, asked())
    dynamic = {"Target": {"RequiresRecreation": "Always"}, "Evaluation": "Dynamic"}
    static = {"Target": {"RequiresRecreation": "Always"}, "Evaluation": "Static"}
    changes = [
        change("Modify", "Perhaps", Replacement="Conditional"),
        change("Modify", "Dynamic", Replacement="True", Details=[dynamic]),
        change("Modify", "Static", Replacement="True", Details=[static]),
    ]
    stubber.add_response("describe_change_set", described("root"))
    stubber.add_response("describe_change_set", described("root", Changes=changes))
    made = create(client, REQUEST, sleep=Sleeps())
    assert made is not None
    assert [one.is_certain for one in made.changes] == [False, False, True]
    refuse_losses(made.changes[:2])
    with pytest.raises(RefusedError, match="replace Static"):
        refuse_losses(made.changes)
