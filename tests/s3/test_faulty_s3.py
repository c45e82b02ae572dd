"""The proxy itself: what it counts, what its faults look like to a client, and that a change can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.s3.faulty_s3 import Effect, FaultyS3, S3Request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def through(proxy: FaultyS3) -> S3Client:
    """A client that goes through the proxy and tries nothing twice."""
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, read_timeout=10)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=proxy.url, config=config, **keys)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class Bucket:
    """A bucket, and two clients: one through the proxy, one past it."""

    name: str
    client: S3Client
    past: S3Client

    def put(self, key: str) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=b"x")

    def head(self, key: str) -> None:
        self.client.head_object(Bucket=self.name, Key=key)

    def keys(self) -> list[str]:
        return [one["Key"] for one in self.past.list_objects_v2(Bucket=self.name).get("Contents", [])]


@pytest.fixture
def bucket(s3: S3Client, proxy: FaultyS3) -> Bucket:
    name = f"bucket-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return Bucket(name, through(proxy), s3)


def of_kind(kind: str) -> Callable[[S3Request], bool]:
    return lambda request: request.kind == kind


def test_requests_are_counted_by_what_they_do(bucket: Bucket, proxy: FaultyS3) -> None:
    client, name = bucket.client, bucket.name
    for key in ("a b/1.json", "a b/2.json", "a b/3.json"):
        bucket.put(key)
    client.copy_object(Bucket=name, Key="copy", CopySource={"Bucket": name, "Key": "a b/1.json"})
    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket=name, PaginationConfig={"PageSize": 2}))
    bucket.head("copy")
    body = client.get_object(Bucket=name, Key="a b/1.json", Range="bytes=0-0")["Body"].read()
    client.delete_object(Bucket=name, Key="copy")
    client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a b/1.json"}, {"Key": "a b/2.json"}]})

    assert body == b"x"
    assert [len(page["Contents"]) for page in pages] == [2, 2]
    assert bucket.keys() == ["a b/3.json"]
    counted = {"put": 3, "copy": 1, "list": 1, "next page": 1, "head": 1, "get": 1, "delete": 1, "bulk delete": 1}
    assert proxy.seen.requests == counted
    assert proxy.seen.changes == 6
    assert proxy.seen.at_once == dict.fromkeys(counted, 1)


def test_an_upload_in_parts_is_counted_and_done(bucket: Bucket, proxy: FaultyS3) -> None:
    common: Any = {"Bucket": bucket.name, "Key": "big"}
    common["UploadId"] = bucket.client.create_multipart_upload(**common)["UploadId"]
    content = b"x" * (5 * 1024 * 1024)
    part: Any = {"ETag": bucket.client.upload_part(PartNumber=1, Body=content, **common)["ETag"], "PartNumber": 1}
    bucket.client.complete_multipart_upload(MultipartUpload={"Parts": [part]}, **common)

    assert proxy.seen.requests == {"begin upload": 1, "put part": 1, "complete upload": 1}
    assert bucket.past.get_object(Bucket=bucket.name, Key="big")["Body"].read() == content


@pytest.mark.parametrize(
    ("effect", "status", "code"),
    [(Effect.INTERNAL_ERROR, 500, "InternalError"), (Effect.SLOW_DOWN, 503, "SlowDown")],
)
def test_an_error_is_s3s_own_and_nothing_is_done(
    bucket: Bucket, proxy: FaultyS3, effect: Effect, status: int, code: str
) -> None:
    with proxy.fault(effect, of_kind("put")) as fault, pytest.raises(ClientError) as raised:
        bucket.put("a")

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert raised.value.response["Error"]["Code"] == code
    assert fault.hits == 1
    assert bucket.keys() == []


@pytest.mark.parametrize(("effect", "is_done"), [(Effect.RESET, False), (Effect.RESET_WHEN_DONE, True)])
def test_a_reset_connection_leaves_open_whether_it_was_done(
    bucket: Bucket, proxy: FaultyS3, effect: Effect, is_done: bool
) -> None:
    with proxy.fault(effect, of_kind("put")), pytest.raises((ConnectionClosedError, ConnectionError, ClientError)):
        bucket.put("a")

    assert bucket.keys() == (["a"] if is_done else [])


def test_a_fault_skips_hits_and_is_over(bucket: Bucket, proxy: FaultyS3) -> None:
    bucket.put("a")
    went_well = []
    with proxy.fault(Effect.SLOW_DOWN, of_kind("head"), times=2, skip=1):
        for _ in range(4):
            try:
                bucket.head("a")
                went_well.append(True)
            except ClientError:
                went_well.append(False)

    assert went_well == [True, False, False, True]


def test_a_change_can_be_stopped_by_its_number(bucket: Bucket, proxy: FaultyS3) -> None:
    asked = []

    def only_the_first(number: int, request: S3Request) -> bool:
        asked.append((number, request.kind, request.bucket, request.key))
        return number < 2

    proxy.before_change = only_the_first
    bucket.put("a")
    bucket.head("a")
    with pytest.raises((ConnectionClosedError, ConnectionError)):
        bucket.client.delete_object(Bucket=bucket.name, Key="a")

    assert asked == [(1, "put", bucket.name, "a"), (2, "delete", bucket.name, "a")]
    assert bucket.keys() == ["a"]


def test_requests_wait_for_the_latency_side_by_side(bucket: Bucket, proxy: FaultyS3) -> None:
    together = threading.Barrier(4, timeout=10)

    def meet(_number: int, _request: S3Request) -> bool:
        together.wait()
        return True

    proxy.before_change = meet
    proxy.latency = 0.05
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: bucket.put(str(number)), range(4)))

    assert proxy.seen.requests["put"] == 4
    assert 1 < proxy.seen.at_once["put"] <= 4
