"""The deployed stack that the chain's tests share: on an emulated AWS that enforces IAM, after its first run.

Everything is what the templates say. Detours, since loopback has no TLS: the buckets' TLS-only policies and their
default key are taken away (S3A sends no key's name over plain HTTP), and the function is pointed to the stand-in of the
Web API.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spotify_etl import sample
from spotify_etl.java import java_home
from spotify_etl.standin import StandIn
from tests.stack.commands import Command
from tests.stack.emulator import Emulator

PROGRAM = Path(__file__).with_name("emulated_aws.py")
STACK, PREFIX = "chain", "chain-"
RULE = f"{PREFIX}spotify_raw_object"
WEEKS = ("2026-11-09", "2026-11-16")


@dataclass(frozen=True)
class Chain:
    """The deployed stack, after its first run."""

    aws: Emulator
    command: Command
    outputs: dict[str, str]
    landed: list[str]
    said: str

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Names of a bucket's objects; the empty ones that S3A leaves as folders are none."""
        pages = self.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", []) if not one["Key"].endswith("/")]

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Ask as a user does."""
        answer = self.command.well("query", "--stack", STACK, "--format", "json", "--", sql)
        rows: list[dict[str, Any]] = json.loads(answer)
        return rows

    def runs(self) -> list[dict[str, Any]]:
        """Runs of the job, the newest last."""
        runs = self.aws.client("glue").get_job_runs(JobName=self.outputs["JobName"])["JobRuns"]
        return sorted(runs, key=lambda run: run["StartedOn"])


@contextmanager
def deployed(jars: list[Path], scratch: Path) -> Iterator[Chain]:
    """Deploy the stack, run it once, and give it."""
    environment = {
        "AUTH": "true",
        "JAVA_HOME": str(java_home()),
        "PYTHONPATH": str(_runtime(scratch / "runtime")),
        # A second of waiting takes a twentieth; the limits of the waits shrink with them, to minutes.
        "SFN_WAIT_SCALE": "0.05",
        "STACK_JARS": os.pathsep.join(map(str, jars)),
        "STACK_PYTHON": sys.executable,
    }
    with Emulator(program=PROGRAM, environment=environment) as aws, StandIn(sample.world()) as spotify:
        command = Command(aws, scratch)
        wish = ("--parameter", f"NamePrefix={PREFIX}", "--parameter", "DropWaitSeconds=0")
        command.well("deploy", "--yes", "--stack-name", STACK, *wish)
        outputs = _outputs(aws)
        _take_the_detours(aws, outputs, spotify)
        landed = _land_earlier_weeks(aws, outputs["RawBucket"])
        said = command.well("run", "--stack", STACK, "--json")
        yield Chain(aws, command, outputs, landed, said)


def _runtime(folder: Path) -> Path:
    """Return a folder with boto3, which Lambda's runtime has beside the function's package."""
    folder.mkdir()
    for package in ("boto3", "s3transfer"):
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        (folder / package).symlink_to(Path(found.origin).parent)
    return folder


def _outputs(aws: Emulator) -> dict[str, str]:
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def _take_the_detours(aws: Emulator, outputs: dict[str, str], spotify: StandIn) -> None:
    s3 = aws.client("s3")
    for bucket in ("RawBucket", "TransformedBucket", "WorkBucket"):
        s3.delete_bucket_policy(Bucket=outputs[bucket])
        s3.delete_bucket_encryption(Bucket=outputs[bucket])
    secret = json.dumps(spotify.credentials.as_json())
    aws.client("secretsmanager").put_secret_value(SecretId=outputs["SecretName"], SecretString=secret)
    function = aws.client("lambda")
    known = function.get_function_configuration(FunctionName=outputs["FunctionName"])["Environment"]["Variables"]
    addresses = {"SPOTIFY_API_URL": spotify.api_url, "SPOTIFY_TOKEN_URL": spotify.token_url}
    function.update_function_configuration(
        FunctionName=outputs["FunctionName"], Environment={"Variables": {**known, **addresses}}
    )


def _land_earlier_weeks(aws: Emulator, bucket: str) -> list[str]:
    """Put two earlier weeks without an event: as if it had been lost."""
    aws.client("events").disable_rule(Name=RULE)
    landed = []
    for key, content in sample.snapshots():
        if any(f"extract_date={week}/" in key for week in WEEKS):
            aws.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
            landed.append(key)
    aws.client("events").enable_rule(Name=RULE)
    return landed
