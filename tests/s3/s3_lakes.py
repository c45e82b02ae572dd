"""A lake in two buckets behind the faulty proxy, with the faces of `tests.builders.Lake`, and the server with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import boto3
from botocore.config import Config

from load_transform.contract import TO_BE_PROCESSED
from tests.builders import DATE, Dropped, Json, Lake, Row, Ticks, put
from tests.s3.faulty_s3 import FaultyS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

KEY, SECRET, REGION = "test", "test", "us-east-1"

S3A_SETTINGS = {
    # As on Glue, the job is given s3:// addresses.
    "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    "fs.s3a.access.key": KEY,
    "fs.s3a.secret.key": SECRET,
    "fs.s3a.endpoint.region": REGION,
    "fs.s3a.path.style.access": "true",
    "fs.s3a.connection.ssl.enabled": "false",
    # What is written waits in memory: on disk S3A wants Hadoop's checksumming file system, which the tests replace.
    "fs.s3a.fast.upload.buffer": "array",
    # Few retries and short pauses, so that a fault that stays is a failure soon. The AWS SDK's own come on top.
    "fs.s3a.attempts.maximum": "2",
    "fs.s3a.retry.limit": "3",
    "fs.s3a.retry.interval": "20ms",
    "fs.s3a.retry.throttle.limit": "3",
    "fs.s3a.retry.throttle.interval": "20ms",
    # A listing of a few objects has several pages.
    "fs.s3a.paging.maximum": "3",
    # The smallest parts that S3 takes: an object of 6 MB is copied in two.
    "fs.s3a.multipart.size": "5M",
    "fs.s3a.multipart.threshold": "5M",
}


class MotoServer:
    """moto's S3 in a process of its own. A context manager; `port` is where it listens on 127.0.0.1."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("moto_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = self._process.stdout.readline() if self._process.stdout else ""
        if not said.strip():
            raise RuntimeError(
                f"moto's server did not start. Run {sys.executable} tests/s3/moto_process.py to see why."
            )
        self.port = int(said)
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait()

    def client(self) -> S3Client:
        """Return a client that talks to the server itself, past the proxy's faults and counts."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}),
        )


class S3Lake:
    """Two buckets, and the job that works on them through S3A and the proxy. What it reads, it reads past the proxy."""

    def __init__(
        self,
        spark: SparkSession,
        s3: S3Client,
        proxy: FaultyS3,
        scratch: Path,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        name = uuid4().hex[:12]
        self.raw_bucket, self.transformed_bucket = f"raw-{name}", f"transformed-{name}"
        self.s3, self.proxy = s3, proxy
        self.spark, self._scratch = spark, scratch
        self._mirrors = count()
        self._clock = clock or Ticks()
        for bucket in (self.raw_bucket, self.transformed_bucket):
            s3.create_bucket(Bucket=bucket)

    @property
    def uris(self) -> tuple[str, str]:
        return f"s3://{self.raw_bucket}", f"s3://{self.transformed_bucket}"

    def drop(self, *objects: Dropped) -> None:
        """Put the objects. Their modification times are S3's, whatever the builder says."""
        for one in objects:
            self.s3.put_object(Bucket=self.raw_bucket, Key=TO_BE_PROCESSED + one.name, Body=one.content)

    def load(self) -> Json:
        from load_transform import job  # noqa: PLC0415 - as in tests.builders

        return job.run(self.spark, *self.uris, clock=self._clock)

    def take(self, *objects: Dropped) -> Json:
        """Drop the objects and run the job."""
        self.drop(*objects)
        return self.load()

    def clone(self) -> S3Lake:
        """Return another lake with the same objects in it. Their modification times are new."""
        other = S3Lake(self.spark, self.s3, self.proxy, self._scratch, self._clock)
        pairs = ((self.raw_bucket, other.raw_bucket), (self.transformed_bucket, other.transformed_bucket))
        for bucket, copy in pairs:
            for key in self.modified(bucket):
                self.s3.copy_object(Bucket=copy, Key=key, CopySource={"Bucket": bucket, "Key": key})
        return other

    def touch(self, key: str) -> None:
        """Give a raw object a new modification time, until it is the latest of all: S3's times are whole seconds."""
        others = {name: at for name, at in self.modified(self.raw_bucket).items() if name != key}
        while self.modified(self.raw_bucket, key)[key] <= max(others.values()):
            self.s3.copy_object(
                Bucket=self.raw_bucket,
                Key=key,
                CopySource={"Bucket": self.raw_bucket, "Key": key},
                MetadataDirective="REPLACE",
            )

    def modified(self, bucket: str, prefix: str = "") -> dict[str, datetime]:
        """Return the modification time of each object below a prefix, by its whole key."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {one["Key"]: one["LastModified"] for page in pages for one in page.get("Contents", ())}

    def mirror(self) -> Lake:
        """Return what lies in the buckets now as a lake of folders, the objects with their modification times."""
        lake = Lake(self.spark, self._scratch / f"{self.raw_bucket}-{next(self._mirrors)}", self._clock)
        for bucket, folder in ((self.raw_bucket, lake.raw), (self.transformed_bucket, lake.transformed)):
            for key, modified in self.modified(bucket).items():
                # S3A marks empty folders with an object whose key ends in a slash.
                if not key.endswith("/"):
                    put(folder / key, self.s3.get_object(Bucket=bucket, Key=key)["Body"].read(), modified)
        return lake

    def pending(self) -> dict[str, bytes]:
        return self.mirror().pending()

    def processed(self) -> dict[str, bytes]:
        return self.mirror().processed()

    def quarantined(self) -> dict[str, bytes]:
        return self.mirror().quarantined()

    def reasons(self) -> dict[str, Json]:
        return self.mirror().reasons()

    def reason_codes(self) -> dict[str, str]:
        return self.mirror().reason_codes()

    def everything_raw(self) -> list[bytes]:
        return self.mirror().everything_raw()

    def table(self, dataset: str, *, load_id: bool = False) -> list[Row]:
        return self.mirror().table(dataset, load_id=load_id)

    def tables(self) -> dict[str, list[Row]]:
        return self.mirror().tables()

    def reports(self, date: str = DATE) -> list[Json]:
        return self.mirror().reports(date)
