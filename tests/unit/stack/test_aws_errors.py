from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)

from spotify_etl.errors import FAILED, REFUSED
from spotify_etl.stack.aws_errors import told


def refused(code: str, message: str, operation: str = "CreateChangeSet") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def test_no_permission_names_the_action_and_the_resource() -> None:
    message = (
        "User: arn:aws:iam::1:user/u is not authorized to perform: cloudformation:CreateChangeSet on resource: "
        "arn:aws:cloudformation:eu-central-1:1:stack/spotify-etl/* because no identity-based policy allows it"
    )
    line = told(refused("AccessDenied", message))
    assert "do cloudformation:CreateChangeSet on arn:aws:cloudformation:eu-central-1:1:stack/spotify-etl/*." in str(
        line
    )
    assert "docs/deployer-policy.json" in str(line)
    assert line.exit_code == FAILED
    assert "does not let you do HeadBucket." in str(told(refused("403", "Forbidden", "HeadBucket")))


@pytest.mark.parametrize(
    ("code", "says", "exit_code"),
    [
        ("ExpiredToken", "have expired", REFUSED),
        ("InvalidClientTokenId", "does not accept these credentials", REFUSED),
        ("Throttling", "asked too often (CreateChangeSet: Throttling). Try again in a minute.", FAILED),
        ("LimitExceeded", "answers LimitExceeded to CreateChangeSet: Too many.", FAILED),
    ],
)
def test_what_aws_answers(code: str, says: str, exit_code: int) -> None:
    line = told(refused(code, "Too many.\nand a stack trace"))
    assert says in str(line)
    assert "\n" not in str(line)
    assert line.exit_code == exit_code


def test_aws_that_is_not_asked() -> None:
    assert "--profile, or AWS_PROFILE" in str(told(NoCredentialsError()))
    assert "--region, or AWS_DEFAULT_REGION" in str(told(NoRegionError()))
    assert "(nope) could not be found. `aws configure list-profiles`" in str(told(ProfileNotFound(profile="nope")))
    assert "aws sso login" in str(told(UnauthorizedSSOTokenError()))
    assert "cannot be reached" in str(told(EndpointConnectionError(endpoint_url="https://x")))
