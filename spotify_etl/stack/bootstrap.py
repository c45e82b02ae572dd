"""The bucket that a deployment's artifacts go to: the one that was named or used before, else the bootstrap stack's."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from spotify_etl.errors import RefusedError
from spotify_etl.stack.adopt import NO_BUCKET, STACK_TAG
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.aws_errors import code
from spotify_etl.stack.events import EventLog
from spotify_etl.stack.links import Links
from spotify_etl.stack.outputs import find_stack
from spotify_etl.stack.progress import check_end, watch
from spotify_etl.stack.states import Road, road
from spotify_etl.stack.talk import Talk

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BOOTSTRAP = "spotify-etl-bootstrap"
TEMPLATE = Path(__file__).parents[2] / "infra" / "bootstrap.yaml"


def bootstrap_bucket(account: str, region: str) -> str:
    """Return the name of the bucket that the bootstrap stack makes."""
    return f"spotify-etl-artifacts-{account}-{region}"


def choose(
    aws: Aws, named: str | None, used_before: str | None, talk: Talk, *, sleep: Callable[[float], None] = time.sleep
) -> str:
    """Return the bucket to upload to; the bootstrap stack's is made where there is none and the user agrees.

    Raises
    ------
    RefusedError
        If none is named and none may be made.
    """
    if named or used_before:
        return str(named or used_before)
    bucket = bootstrap_bucket(aws.account, aws.region)
    if _is_ours(aws.session.client("s3"), bucket, aws.account):
        # Also where the stack was deleted: the bucket stays.
        return bucket
    talk.say(f"The templates and the code go through a bucket, and there is none yet. The stack {BOOTSTRAP} would")
    talk.say(f"have one, {bucket}: private, encrypted, TLS only. It costs cents a month and serves every deployment.")
    if not talk.confirm(f"Create the stack {BOOTSTRAP}?"):
        raise RefusedError("Nothing was changed. Name a bucket of yours: --artifacts-bucket NAME")
    _create(aws, talk, sleep=sleep)
    return bucket


def _create(aws: Aws, talk: Talk, *, sleep: Callable[[float], None]) -> None:
    client = aws.session.client("cloudformation")
    there = find_stack(client, BOOTSTRAP)
    if there is not None and road(BOOTSTRAP, there["StackStatus"]) is not Road.CREATE:
        raise RefusedError(
            f"The stack {BOOTSTRAP} is {there['StackStatus']} and its bucket is not there. "
            f"Delete it first: aws cloudformation delete-stack --stack-name {BOOTSTRAP}"
        )
    stack_id = client.create_stack(
        StackName=BOOTSTRAP,
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Tags=[{"Key": "application", "Value": "spotify-etl"}, {"Key": STACK_TAG, "Value": BOOTSTRAP}],
    )["StackId"]
    log = EventLog(client, stack_id, is_new=True)
    status, events = watch(client, stack_id, log, talk.console, sleep=sleep)
    check_end(status, events, stack=BOOTSTRAP, link=Links(aws.partition, aws.region).stack(stack_id))


def _is_ours(client: S3Client, bucket: str, account: str) -> bool:
    try:
        client.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if code(error) in NO_BUCKET:
            return False
        if code(error) in {"403", "AccessDenied"}:
            raise RefusedError(
                f"The bucket {bucket} is another account's, or you may not see it. Name one: --artifacts-bucket NAME"
            ) from None
        raise
    return True
