"""What a deployment brings to S3: templates, code and definitions, each under a key that its content decides.

A template names what it needs by these keys, so its own key tells whether anything below it is different.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from spotify_etl.errors import RefusedError
from spotify_etl.stack.aws_errors import code
from spotify_etl.stack.build import JOB_PACKAGE, MAIN_TEMPLATE
from spotify_etl.stack.templates import NESTED, LocalFile, Place, rewritten

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "spotify-etl/"
_HASH_LETTERS = 32
_NOT_THERE = {"404", "NoSuchKey", "NotFound"}
_NO_BUCKET = {"404", "NoSuchBucket", "NotFound"}


@dataclass(frozen=True)
class Artifact:
    """A file's name and bytes."""

    name: str
    content: bytes

    @property
    def key(self) -> str:
        """Where it lies in any artifacts bucket."""
        return f"{_PREFIX}{hashlib.sha256(self.content).hexdigest()[:_HASH_LETTERS]}/{self.name}"


@dataclass(frozen=True)
class Package:
    """Everything that one deployment needs in a bucket: the main template, and what it and the job name."""

    main: Artifact
    template_url: str
    job_package: str
    artifacts: tuple[Artifact, ...]


def pack(folder: Path, bucket: str, region: str) -> Package:
    """Return what lies in an assembled folder, its templates rewritten for a bucket. Nothing is sent."""
    found: dict[str, Artifact] = {}

    def take(name: str) -> Artifact:
        path = (folder / name).resolve()
        content = path.read_bytes()
        if path.suffix in {".yaml", ".yml"}:
            content = rewritten(content.decode("utf-8"), place).encode("utf-8")
        artifact = Artifact(path.name, content)
        found[artifact.key] = artifact
        return artifact

    def place(file: LocalFile) -> Place:
        path = folder / file.name
        if not path.is_file():
            what = "template" if file.kind == NESTED else "file"
            raise RefusedError(f"The {what} {file.name} that a template names is not in {folder}.")
        return Place(bucket, take(file.name).key, region)

    main = take(MAIN_TEMPLATE)
    job_package = Place(bucket, take(JOB_PACKAGE).key, region).uri
    return Package(main, Place(bucket, main.key, region).url, job_package, tuple(found.values()))


def check_bucket(client: S3Client, bucket: str, *, owner: str, region: str) -> None:
    """Make sure that a bucket is there, of this account and in this region: CloudFormation and Lambda read it.

    Raises
    ------
    RefusedError
        If not.
    """
    try:
        # Its answer names the region, also where it is another one.
        there = client.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner).get("BucketRegion")
    except ClientError as error:
        if code(error) in _NO_BUCKET:
            raise RefusedError(f"There is no bucket {bucket}. Name one that is there: --artifacts-bucket") from None
        if code(error) in {"403", "AccessDenied"}:
            raise RefusedError(
                f"The bucket {bucket} is not of the account {owner}, or you may not see it. "
                "Name another: --artifacts-bucket"
            ) from None
        raise
    if there and there != region:
        raise RefusedError(f"The bucket {bucket} is in {there}, the stack is to be in {region}. Name one there.")


def upload(
    client: S3Client, bucket: str, artifacts: Iterable[Artifact], *, owner: str, on_upload: Callable[[str], None]
) -> int:
    """Send what is not there yet, and return how many bytes that were. The bucket's owner is checked each time."""
    sent = 0
    for artifact in artifacts:
        if _is_there(client, bucket, artifact.key, owner):
            continue
        on_upload(artifact.name)
        client.put_object(
            Bucket=bucket,
            Key=artifact.key,
            Body=artifact.content,
            ExpectedBucketOwner=owner,
            ChecksumAlgorithm="SHA256",
        )
        sent += len(artifact.content)
    return sent


def _is_there(client: S3Client, bucket: str, key: str, owner: str) -> bool:
    try:
        client.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner)
    except ClientError as error:
        if code(error) in _NOT_THERE:
            return False
        raise
    return True
