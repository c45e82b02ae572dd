"""The rules' patterns against events as AWS sends them, by a small matcher; tests/stack asks an emulator."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lambda_extract.raw_zone import PROCESSED, TO_BE_PROCESSED
from tests.infra.event_payloads import PAYLOADS, RULES, payload, rule
from tests.infra.stack_templates import resources


def matches(pattern: Any, event: Any) -> bool:
    """Tell whether a pattern of the kinds that our rules use matches: alternatives, and wildcards."""
    if isinstance(pattern, dict):
        return isinstance(event, dict) and all(
            key in event and matches(one, event[key]) for key, one in pattern.items()
        )
    return any(_is(alternative, event) for alternative in pattern)


def _is(alternative: Any, value: Any) -> bool:
    if isinstance(alternative, dict):
        ((kind, text),) = alternative.items()
        assert kind == "wildcard"
        return bool(re.fullmatch(".*".join(map(re.escape, text.split("*"))), value, re.DOTALL))
    return bool(alternative == value)


@pytest.mark.parametrize(("template", "name"), RULES)
def test_a_rule_matches_these_and_no_others(template: str, name: str) -> None:
    pattern = rule(template, name)["EventPattern"]
    assert {one for one in PAYLOADS if matches(pattern, payload(one))} == RULES[(template, name)]


def test_every_rule_is_tested() -> None:
    written = {(name, key) for name in ("orchestrate", "monitoring") for key in resources(name, "AWS::Events::Rule")}
    assert written == RULES.keys()


def test_the_pattern_names_the_prefix_that_the_extract_writes() -> None:
    (wildcard,) = rule("orchestrate", "RawObjectRule")["EventPattern"]["detail"]["object"]["key"]
    assert wildcard == {"wildcard": f"{TO_BE_PROCESSED}*.json"}
    assert not matches([wildcard], f"{PROCESSED}a.json")


def test_what_starts_the_state_machine_says_why() -> None:
    transformer = rule("orchestrate", "RawObjectRule")["Targets"][0]["InputTransformer"]
    filled = transformer["InputTemplate"].replace("<key>", json.dumps('a "quoted" key.json'))
    assert json.loads(filled) == {"reason": "object", "key": 'a "quoted" key.json'}
    assert transformer["InputPathsMap"] == {"key": "$.detail.object.key"}
    assert json.loads(rule("orchestrate", "StackChangedRule")["Targets"][0]["Input"]) == {"reason": "stack"}


@pytest.mark.parametrize("name", ["JobFailedRule", "CrawlerFailedRule"])
def test_what_is_told_of_a_failure_is_one_text_with_a_command(name: str) -> None:
    transformer = rule("monitoring", name)["Targets"][0]["InputTransformer"]
    told = json.loads(transformer["InputTemplate"])
    assert "spotify-etl start --stack " in told
    assert set(re.findall(r"<([a-z]+)>", told)) == transformer["InputPathsMap"].keys()
    for path in transformer["InputPathsMap"].values():
        event: Any = payload("glue_job_failed" if name == "JobFailedRule" else "glue_crawler_failed")
        for part in path.removeprefix("$.").split("."):
            event = event[part]


@pytest.mark.parametrize(("template", "name"), RULES)
def test_what_a_rule_cannot_deliver_is_kept(template: str, name: str) -> None:
    made = rule(template, name)
    (target,) = made["Targets"]
    assert target["DeadLetterConfig"]["Arn"]
    policy = rule("orchestrate", "FailedQueuePolicy")["PolicyDocument"]
    (allowed,) = (one for one in policy["Statement"] if one["Effect"] == "Allow")
    sources = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert any(one == f"<{name}.Arn>" or one.endswith(f":rule/{made['Name']}") for one in sources)
