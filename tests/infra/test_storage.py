from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from load_transform.contract import DATASETS
from tests.infra.stack_templates import ACCOUNT, GIVEN, REGION, STACK, as_list, properties, resources, template

BUCKETS = {"RawBucket": "raw", "TransformedBucket": "transformed", "WorkBucket": "work", "LogsBucket": "logs"}

STATEFUL = {
    "storage": {"Key", "RawBucket", "TransformedBucket", "WorkBucket", "LogsBucket"},
    "extract": {"Secret", "FailedQueue", "LogGroup"},
    "transform": {"ErrorLogGroup", "OutputLogGroup"},
    "catalog": {
        "Database",
        "AlbumsTable",
        "ArtistsTable",
        "SongsTable",
        "PlaylistItemsTable",
        "PlaylistsTable",
        "LoadReportsTable",
        "CrawlerLogGroup",
    },
    "orchestrate": {"FailedQueue", "LogGroup"},
}
"""A logical id that changes is a resource that is deleted and made anew: these are never renamed."""

KEPT = {"Key", "RawBucket", "TransformedBucket", "WorkBucket", "LogsBucket", "Secret"}

STATEFUL_TYPES = {
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}


@pytest.mark.parametrize("name", STATEFUL)
def test_what_holds_data_keeps_its_logical_id(name: str) -> None:
    there = {key for key, one in template(name)["Resources"].items() if one["Type"] in STATEFUL_TYPES}

    assert there == STATEFUL[name]


@pytest.mark.parametrize("name", STATEFUL)
def test_buckets_key_and_secret_outlive_the_stack_and_nothing_else(name: str) -> None:
    for logical_id, one in template(name)["Resources"].items():
        policies = one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")
        assert (policies == ("Retain", "Retain")) is (logical_id in KEPT), logical_id


def test_buckets_are_private_encrypted_versioned_and_logged() -> None:
    assert set(resources("storage", "AWS::S3::Bucket")) == set(BUCKETS)
    for logical_id, kind in BUCKETS.items():
        bucket = properties("storage", logical_id)
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["BucketName"] == f"dev-spotify-{kind}-{ACCOUNT}-{REGION}"
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        if kind == "logs":
            assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            continue
        assert rule["BucketKeyEnabled"] is True
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "<Key.Arn>"}
        assert bucket["LoggingConfiguration"] == {"DestinationBucketName": "<LogsBucket>", "LogFilePrefix": f"{kind}/"}


def test_the_raw_bucket_tells_eventbridge() -> None:
    told = properties("storage", "RawBucket")["NotificationConfiguration"]

    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


@pytest.mark.parametrize("logical_id", ["RawBucket", "TransformedBucket"])
def test_no_lifecycle_rule_touches_a_current_raw_or_curated_object(logical_id: str) -> None:
    (rule,) = properties("storage", logical_id)["LifecycleConfiguration"]["Rules"]

    # A mark of a deleted object is none that is there.
    assert set(rule) - {"Id", "Status"} == {
        "AbortIncompleteMultipartUpload",
        "ExpiredObjectDeleteMarker",
        "NoncurrentVersionExpiration",
    }
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_what_is_in_the_work_bucket_expires() -> None:
    (rule,) = properties("storage", "WorkBucket")["LifecycleConfiguration"]["Rules"]

    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 30)


@pytest.mark.parametrize(("logical_id", "kind"), BUCKETS.items())
def test_every_bucket_denies_plain_http(logical_id: str, kind: str) -> None:
    name = f"arn:aws:s3:::dev-spotify-{kind}-{ACCOUNT}-{REGION}"
    policy = properties("storage", f"{logical_id}Policy")

    assert policy["Bucket"] == f"<{logical_id}>"
    assert {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [name, f"{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    } in policy["PolicyDocument"]["Statement"]


def test_a_stack_that_takes_over_buckets_makes_none_and_gives_them_their_policies() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/old"
    for logical_id, kind in BUCKETS.items():
        assert template("storage")["Resources"][logical_id]["Condition"] == "CreateBuckets"
        policy = properties("storage", f"{logical_id}Policy", ExistingBuckets="yes", ExistingKeyArn=key)
        assert policy["Bucket"] == f"dev-spotify-{kind}-{ACCOUNT}-{REGION}"
    assert template("storage")["Resources"]["Key"]["Condition"] == "CreateKey"
    assert properties("storage", "KeyAlias", ExistingKeyArn=key)["TargetKeyId"] == key
    assert template("extract")["Resources"]["Secret"]["Condition"] == "CreateSecret"


def key_statements() -> list[dict[str, Any]]:
    policy: dict[str, Any] = properties("storage", "Key")["KeyPolicy"]
    return list(policy["Statement"])


def allowed_to(service: str) -> dict[str, Any]:
    """The one statement of the key's policy for a service."""
    (found,) = [one for one in key_statements() if service in as_list(one["Principal"].get("Service", []))]
    return found


@pytest.mark.parametrize("service", ["cloudwatch", "events", "scheduler", "sns", "sqs"])
def test_the_key_serves_every_service_that_writes_through_it_without_a_role(service: str) -> None:
    statement = allowed_to(f"{service}.amazonaws.com")

    assert set(as_list(statement["Action"])) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    # EventBridge sends neither aws:SourceAccount nor aws:SourceArn: a condition on them loses its events.
    condition = None if service == "events" else {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert statement.get("Condition") == condition


def test_the_key_serves_the_stack_s_log_groups_and_no_others() -> None:
    statement = allowed_to(f"logs.{REGION}.amazonaws.com")
    patterns = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    begin = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"

    assert {"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"} == set(
        statement["Action"]
    )
    names = [
        group["LogGroupName"]
        for name in STACK
        for logical_id in resources(name, "AWS::Logs::LogGroup")
        if (group := properties(name, logical_id)) and group["KmsKeyId"] == GIVEN["KeyArn"]
    ]
    assert len(names) >= 5
    for name in names:
        whole = begin + name.replace("<CrawlerRole>", f"dev-spotify-etl-crawlers-{REGION}")
        assert any(_is_like(whole, pattern) for pattern in patterns), whole
    assert not any(_is_like(f"{begin}/aws/lambda/another", pattern) for pattern in patterns)
    assert not any(_is_like(f"{begin}/aws/lambda/spotify_api_extract", pattern) for pattern in patterns), (
        "another stack"
    )


def test_the_account_s_own_policies_decide_on_the_key_and_it_is_rotated() -> None:
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}

    assert [one["Action"] for one in key_statements() if one["Principal"] == root] == ["kms:*"]
    assert properties("storage", "Key")["EnableKeyRotation"] is True


def test_the_job_s_role_reaches_every_folder_of_the_contract() -> None:
    (policy,) = properties("transform", "JobRole")["Policies"]
    resources_ = {
        arn
        for one in policy["PolicyDocument"]["Statement"]
        if "s3:PutObject" in as_list(one["Action"])
        for arn in as_list(one["Resource"])
    }
    folders = [*(dataset.name for dataset in DATASETS), "load_reports", "load_details", "load_holds", "load_intents"]
    transformed = f"arn:aws:s3:::{GIVEN['TransformedBucketName']}"

    # S3A puts a folder's marker, and looks for an object that is named as the folder.
    wanted = {f"{transformed}/{folder}{end}" for folder in folders for end in ("", "/*")}
    assert {arn for arn in resources_ if arn.startswith(transformed)} == wanted


def _is_like(arn: str, pattern: str) -> bool:
    """Compare as ArnLike does: part by part, `*` for anything within a part."""
    parts, patterns = arn.split(":"), pattern.split(":")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
