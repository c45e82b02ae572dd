from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.stack.remains import Bucket, Remains, find, prefix_by_tag, remove
from tests.unit.stack.stubs import ACCOUNT, REGION, Session

RAW = f"dev-spotify-raw-{ACCOUNT}-{REGION}"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client: Any = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket=RAW, CreateBucketConfiguration={"LocationConstraint": REGION})
        client.put_bucket_versioning(Bucket=RAW, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def session(s3: Any) -> Session:
    session = Session({"s3": s3})
    session.stub("secretsmanager")
    session.stub("logs")
    return session


def fill(s3: Any) -> None:
    """Three versions of one object, a deleted one, and half an upload."""
    for body in (b"1", b"22", b"333"):
        s3.put_object(Bucket=RAW, Key="a", Body=body)
    s3.put_object(Bucket=RAW, Key="b", Body=b"4444")
    s3.delete_object(Bucket=RAW, Key="b")
    s3.create_multipart_upload(Bucket=RAW, Key="c")


def test_objects_count_as_they_are_seen_and_bytes_as_they_are_billed(s3: Any, session: Session) -> None:
    fill(s3)
    session.stubbers["secretsmanager"].add_client_error("describe_secret", "ResourceNotFoundException")
    left = find(session.aws, "dev-")
    assert left.buckets == (Bucket(RAW, 1, 1 + 2 + 3 + 4),)
    assert left.secret is None
    assert left.gigabytes == pytest.approx(1e-8)


def test_everything_is_removed_in_every_version(s3: Any, session: Session) -> None:
    fill(s3)
    session.stubbers["secretsmanager"].add_response(
        "delete_secret", {}, {"SecretId": "dev-spotify/credentials", "ForceDeleteWithoutRecovery": True}
    )
    logs = session.stubbers["logs"]
    group = "/aws/lambda/dev-spotify_api_extract"
    logs.add_response("describe_log_groups", {"logGroups": [{"logGroupName": group}]}, {"logGroupNamePrefix": group})
    for _ in range(3):
        logs.add_response("describe_log_groups", {"logGroups": []})
    logs.add_response("delete_log_group", {}, {"logGroupName": group})
    told: list[str] = []
    remains = Remains((Bucket(RAW, 1, 10),), None, "dev-spotify/credentials")
    assert remove(session.aws, remains, "dev-", tell=told.append) is None
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=RAW)
    assert told[0] == f"empty and delete the bucket {RAW}: 1 objects"
    session.check()


def test_what_cannot_be_deleted_is_told(s3: Any, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(s3)
    denied = {"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "no"}]}
    monkeypatch.setattr(s3, "delete_objects", lambda **_: denied)
    with pytest.raises(CommandError, match=f"a in the bucket {RAW} cannot be deleted \\(AccessDenied\\): no"):
        remove(session.aws, Remains((Bucket(RAW, 1, 10),), None, None), "dev-", tell=lambda _: None)


def test_the_prefix_of_a_stack_that_is_gone_is_known_by_its_tag(s3: Any) -> None:
    with pytest.raises(RefusedError, match="neither a stack s in eu-central-1 nor a bucket"):
        prefix_by_tag(s3, "s", account=ACCOUNT, region=REGION)
    s3.put_bucket_tagging(Bucket=RAW, Tagging={"TagSet": [{"Key": "stack", "Value": "s"}]})
    assert prefix_by_tag(s3, "s", account=ACCOUNT, region=REGION) == "dev-"
