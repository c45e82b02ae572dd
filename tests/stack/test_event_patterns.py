"""The rules' patterns asked of an emulated EventBridge, and what a rule makes of an event on its way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.event_payloads import PAYLOADS, RULES, payload, rule
from tests.stack.emulator import ACCOUNT, REGION, Emulator
from tests.stack.state_machines import wait_until

KEY = 'raw_data/to_be_processed/backfill/my "first" list.json'


@pytest.mark.parametrize(("template", "name"), RULES)
def test_a_rule_matches_these_and_no_others(emulator: Emulator, template: str, name: str) -> None:
    events = emulator.client("events")
    pattern = json.dumps(rule(template, name)["EventPattern"])
    matching = {
        one
        for one in PAYLOADS
        if events.test_event_pattern(EventPattern=pattern, Event=json.dumps(payload(one)))["Result"]
    }
    assert matching == RULES[(template, name)]


@pytest.fixture
def queue(emulator: Emulator) -> Iterator[tuple[str, Any]]:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName="started")["QueueUrl"]
    yield url, sqs
    sqs.delete_queue(QueueUrl=url)


def test_an_object_in_the_bucket_becomes_the_state_machines_input(emulator: Emulator, queue: tuple[str, Any]) -> None:
    made = rule("orchestrate", "RawObjectRule")
    (bucket,) = made["EventPattern"]["detail"]["bucket"]["name"]
    s3, events, (url, sqs) = emulator.client("s3"), emulator.client("events"), queue
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    events.put_rule(Name=made["Name"], EventPattern=json.dumps(made["EventPattern"]))
    (target,) = made["Targets"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:started"
    events.put_targets(
        Rule=made["Name"], Targets=[{"Id": "queue", "Arn": arn, "InputTransformer": target["InputTransformer"]}]
    )
    for key in ("raw_data/to_be_processed/extract_date=2026-08-03/p-1.jsonl", "raw_data/processed/a.json", KEY):
        s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    received: list[dict[str, str]] = []

    def has_arrived() -> bool:
        received.extend(sqs.receive_message(QueueUrl=url).get("Messages", []))
        return bool(received)

    wait_until(has_arrived)
    assert [json.loads(one["Body"]) for one in received] == [{"reason": "object", "key": KEY}]
