"""Clients of AWS whose answers a test gives, one after the other; an unexpected question fails the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import boto3
from botocore.stub import Stubber

from spotify_etl.stack.aws import Aws

REGION, ACCOUNT = "eu-central-1", "123456789012"


def stubbed(service: str) -> tuple[Any, Stubber]:
    """Return a client and what answers for it."""
    client = boto3.client(  # type: ignore[call-overload]
        service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    stubber = Stubber(client)
    stubber.activate()
    return client, stubber


@dataclass
class Session:
    """A session whose clients are stubbed."""

    clients: dict[str, Any] = field(default_factory=dict)
    stubbers: dict[str, Stubber] = field(default_factory=dict)

    def client(self, service: str, **_: Any) -> Any:
        return self.clients[service]

    def stub(self, service: str) -> Stubber:
        """Stub a service and return what answers for it."""
        self.clients[service], self.stubbers[service] = stubbed(service)
        return self.stubbers[service]

    @property
    def aws(self) -> Aws:
        return Aws(cast("boto3.Session", self), ACCOUNT, REGION, "aws")

    def check(self) -> None:
        """Make sure that everything that was to be asked was asked."""
        for stubber in self.stubbers.values():
            stubber.assert_no_pending_responses()


class Sleeps:
    """Takes the place of `time.sleep`: takes no time, and counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _: float) -> None:
        self.count += 1


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def detail(self, text: str) -> None:
        pass
