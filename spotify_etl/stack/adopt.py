"""What an earlier stack left behind, its buckets, secret and key, and how a new stack takes it over.

CloudFormation can import existing resources into a stack, but finds none whose names a template makes up. So the new
stack uses the old buckets and the secret by their names and the key by its ARN; the buckets' settings, which no stack
manages then, are put right here: docs/decisions/ says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from spotify_etl.errors import RefusedError
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.aws_errors import code
from spotify_etl.stack.outputs import find_stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

RAW, TRANSFORMED, WORK, LOGS = "raw", "transformed", "work", "logs"
KINDS = (RAW, TRANSFORMED, WORK, LOGS)

STACK_TAG = "stack"
"""The tag that everything of a stack has, by `infra/main.yaml`: the name of the stack."""

NO_BUCKET = {"404", "NoSuchBucket", "NotFound"}
_DENIED = {"403", "AccessDenied"}


@dataclass(frozen=True)
class Leftovers:
    """The buckets that are there, by kind, and those that are not; the secret; and the key that all are encrypted with.

    `stack` is the one that made or used them last, where a tag tells. With a secret and no bucket `missing` is empty:
    then the new stack makes all of them.
    """

    buckets: Mapping[str, str]
    missing: Mapping[str, str]
    secret: str | None
    key_arn: str
    stack: str | None

    @property
    def parameters(self) -> dict[str, str]:
        """What tells a new stack to use them."""
        return {
            "ExistingBuckets": "yes" if self.buckets else "no",
            "ExistingSecret": "yes" if self.secret else "no",
            "ExistingKeyArn": self.key_arn,
        }


@dataclass(frozen=True)
class Clients:
    """Whom to ask about what was left."""

    cloudformation: CloudFormationClient
    s3: S3Client
    kms: KMSClient
    secrets: SecretsManagerClient

    @classmethod
    def of(cls, aws: Aws) -> Clients:
        """Make them."""
        session = aws.session
        return cls(
            session.client("cloudformation"),
            session.client("s3"),
            session.client("kms"),
            session.client("secretsmanager"),
        )


def bucket_names(prefix: str, account: str, region: str) -> dict[str, str]:
    """Return the names of a stack's buckets by kind."""
    return {kind: f"{prefix}spotify-{kind}-{account}-{region}" for kind in KINDS}


def find(clients: Clients, prefix: str, *, stack: str, account: str, region: str) -> Leftovers | None:
    """Return what an earlier stack of this prefix left for `stack`; None where no bucket and no secret is there.

    Raises
    ------
    RefusedError
        If a bucket is another account's or another stack's, the secret is about to be deleted, or the key of the data
        is gone or about to go.
    """
    names = bucket_names(prefix, account, region)
    there = {kind: name for kind, name in names.items() if _is_there(clients.s3, name, account)}
    tags = {name: tags_of(clients.s3, name).get(STACK_TAG) for name in there.values()}
    for name, tagged in tags.items():
        _refuse_owned(clients.cloudformation, name, tagged if tagged != stack else None)
    secret, key_of_secret = _secret(clients.secrets, f"{prefix}spotify/credentials")
    if not there and not secret:
        return None
    named = [encryption_key(clients.s3, there[kind]) for kind in (RAW, TRANSFORMED, WORK) if kind in there]
    key = _usable_key(clients.kms, [one for one in (*named, key_of_secret) if one], alias=f"alias/{prefix}spotify-etl")
    missing = {kind: name for kind, name in names.items() if there and kind not in there}
    return Leftovers(there, missing, secret, key, next((tag for tag in tags.values() if tag), None))


def encryption_key(client: S3Client, bucket: str) -> str | None:
    """Return the KMS key that new objects of a bucket are encrypted with."""
    try:
        told = client.get_bucket_encryption(Bucket=bucket)
    except ClientError as error:
        if code(error) == "ServerSideEncryptionConfigurationNotFoundError":
            return None
        raise
    rules = told["ServerSideEncryptionConfiguration"]["Rules"]
    return next((key for rule in rules if (key := _key_in(rule))), None)


def _key_in(rule: Mapping[str, object]) -> str | None:
    default = rule.get("ApplyServerSideEncryptionByDefault")
    return default.get("KMSMasterKeyID") if isinstance(default, dict) else None


def _is_there(client: S3Client, name: str, account: str) -> bool:
    try:
        client.head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        if code(error) in NO_BUCKET:
            return False
        if code(error) in _DENIED:
            raise RefusedError(
                f"The bucket {name} is another account's, or you may not see it. With another NamePrefix the stack "
                "takes other names: --parameter NamePrefix=dev-"
            ) from None
        raise
    return True


def _refuse_owned(client: CloudFormationClient, bucket: str, tagged: str | None) -> None:
    """Refuse a bucket that a stack works with, be it as its own or by a policy that it put on it."""
    owner = tagged if tagged and find_stack(client, tagged) else _owner(client, bucket)
    if owner:
        raise RefusedError(
            f"The bucket {bucket} belongs to the stack {owner}. A second stack takes names of its own: "
            "--parameter NamePrefix=dev-"
        )


def _owner(client: CloudFormationClient, bucket: str) -> str | None:
    try:
        resources = client.describe_stack_resources(PhysicalResourceId=bucket)["StackResources"]
    except ClientError as error:
        # That is what CloudFormation answers when no stack knows it.
        if code(error) == "ValidationError":
            return None
        raise
    gone = {"DELETE_COMPLETE", "DELETE_SKIPPED"}
    return next((one.get("StackName") for one in resources if one["ResourceStatus"] not in gone), None)


def _secret(client: SecretsManagerClient, name: str) -> tuple[str | None, str | None]:
    """Return the secret's name and key where it is there, Nones where it is not."""
    try:
        told = client.describe_secret(SecretId=name)
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            return None, None
        raise
    if told.get("DeletedDate"):
        raise RefusedError(
            f"The secret {name} is being deleted, and its name is taken until then. To keep it: "
            f"aws secretsmanager restore-secret --secret-id {name}"
        )
    return name, told.get("KmsKeyId")


def _usable_key(client: KMSClient, named: Sequence[str], *, alias: str) -> str:
    for key in [*dict.fromkeys(named), alias]:
        try:
            found = client.describe_key(KeyId=key)["KeyMetadata"]
        except ClientError as error:
            if code(error) == "NotFoundException":
                continue
            raise
        _refuse_unusable(found.get("KeyState", "Enabled"), found["KeyId"], found.get("DeletionDate"))
        return found["Arn"]
    raise RefusedError(
        "An earlier stack's buckets or secret are there, and the key that they are encrypted with is not: no alias "
        f"{alias}, and none that they name. Nobody can read them any more: delete them, or take another NamePrefix."
    )


def _refuse_unusable(state: str, key: str, deletion: object) -> None:
    if state == "PendingDeletion":
        when = f" on {deletion:%Y-%m-%d}" if deletion else ""
        raise RefusedError(
            f"The key {key} of the buckets is to be deleted{when}; then nobody can read them. To keep it: "
            f"aws kms cancel-key-deletion --key-id {key} && aws kms enable-key --key-id {key}"
        )
    if state != "Enabled":
        raise RefusedError(f"The key {key} of the buckets is {state}. First: aws kms enable-key --key-id {key}")


def tags_of(client: S3Client, bucket: str) -> dict[str, str]:
    """Return a bucket's tags."""
    try:
        return {tag["Key"]: tag["Value"] for tag in client.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    except ClientError as error:
        if code(error) in {"NoSuchTagSet", "NoSuchTagSetError"}:
            return {}
        raise
