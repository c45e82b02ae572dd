"""The built state machine in an emulator: started with an input, followed to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from spotify_etl.stack.definition import state_machine
from tests.stack.emulator import ACCOUNT, CHECKOUT, REGION, Emulator

Json = dict[str, Any]

STACK = "spotify-etl"
JOB = "spotify_load_transform"
PENDING = "raw_data/to_be_processed/extract_date=2026-08-03/run-20260803T060000Z.json"
MARKER = "raw_data/to_be_processed/extract_date=2026-08-02/"

_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.03
_numbers = count(1)


@dataclass(frozen=True)
class Ended:
    """How an execution ended: its output when it succeeded, else its error and cause."""

    status: str
    output: Json
    error: str
    cause: str
    events: list[Json]


class Pipeline:
    """A state machine with two buckets and a topic of its own.

    Parameters
    ----------
    settings
        DefinitionSubstitutions that differ from the stack's defaults
    """

    def __init__(self, emulator: Emulator, **settings: str) -> None:
        number = next(_numbers)
        self.s3, self._sfn = emulator.client("s3"), emulator.client("stepfunctions")
        self.raw, self.transformed = f"raw-{number}", f"transformed-{number}"
        for bucket in (self.raw, self.transformed):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        topic = emulator.client("sns").create_topic(Name=f"alerts-{number}")["TopicArn"]
        self.settings = {
            "Region": REGION,
            "Partition": "aws",
            "StackName": STACK,
            "AlertsTopicArn": topic,
            "RawBucketName": self.raw,
            "TransformedBucketName": self.transformed,
            "JobName": JOB,
            "JobTimeoutMinutes": "60",
            "DropWaitSeconds": "60",
            "DatabaseName": "spotify",
            "WorkGroupName": "spotify",
            "CrawlMode": "always",
            "AlbumCrawler": "album",
            "ArtistCrawler": "artist",
            "SongCrawler": "song",
        }
        self._name = f"spotify_pipeline_{number}"
        self.arn = self._sfn.create_state_machine(
            name=self._name, definition=self.definition(**settings), roleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline"
        )["stateMachineArn"]

    def definition(self, **settings: str) -> str:
        """Return the definition as CloudFormation fills it."""
        return filled({**self.settings, **settings})

    def set(self, **settings: str) -> None:
        """Change parameters, as another deployment does."""
        self._sfn.update_state_machine(stateMachineArn=self.arn, definition=self.definition(**settings))

    def put(self, *keys: str) -> None:
        """Put objects into the raw bucket."""
        for key in keys:
            self.s3.put_object(Bucket=self.raw, Key=key, Body=b"{}")

    def put_transformed(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=self.transformed, Key=key, Body=b"{}")

    def remove(self, *keys: str) -> None:
        for key in keys:
            self.s3.delete_object(Bucket=self.raw, Key=key)

    def start(self, reason: str, **more: Any) -> str:
        """Start an execution and return its ARN."""
        given = json.dumps({"reason": reason, **more})
        arn: str = self._sfn.start_execution(stateMachineArn=self.arn, input=given)["executionArn"]
        return arn

    def is_running(self, arn: str) -> bool:
        return bool(self._sfn.describe_execution(executionArn=arn)["status"] == "RUNNING")

    def end(self, arn: str) -> Ended:
        """Wait for an execution's end."""
        wait_until(lambda: not self.is_running(arn))
        told = self._sfn.describe_execution(executionArn=arn)
        events = self._sfn.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        output = json.loads(told["output"]) if told["status"] == "SUCCEEDED" else {}
        return Ended(told["status"], output, told.get("error", ""), told.get("cause", ""), events)

    def run(self, reason: str, **more: Any) -> Ended:
        """Start an execution and wait for its end."""
        return self.end(self.start(reason, **more))

    def delete(self) -> None:
        self._sfn.delete_state_machine(stateMachineArn=self.arn)


def filled(settings: Mapping[str, str]) -> str:
    """Return the built definition with these DefinitionSubstitutions."""
    definition = state_machine((CHECKOUT / "infra" / "state_machine.asl.json").read_text(encoding="utf-8"))
    for name, value in settings.items():
        definition = definition.replace(f"${{{name}}}", value)
    return definition


def wait_until(is_so: Callable[[], bool]) -> None:
    """Ask until it is so; it must become so within a minute."""
    deadline = time.monotonic() + _WITHIN_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(_POLL_SECONDS)
