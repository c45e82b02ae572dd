from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.infra.stack_templates import ACCOUNT, REGION, STACK, as_list, properties, resources, template

POLICY = Path(__file__).parents[2] / "docs" / "deployer-policy.json"

# What CloudFormation calls, with the caller's permissions, to make and to remove a resource of each type.
CALLS = {
    "AWS::Athena::NamedQuery": ["athena:CreateNamedQuery", "athena:GetNamedQuery", "athena:DeleteNamedQuery"],
    "AWS::Athena::WorkGroup": ["athena:CreateWorkGroup", "athena:TagResource", "athena:DeleteWorkGroup"],
    "AWS::CloudFormation::Stack": ["cloudformation:CreateStack", "cloudformation:DeleteStack"],
    "AWS::CloudWatch::Alarm": ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"],
    "AWS::CloudWatch::CompositeAlarm": ["cloudwatch:PutCompositeAlarm", "cloudwatch:DeleteAlarms"],
    "AWS::CloudWatch::Dashboard": ["cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"],
    "AWS::Events::Rule": ["events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule"],
    "AWS::Glue::Crawler": ["glue:CreateCrawler", "glue:TagResource", "glue:DeleteCrawler"],
    "AWS::Glue::Database": ["glue:CreateDatabase", "glue:DeleteDatabase"],
    "AWS::Glue::Job": ["glue:CreateJob", "glue:TagResource", "glue:DeleteJob"],
    "AWS::Glue::SecurityConfiguration": ["glue:CreateSecurityConfiguration", "glue:DeleteSecurityConfiguration"],
    "AWS::Glue::Table": ["glue:CreateTable", "glue:DeleteTable"],
    "AWS::IAM::ManagedPolicy": ["iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy"],
    "AWS::IAM::Role": ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole"],
    "AWS::KMS::Alias": ["kms:CreateAlias", "kms:DeleteAlias"],
    "AWS::KMS::Key": ["kms:CreateKey", "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
    "AWS::Lambda::EventInvokeConfig": [
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:DeleteFunctionEventInvokeConfig",
    ],
    "AWS::Lambda::Function": ["lambda:CreateFunction", "lambda:TagResource", "lambda:DeleteFunction"],
    "AWS::Logs::LogGroup": [
        "logs:CreateLogGroup",
        "logs:AssociateKmsKey",
        "logs:PutRetentionPolicy",
        "logs:DeleteLogGroup",
    ],
    "AWS::Logs::MetricFilter": ["logs:PutMetricFilter", "logs:DeleteMetricFilter"],
    "AWS::S3::Bucket": [
        "s3:CreateBucket",
        "s3:PutBucketLogging",
        "s3:PutBucketNotification",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:DeleteBucket",
    ],
    "AWS::S3::BucketPolicy": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    "AWS::SNS::Subscription": ["sns:Subscribe", "sns:Unsubscribe"],
    "AWS::SNS::Topic": ["sns:CreateTopic", "sns:TagResource", "sns:DeleteTopic"],
    "AWS::SNS::TopicPolicy": ["sns:SetTopicAttributes"],
    "AWS::SQS::Queue": ["sqs:CreateQueue", "sqs:TagQueue", "sqs:DeleteQueue"],
    "AWS::SQS::QueuePolicy": ["sqs:SetQueueAttributes"],
    "AWS::Scheduler::Schedule": ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"],
    "AWS::Scheduler::ScheduleGroup": ["scheduler:CreateScheduleGroup", "scheduler:DeleteScheduleGroup"],
    "AWS::SecretsManager::Secret": ["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret"],
    "AWS::StepFunctions::StateMachine": [
        "states:CreateStateMachine",
        "states:TagResource",
        "states:DeleteStateMachine",
        "logs:CreateLogDelivery",
    ],
}

ARNS = {
    "athena": f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/dev-spotify",
    "cloudformation": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/dev-spotify-etl-Storage-1ABC/uuid",
    "events": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/dev-spotify_raw_object",
    "lambda": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:dev-spotify_api_extract",
    "s3": f"arn:aws:s3:::dev-spotify-raw-{ACCOUNT}-{REGION}",
    "scheduler": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/dev-spotify/dev-spotify_daily_extract",
    "secretsmanager": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:dev-spotify/credentials-AbCdEf",
    "sns": f"arn:aws:sns:{REGION}:{ACCOUNT}:dev-spotify-alerts",
    "sqs": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dev-spotify_extract_failed",
    "states": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:dev-spotify_pipeline",
}
"""One resource of each service, as a stack with a prefix has it; it has to be among those that a statement is about."""

STARS = {"FindWhatIsThere", "LogDeliveryOfTheStateMachine", "MakeTheKey", "SecurityConfigurations"}
"""Reviewed: what these do cannot be bound to a resource. A key can only be made with the application's tag."""


def policy() -> list[dict[str, Any]]:
    told: dict[str, Any] = json.loads(POLICY.read_text(encoding="utf-8"))
    return list(told["Statement"])


def allowing(action: str) -> Iterator[dict[str, Any]]:
    for one in policy():
        if any(fnmatchcase(action, pattern) for pattern in as_list(one["Action"])):
            yield one


@pytest.mark.parametrize(
    "kind", sorted({one["Type"] for name in STACK for one in template(name)["Resources"].values()})
)
def test_the_deployer_may_make_and_remove_every_type_of_resource(kind: str) -> None:
    for action in CALLS[kind]:
        statements = list(allowing(action))
        assert statements, action
        arn = ARNS.get(action.partition(":")[0])
        if arn:
            patterns = [pattern for one in statements for pattern in as_list(one["Resource"])]
            assert any(fnmatchcase(arn, pattern) for pattern in patterns), action


def test_the_deployer_hands_over_the_stack_s_roles_alone_and_to_their_services() -> None:
    (statement,) = allowing("iam:PassRole")
    services = set()
    for name in STACK:
        for logical_id in resources(name, "AWS::IAM::Role"):
            role = properties(name, logical_id)
            arn = f"arn:aws:iam::{ACCOUNT}:role/{role['RoleName']}"
            assert fnmatchcase(arn, statement["Resource"]), arn
            services.add(role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"])

    assert set(statement["Condition"]["StringEquals"]["iam:PassedToService"]) == services
    assert not fnmatchcase(f"arn:aws:iam::{ACCOUNT}:role/Admin", statement["Resource"])


def test_the_deployer_s_rights_end_at_the_stack_s_names() -> None:
    assert {one["Sid"] for one in policy() if "*" in as_list(one["Resource"])} == STARS
    assert all(one["Effect"] == "Allow" for one in policy())
    assert not [one for one in policy() if "*" in as_list(one["Action"])]


def test_the_policy_fits_into_one_managed_policy() -> None:
    assert len("".join(POLICY.read_text(encoding="utf-8").split())) <= 6144
