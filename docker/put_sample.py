"""Put the bundled sample into an emulated S3: its earlier weeks as raw files, its present through the real extract.

The present week is read over HTTP from the stand-in of the Web API, which listens on this machine while it lasts. A
sample that lies there already, loaded or not, is left as it is.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lambda_extract.errors import ExtractError
from lambda_extract.handler import handle
from lambda_extract.raw_zone import marker_name
from lambda_extract.runs import Run
from lambda_extract.spotify import SpotifyClient
from lambda_extract.storage import S3Store
from spotify_etl import sample
from spotify_etl.standin import StandIn

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RAW, TRANSFORMED = "raw", "transformed"


def main() -> int:
    """Make the buckets, put the sample into the first, and return the exit code."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        sys.stderr.write("put_sample: AWS_ENDPOINT_URL is not set, and this is not for Amazon's own S3.\n")
        return 2
    client = boto3.client("s3")
    try:
        make_buckets(client)
        put = put_sample(S3Store(RAW, client))
    except (BotoCoreError, ClientError, ExtractError) as error:
        sys.stderr.write(f"put_sample: the sample could not be put into {endpoint}: {error}\n")
        return 1
    sys.stdout.write(f"Put {put} raw objects into s3://{RAW}\n" if put else f"The sample lies in s3://{RAW} already\n")
    return 0


def make_buckets(client: S3Client) -> None:
    """Make those of the two buckets that are not there."""
    there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    for name in (RAW, TRANSFORMED):
        if name not in there:
            client.create_bucket(Bucket=name)


def put_sample(store: S3Store) -> int:
    """Put what is missing and return the number of objects. The marker of the present run comes last, for all."""
    marker = marker_name(Run.of(sample.EVENT, sample.now()))
    before = store.keys("raw_data/")
    if any(key.endswith(marker) for key in before):
        return 0
    for key, content in sample.snapshots():
        store.put(key, content)
    with (
        StandIn(sample.world()) as standin,
        SpotifyClient(standin.credentials, api_url=standin.api_url, token_url=standin.token_url) as spotify,
    ):
        handle(sample.EVENT, None, config=sample.config(), store=store, spotify=spotify, clock=sample.now)
    return len(store.keys("raw_data/") - before)


if __name__ == "__main__":
    sys.exit(main())
