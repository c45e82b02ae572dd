from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY
from moto import mock_aws

from spotify_etl.errors import RefusedError
from spotify_etl.stack import templates
from spotify_etl.stack.adopt import KINDS, LOGS, STACK_TAG, Clients, Leftovers, bucket_names, find
from spotify_etl.stack.bucket_settings import log_accesses, put_right
from tests.unit.stack.stubs import ACCOUNT, REGION, stubbed

STORAGE = Path(__file__).parents[3] / "infra" / "storage.yaml"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
LOGS_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket_names('dev-', ACCOUNT, REGION)['logs']}/*",
        }
    ],
}
NAMES = bucket_names("dev-", ACCOUNT, REGION)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("s3", region_name=REGION)


def make(s3: Any, *names: str) -> None:
    for name in names:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def templated(kind: str) -> dict[str, Any]:
    resources = templates.read(STORAGE.read_text(encoding="utf-8"))["Resources"]
    found: dict[str, Any] = resources[f"{kind.title()}Bucket"]["Properties"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_an_adopted_bucket_has_the_templates_settings(s3: Any, kind: str) -> None:
    make(s3, NAMES["raw"], NAMES["logs"])
    there = {name: NAMES[name] for name in ("raw", "logs")}
    missing = {name: NAMES[name] for name in ("transformed", "work")}
    leftovers = Leftovers(there, missing, None, KEY, None)
    notified: list[str] = []

    def note(params: Any, **_: Any) -> None:
        # moto keeps no notification of EventBridge.
        assert b"EventBridgeConfiguration" in params["body"]
        notified.append(params["url"])

    s3.meta.events.register("before-call.s3.PutBucketNotificationConfiguration", note)
    put_right(s3, leftovers, stack="s", account=ACCOUNT, region=REGION)
    s3.put_bucket_policy(Bucket=NAMES["logs"], Policy=json.dumps(LOGS_POLICY))
    log_accesses(s3, leftovers, account=ACCOUNT)
    bucket, wanted = NAMES[kind], templated(kind)

    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == wanted["VersioningConfiguration"]["Status"]
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert blocked == wanted["PublicAccessBlockConfiguration"]
    owned = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owned == wanted["OwnershipControls"]["Rules"]

    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    wanted_rule = wanted["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == wanted_rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert default.get("KMSMasterKeyID") == (None if kind == LOGS else KEY)
    assert rule.get("BucketKeyEnabled", False) == wanted_rule.get("BucketKeyEnabled", False)

    assert lifecycle(s3, bucket) == wanted["LifecycleConfiguration"]["Rules"]
    logging = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled", {})
    assert logging.get("TargetPrefix") == wanted.get("LoggingConfiguration", {}).get("LogFilePrefix")
    assert any(bucket in url for url in notified) == ("NotificationConfiguration" in wanted)
    assert {"Key": STACK_TAG, "Value": "s"} in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]


def lifecycle(s3: Any, bucket: str) -> list[dict[str, Any]]:
    """Return a bucket's rules in the form of a template."""
    rules = []
    for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]:
        expiration = rule.get("Expiration", {})
        told = {
            "Id": rule["ID"],
            "Status": rule["Status"],
            "ExpirationInDays": expiration.get("Days"),
            "ExpiredObjectDeleteMarker": expiration.get("ExpiredObjectDeleteMarker"),
            "NoncurrentVersionExpiration": rule.get("NoncurrentVersionExpiration"),
            "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
        }
        rules.append({name: value for name, value in told.items() if value})
    return rules


def test_tags_of_others_stay(s3: Any) -> None:
    make(s3, *NAMES.values())
    s3.put_bucket_tagging(Bucket=NAMES["raw"], Tagging={"TagSet": [{"Key": "team", "Value": "x"}]})
    put_right(s3, Leftovers(NAMES, {}, None, KEY, None), stack="new", account=ACCOUNT, region=REGION)
    told = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=NAMES["raw"])["TagSet"]}
    assert told == {"team": "x", STACK_TAG: "new"}


class World:
    """An account with S3 by moto, and the answers of the others given by the test."""

    def __init__(self, s3: Any) -> None:
        cloudformation, self.stacks = stubbed("cloudformation")
        kms, self.keys = stubbed("kms")
        secrets, self.secrets = stubbed("secretsmanager")
        self.clients = Clients(cloudformation, s3, kms, secrets)

    def no_stack_owns_it(self) -> None:
        self.stacks.add_client_error("describe_stack_resources", "ValidationError", "Stack for x does not exist")

    def secret(self, **more: Any) -> None:
        self.secrets.add_response("describe_secret", {"Name": "dev-spotify/credentials", **more}, {"SecretId": ANY})

    def no_secret(self) -> None:
        self.secrets.add_client_error("describe_secret", "ResourceNotFoundException")

    def key(self, state: str = "Enabled", asked: str = KEY, **more: Any) -> None:
        metadata = {"KeyId": "k", "Arn": KEY, "KeyState": state, **more}
        self.keys.add_response("describe_key", {"KeyMetadata": metadata}, {"KeyId": asked})

    def find(self) -> Leftovers | None:
        return find(self.clients, "dev-", stack="s", account=ACCOUNT, region=REGION)


@pytest.fixture
def world(s3: Any) -> World:
    return World(s3)


def encrypt(s3: Any, bucket: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def test_nothing_was_left(world: World) -> None:
    world.no_secret()
    assert world.find() is None


def test_buckets_and_secret_are_found_with_the_key_that_they_name(world: World, s3: Any) -> None:
    make(s3, NAMES["raw"], NAMES["work"])
    encrypt(s3, NAMES["raw"])
    for _ in range(2):
        world.no_stack_owns_it()
    world.secret(KmsKeyId=KEY)
    world.key()
    found = world.find()
    assert found is not None
    assert set(found.buckets) == {"raw", "work"}
    assert set(found.missing) == {"transformed", "logs"}
    assert found.parameters == {"ExistingBuckets": "yes", "ExistingSecret": "yes", "ExistingKeyArn": KEY}


def test_a_secret_alone_keeps_its_key(world: World) -> None:
    world.secret(KmsKeyId=KEY)
    world.key()
    found = world.find()
    assert found is not None
    assert found.parameters == {"ExistingBuckets": "no", "ExistingSecret": "yes", "ExistingKeyArn": KEY}
    assert not found.missing


def test_a_key_is_found_by_its_alias(world: World, s3: Any) -> None:
    make(s3, NAMES["raw"])
    world.no_stack_owns_it()
    world.no_secret()
    world.key(asked="alias/dev-spotify-etl")
    found = world.find()
    assert found is not None
    assert found.key_arn == KEY


@pytest.mark.parametrize(
    ("state", "more", "says"),
    [
        (
            "PendingDeletion",
            {"DeletionDate": datetime(2026, 12, 1, tzinfo=UTC)},
            "to be deleted on 2026-12-01.*aws kms cancel-key-deletion --key-id k && aws kms enable-key --key-id k",
        ),
        ("Disabled", {}, "is Disabled. First: aws kms enable-key --key-id k"),
    ],
)
def test_a_key_that_cannot_be_used_is_told(world: World, s3: Any, state: str, more: dict[str, Any], says: str) -> None:
    make(s3, NAMES["raw"])
    encrypt(s3, NAMES["raw"])
    world.no_stack_owns_it()
    world.no_secret()
    world.key(state, **more)
    with pytest.raises(RefusedError, match=says):
        world.find()


def test_a_key_that_is_gone_is_told(world: World, s3: Any) -> None:
    make(s3, NAMES["raw"])
    world.no_stack_owns_it()
    world.no_secret()
    world.keys.add_client_error("describe_key", "NotFoundException")
    with pytest.raises(RefusedError, match="Nobody can read them any more"):
        world.find()


def test_another_stacks_bucket_is_refused(world: World, s3: Any) -> None:
    make(s3, NAMES["raw"])
    resource = {
        "StackName": "other-Storage",
        "LogicalResourceId": "RawBucket",
        "ResourceType": "AWS::S3::Bucket",
        "Timestamp": datetime.now(UTC),
        "ResourceStatus": "CREATE_COMPLETE",
    }
    world.stacks.add_response("describe_stack_resources", {"StackResources": [resource]})
    with pytest.raises(RefusedError, match="belongs to the stack other-Storage"):
        world.find()


def test_a_secret_that_is_being_deleted_is_told(world: World) -> None:
    world.secret(DeletedDate=datetime.now(UTC))
    with pytest.raises(RefusedError, match="aws secretsmanager restore-secret --secret-id dev-spotify/credentials"):
        world.find()
