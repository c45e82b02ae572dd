from __future__ import annotations

from typing import Any

import pytest

from tests.infra.stack_templates import ACCOUNT, GIVEN, REGION, STACK, as_list, properties, resources, statements

ROLES = [(name, logical_id) for name in STACK for logical_id in resources(name, "AWS::IAM::Role")]

STARS = {
    ("storage", "Key", "AccountDecidesByIam"): "in a key's policy the resource is the key itself",
    ("storage", "Key", "LogGroupsOfThisStack"): "likewise",
    ("storage", "Key", "AlarmsIntoTheTopic"): "likewise",
    ("storage", "Key", "RulesIntoTopicAndQueue"): "likewise",
    ("storage", "Key", "SchedulesIntoTheirQueues"): "likewise",
    ("storage", "Key", "TopicAndQueuesOfThisAccount"): "likewise",
    ("transform", "JobRole", "WriteMetrics"): "PutMetricData knows no resource; bound to Glue's namespace",
    ("transform", "JobRole", "ReadSecurityConfiguration"): "it knows no resource; it only reads",
    ("catalog", "CrawlerRole", "ReadSecurityConfiguration"): "it knows no resource; it only reads",
    ("catalog", "ReaderPolicy", "FindTheWorkGroup"): "they know no resource; names only, for the console",
    ("orchestrate", "PipelineRole", "DeliverLogs"): "log deliveries know no resource",
    ("orchestrate", "PipelineRole", "DeliverTraces"): "X-Ray knows no resource for them",
}
"""Reviewed: every statement that is about any resource, and why none can be named."""


def test_no_policy_is_about_any_resource_but_those_that_were_reviewed() -> None:
    found = {
        (name, logical_id, one.get("Sid"))
        for name in STACK
        for logical_id, one in statements(name)
        if one["Effect"] == "Allow" and "*" in as_list(one.get("Resource", []))
    }

    assert found == set(STARS)


def test_no_action_is_any_action_but_in_the_key_s_policy_for_its_account() -> None:
    found = {
        (name, logical_id, action)
        for name in STACK
        for logical_id, one in statements(name)
        if one["Effect"] == "Allow"
        for action in as_list(one["Action"])
        if "*" in action
    }

    assert found == {
        ("storage", "Key", "kms:*"),
        ("storage", "Key", "kms:GenerateDataKey*"),
        ("storage", "Key", "kms:ReEncrypt*"),
    }


@pytest.mark.parametrize(("name", "logical_id"), ROLES)
def test_a_role_is_assumed_by_one_service_for_this_account(name: str, logical_id: str) -> None:
    (statement,) = properties(name, logical_id)["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == "sts:AssumeRole"
    assert len(as_list(statement["Principal"]["Service"])) == 1
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT


@pytest.mark.parametrize(("name", "logical_id"), ROLES)
def test_a_role_has_a_boundary_where_the_account_demands_one(name: str, logical_id: str) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"

    assert "PermissionsBoundary" not in properties(name, logical_id)
    assert properties(name, logical_id, PermissionsBoundaryArn=boundary)["PermissionsBoundary"] == boundary


@pytest.mark.parametrize(("name", "logical_id"), ROLES)
def test_a_role_s_name_tells_the_region_and_fits(name: str, logical_id: str) -> None:
    role = properties(name, logical_id, NamePrefix="abcdefghijklmno-")["RoleName"]

    # Roles belong to the account, so two regions must not share one. The longest region has 14 letters.
    assert role.endswith(f"-{REGION}")
    assert len(role) - len(REGION) + 14 <= 64


def test_who_works_on_objects_does_so_in_the_stack_s_buckets_alone() -> None:
    own = tuple(f"arn:aws:s3:::{GIVEN[f'{kind}BucketName']}" for kind in ("Raw", "Transformed", "Work"))
    elsewhere = {
        (name, logical_id, one["Sid"], arn)
        for name in STACK
        for logical_id, one in statements(name)
        if one["Effect"] == "Allow" and "Principal" not in one
        if any(action.startswith("s3:") for action in as_list(one["Action"]))
        for arn in as_list(one["Resource"])
        if not arn.startswith(own)
    }

    assert elsewhere == {("transform", "JobRole", "ReadScriptAndPackage", "arn:aws:s3:::artifacts/*")}


def test_a_bucket_is_listed_by_prefix() -> None:
    for name in STACK:
        for _, one in statements(name):
            if "s3:ListBucket" in as_list(one.get("Action", [])):
                (condition,) = one["Condition"].values()
                assert one["Action"] == "s3:ListBucket"
                assert all(prefix.strip("*/") for prefix in as_list(condition["s3:prefix"]))


def test_the_reader_reads_nothing_of_raw_and_writes_only_answers() -> None:
    allowed = properties("catalog", "ReaderPolicy")["PolicyDocument"]["Statement"]
    written = {
        arn
        for one in allowed
        if {"s3:PutObject", "s3:DeleteObject"} & set(as_list(one["Action"]))
        for arn in as_list(one["Resource"])
    }

    assert not [one for one in allowed if GIVEN["RawBucketName"] in str(one["Resource"])]
    assert written == {f"arn:aws:s3:::{GIVEN['WorkBucketName']}/athena_results/*"}
    assert not [
        one
        for one in allowed
        for action in as_list(one["Action"])
        if action.startswith("glue:") and "Get" not in action
    ]


def function_role(**given: str) -> dict[str, Any]:
    (policy,) = properties("extract", "FunctionRole", **given)["Policies"]
    return {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"]}


@pytest.mark.parametrize(
    ("playlists", "object_"),
    [
        ("s3://lists/of/playlists.txt", "lists/of/playlists.txt"),
        ("mine", f"{GIVEN['RawBucketName']}/config/playlists.txt"),
        ("37i9dQZF1DXcBWIGoYBM5M,37i9dQZF1DX0XUsuxWHRQd", f"{GIVEN['RawBucketName']}/config/playlists.txt"),
    ],
)
def test_the_function_may_read_the_list_that_is_named_and_no_other(playlists: str, object_: str) -> None:
    assert function_role(Playlists=playlists)["ReadTheListOfPlaylists"]["Resource"] == f"arn:aws:s3:::{object_}"


def test_the_function_has_its_secret_and_none_of_another_stack() -> None:
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:dev-spotify/credentials-??????"

    assert function_role()["ReadAndRenewTheToken"]["Resource"] == secret
