"""The account and region that the command works in."""

from __future__ import annotations

from dataclasses import dataclass

import boto3
from botocore.exceptions import NoRegionError


@dataclass(frozen=True)
class Aws:
    """Who asks AWS, and where. `session` makes the clients."""

    session: boto3.Session
    account: str
    region: str
    partition: str


def connect(profile: str | None, region: str | None) -> Aws:
    """Find out which account these credentials are of. What asks by a client of its own asks as the same.

    Raises
    ------
    BotoCoreError, ClientError
        If there are no credentials or no region, or AWS does not accept them: see `aws_errors.told`.
    """
    # Also for what makes its clients itself: the secret's place, a list of playlists on S3.
    boto3.setup_default_session(profile_name=profile, region_name=region)
    session = boto3.Session(profile_name=profile, region_name=region)
    if not session.region_name:
        raise NoRegionError
    caller = session.client("sts").get_caller_identity()
    return Aws(session, caller["Account"], session.region_name, caller["Arn"].split(":")[1])
