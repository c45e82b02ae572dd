from __future__ import annotations

import pytest

from spotify_etl.errors import RefusedError
from spotify_etl.stack.links import Links
from spotify_etl.stack.states import Road, road


@pytest.mark.parametrize(
    ("status", "way"),
    [
        (None, Road.CREATE),
        ("REVIEW_IN_PROGRESS", Road.CREATE),
        ("CREATE_COMPLETE", Road.UPDATE),
        ("UPDATE_COMPLETE", Road.UPDATE),
        ("UPDATE_ROLLBACK_COMPLETE", Road.UPDATE),
        ("ROLLBACK_COMPLETE", Road.ANEW),
        ("CREATE_FAILED", Road.ANEW),
    ],
)
def test_a_state_that_can_be_deployed_to(status: str | None, way: Road) -> None:
    assert road("s", status) is way


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name s"),
        ("DELETE_FAILED", "spotify-etl destroy --stack-name s"),
        ("UPDATE_IN_PROGRESS", "another operation is at work"),
        ("DELETE_IN_PROGRESS", "another operation is at work"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "another operation is at work"),
    ],
)
def test_a_state_that_cannot_names_the_remedy(status: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says) as refused:
        road("s", status)
    assert status in str(refused.value)


def test_links_know_the_partition() -> None:
    assert Links("aws", "eu-central-1").athena("dev-spotify") == (
        "https://eu-central-1.console.aws.amazon.com/athena/home?region=eu-central-1"
        "#/query-editor/query?workgroup=dev-spotify"
    )
    assert Links("aws-cn", "cn-north-1").job("j").startswith("https://cn-north-1.console.amazonaws.cn/gluestudio/")
    assert "amazonaws-us-gov.com" in Links("aws-us-gov", "us-gov-west-1").stack("arn:x")
    assert Links("aws", "eu-central-1").execution("arn:a:b").endswith("/details/arn%3Aa%3Ab")
