"""The settings of buckets that a stack uses without managing them: those that `infra/storage.yaml` gives new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spotify_etl.stack.adopt import LOGS, RAW, STACK_TAG, TRANSFORMED, WORK, Leftovers, tags_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

_OLD_VERSIONS: LifecycleRuleTypeDef = {
    "ID": "old-versions-expire",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"ExpiredObjectDeleteMarker": True},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}

LIFECYCLES: Mapping[str, LifecycleRuleTypeDef] = {
    # Nothing touches a current raw or curated object.
    RAW: _OLD_VERSIONS,
    TRANSFORMED: _OLD_VERSIONS,
    WORK: {
        "ID": "work-expires",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 30},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
    LOGS: {
        "ID": "logs-expire",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 90},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
}


def put_right(client: S3Client, leftovers: Leftovers, *, stack: str, account: str, region: str) -> None:
    """Give an earlier stack's buckets their settings, whatever became of them since; make those that are missing."""
    for name in leftovers.missing.values():
        _create(client, name, region)
    names = {**leftovers.buckets, **leftovers.missing}
    for kind, name in names.items():
        _protect(client, name, account)
        _encrypt(client, name, account, key_arn=None if kind == LOGS else leftovers.key_arn)
        client.put_bucket_lifecycle_configuration(
            Bucket=name, ExpectedBucketOwner=account, LifecycleConfiguration={"Rules": [LIFECYCLES[kind]]}
        )
        _tag(client, name, account, stack)
    if RAW in names:
        _notify(client, names[RAW], account)


def log_accesses(client: S3Client, leftovers: Leftovers, *, account: str) -> None:
    """Have accesses logged as before. After the stack is there: S3 asks for its policy on the bucket for the logs."""
    names = {**leftovers.buckets, **leftovers.missing}
    for kind, name in names.items():
        wanted = {"TargetBucket": names.get(LOGS), "TargetPrefix": f"{kind}/"}
        there = client.get_bucket_logging(Bucket=name, ExpectedBucketOwner=account).get("LoggingEnabled", {})
        if kind != LOGS and {field: there.get(field) for field in wanted} != wanted:
            settings: Any = {"LoggingEnabled": wanted}
            client.put_bucket_logging(Bucket=name, ExpectedBucketOwner=account, BucketLoggingStatus=settings)


def _create(client: S3Client, name: str, region: str) -> None:
    # us-east-1 is the one region that must not be named.
    place: dict[str, Any] = (
        {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    client.create_bucket(Bucket=name, **place)


def _protect(client: S3Client, name: str, account: str) -> None:
    client.put_public_access_block(
        Bucket=name,
        ExpectedBucketOwner=account,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    client.put_bucket_ownership_controls(
        Bucket=name,
        ExpectedBucketOwner=account,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    )
    client.put_bucket_versioning(
        Bucket=name, ExpectedBucketOwner=account, VersioningConfiguration={"Status": "Enabled"}
    )


def _encrypt(client: S3Client, name: str, account: str, *, key_arn: str | None) -> None:
    """Have new objects encrypted with the key, or with S3's own: access logs are delivered to no other bucket."""
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    if key_arn:
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    client.put_bucket_encryption(
        Bucket=name, ExpectedBucketOwner=account, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def _notify(client: S3Client, name: str, account: str) -> None:
    """Have EventBridge told of new objects. Whom else the bucket tells stays."""
    told: Any = client.get_bucket_notification_configuration(Bucket=name, ExpectedBucketOwner=account)
    kept: Any = {what: whom for what, whom in told.items() if what != "ResponseMetadata"}
    client.put_bucket_notification_configuration(
        Bucket=name, ExpectedBucketOwner=account, NotificationConfiguration=kept | {"EventBridgeConfiguration": {}}
    )


def _tag(client: S3Client, name: str, account: str, stack: str) -> None:
    tags = tags_of(client, name)
    if tags.get(STACK_TAG) == stack:
        return
    # A put replaces the whole set; S3 wants its own tags, those of the former stack, to be in it as they were.
    kept: Any = [{"Key": key, "Value": value} for key, value in {**tags, STACK_TAG: stack}.items()]
    client.put_bucket_tagging(Bucket=name, ExpectedBucketOwner=account, Tagging={"TagSet": kept})
