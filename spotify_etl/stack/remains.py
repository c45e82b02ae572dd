"""What a destroyed stack leaves behind: finding it, counting it, and removing it for good."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.stack.adopt import (
    KINDS,
    NO_BUCKET,
    RAW,
    STACK_TAG,
    TRANSFORMED,
    WORK,
    bucket_names,
    encryption_key,
    tags_of,
)
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.aws_errors import code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY_DAYS = 7
"""How long a key can still be saved. It costs nothing meanwhile."""

_TRIES = 3
_LOG_GROUPS = (
    "/aws/lambda/{prefix}spotify_api_extract",
    "/aws/vendedlogs/states/{prefix}spotify_pipeline",
    "/aws-glue/{prefix}spotify_load_transform",
    "/aws-glue/crawlers-role/{prefix}spotify-",
)


@dataclass(frozen=True)
class Bucket:
    """A bucket, how many objects it shows, and the bytes of all their versions."""

    name: str
    objects: int
    size: int


@dataclass(frozen=True)
class Remains:
    """What is there of a stack beside CloudFormation. A key that is being deleted is not."""

    buckets: tuple[Bucket, ...]
    key_arn: str | None
    secret: str | None

    @property
    def gigabytes(self) -> float:
        """What S3 bills."""
        return sum(bucket.size for bucket in self.buckets) / 1_000_000_000


def prefix_by_tag(client: S3Client, stack: str, *, account: str, region: str) -> str:
    """Return the NamePrefix of a stack that is gone, from its buckets' tags.

    Raises
    ------
    RefusedError
        If no bucket has the stack's tag.
    """
    name = re.compile(rf"(|[a-z][a-z0-9-]*-)spotify-(?:{'|'.join(KINDS)})-{account}-{re.escape(region)}")
    for bucket in client.list_buckets()["Buckets"]:
        match = name.fullmatch(bucket.get("Name", ""))
        if match and tags_of(client, match[0]).get(STACK_TAG) == stack:
            return match[1]
    raise RefusedError(f"There is neither a stack {stack} in {region} nor a bucket that it has left there.")


def find(aws: Aws, prefix: str, *, count: bool = True) -> Remains:
    """Return what is there of a stack with this prefix; without `count` the buckets count as empty."""
    s3 = aws.session.client("s3")
    names = bucket_names(prefix, aws.account, aws.region)
    there = {kind: name for kind, name in names.items() if _is_there(s3, name, aws.account)}
    key = next(
        (key for kind in (RAW, TRANSFORMED, WORK) if kind in there and (key := encryption_key(s3, there[kind]))), None
    )
    secret = f"{prefix}spotify/credentials"
    return Remains(
        tuple(_counted(s3, name) if count else Bucket(name, 0, 0) for name in there.values()),
        _living_key(aws, key),
        secret if _has_secret(aws, secret) else None,
    )


def remove(aws: Aws, remains: Remains, prefix: str, *, tell: Callable[[str], None]) -> datetime | None:
    """Remove what is there, the data first. There is no way back. Return when the key goes, if there is one.

    Raises
    ------
    CommandError
        If something does not let itself be removed; what was removed before is.
    """
    s3 = aws.session.client("s3")
    for bucket in remains.buckets:
        tell(f"empty and delete the bucket {bucket.name}: {bucket.objects:,} objects")
        _delete_bucket(s3, bucket.name, aws.account)
    if remains.secret:
        tell(f"delete the secret {remains.secret}")
        # At once: its name would be taken for a week.
        aws.session.client("secretsmanager").delete_secret(SecretId=remains.secret, ForceDeleteWithoutRecovery=True)
    logs = aws.session.client("logs")
    for group in log_groups(aws, prefix):
        tell(f"delete the log group {group}")
        logs.delete_log_group(logGroupName=group)
    if not remains.key_arn:
        return None
    tell(f"schedule the deletion of the key {remains.key_arn}")
    kms = aws.session.client("kms")
    return kms.schedule_key_deletion(KeyId=remains.key_arn, PendingWindowInDays=KEY_DAYS)["DeletionDate"]


def log_groups(aws: Aws, prefix: str) -> list[str]:
    """Return the log groups that hold what this stack's parts have logged."""
    pages = aws.session.client("logs").get_paginator("describe_log_groups")
    return [
        group["logGroupName"]
        for pattern in _LOG_GROUPS
        for page in pages.paginate(logGroupNamePrefix=pattern.format(prefix=prefix))
        for group in page["logGroups"]
    ]


def _is_there(client: S3Client, name: str, account: str) -> bool:
    try:
        client.head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        if code(error) in NO_BUCKET or code(error) in {"403", "AccessDenied"}:
            return False
        raise
    return True


def _counted(client: S3Client, name: str) -> Bucket:
    objects = size = 0
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        for version in page.get("Versions", []):
            objects += bool(version.get("IsLatest"))
            size += version.get("Size", 0)
    return Bucket(name, objects, size)


def _delete_bucket(client: S3Client, name: str, account: str) -> None:
    for attempt in range(1, _TRIES + 1):
        for upload in _uploads(client, name):
            client.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        for batch in _batches(client, name):
            answer = client.delete_objects(
                Bucket=name, Delete={"Objects": batch, "Quiet": True}, ExpectedBucketOwner=account
            )
            if errors := answer.get("Errors"):
                first = errors[0]
                raise CommandError(
                    f"{first.get('Key')} in the bucket {name} cannot be deleted ({first.get('Code')}): "
                    f"{first.get('Message')}. What was deleted so far is gone; the command can be given again."
                )
        try:
            client.delete_bucket(Bucket=name, ExpectedBucketOwner=account)
        except ClientError as error:
            # Access logs may come in until the last moment.
            if code(error) != "BucketNotEmpty" or attempt == _TRIES:
                raise
        else:
            return


def _uploads(client: S3Client, name: str) -> list[Any]:
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=name)
    return [upload for page in pages for upload in page.get("Uploads", [])]


def _batches(client: S3Client, name: str) -> Iterator[list[Any]]:
    """Yield every version and every mark of a deletion, as many at a time as S3 deletes in one request."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        both = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if both:
            yield [{"Key": one.get("Key", ""), "VersionId": one.get("VersionId", "null")} for one in both]


def _living_key(aws: Aws, key: str | None) -> str | None:
    if key is None:
        return None
    try:
        found = aws.session.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    except ClientError as error:
        if code(error) == "NotFoundException":
            return None
        raise
    return None if found.get("KeyState") == "PendingDeletion" else found["Arn"]


def _has_secret(aws: Aws, name: str) -> bool:
    try:
        found = aws.session.client("secretsmanager").describe_secret(SecretId=name)
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            return False
        raise
    return not found.get("DeletedDate")
