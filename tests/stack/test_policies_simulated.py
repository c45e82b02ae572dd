"""What no emulator checks: each actor's policy over its reviewed calls, and each action of a policy for its need."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.stack_templates import ACCOUNT, REGION
from tests.stack.calls import POLICIES, Call, forbidden, needed
from tests.stack.simulate import INSTALLED, allowed, key_policy, policy_of, served

Json = dict[str, Any]

_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/dev-spotify_api_extract"
_ACCOUNT = {"aws:SourceAccount": ACCOUNT}
SERVICES = {
    "LogGroupsOfThisStack": ("logs.REGION.amazonaws.com", {"kms:EncryptionContext:aws:logs:arn": _LOGS}),
    "AlarmsIntoTheTopic": ("cloudwatch.amazonaws.com", _ACCOUNT),
    "RulesIntoTopicAndQueue": ("events.amazonaws.com", {}),
    "SchedulesIntoTheirQueues": ("scheduler.amazonaws.com", _ACCOUNT),
    "TopicAndQueuesOfThisAccount": ("sns.amazonaws.com", _ACCOUNT),
}
"""Who uses the key by itself, and what it tells then."""


@pytest.fixture(autouse=True, scope="module")
def simulator() -> None:
    if not INSTALLED.exists():
        pytest.fail(f"{INSTALLED} is not there: make test-stack installs it")


def test_each_actor_may_do_its_work() -> None:
    calls = needed()
    answers = allowed([(call, policy_of(call.actor)) for call in calls])

    assert [str(call) for call, is_allowed in zip(calls, answers, strict=True) if not is_allowed] == []


def test_no_actor_may_do_more() -> None:
    calls = forbidden()
    answers = allowed([(call, policy_of(call.actor)) for call in calls])

    assert [str(call) for call, is_allowed in zip(calls, answers, strict=True) if is_allowed] == []


@pytest.mark.parametrize("actor", POLICIES)
def test_without_any_one_action_some_work_could_not_be_done(actor: str) -> None:
    calls = [call for call in needed() if call.actor == actor]
    asked: list[tuple[Call, Json]] = []
    places: list[str] = []
    for sid, action, policy in _one_action_less(policy_of(actor)):
        for call in (one for one in calls if one.action == action):
            asked.append((call, policy))
            places.append(f"{sid}: {action}")
    answers = allowed(asked)
    missed = {place for place, is_allowed in zip(places, answers, strict=True) if not is_allowed}

    assert {f"{sid}: {action}" for sid, action, _ in _one_action_less(policy_of(actor))} - missed == set()


@pytest.mark.parametrize("sid", SERVICES)
def test_the_key_serves_each_service_by_one_statement(sid: str) -> None:
    service, context = SERVICES[sid]
    without = copy.deepcopy(key_policy())
    without["Statement"] = [one for one in without["Statement"] if one["Sid"] != sid]

    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert served(service, action, context, key_policy())
        assert not served(service, action, context, without)


def test_the_key_serves_no_other_account() -> None:
    other = {"aws:SourceAccount": "999999999999"}

    assert not served("cloudwatch.amazonaws.com", "kms:Decrypt", other, key_policy())
    assert not served("sns.amazonaws.com", "kms:Decrypt", other, key_policy())
    strange = {"kms:EncryptionContext:aws:logs:arn": _LOGS.replace("spotify", "strange")}
    assert not served("logs.REGION.amazonaws.com", "kms:Decrypt", strange, key_policy())


def test_without_the_account_s_statement_no_role_could_use_the_key() -> None:
    without = copy.deepcopy(key_policy())
    without["Statement"] = [one for one in without["Statement"] if one["Sid"] != "AccountDecidesByIam"]
    calls = [call for call in needed() if call.action.startswith("kms:")]

    assert not any(allowed([(call, policy_of(call.actor)) for call in calls], key=without))


def _one_action_less(policy: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield the policy without each of its actions: statement, action, what is left."""
    for number, statement in enumerate(policy["Statement"]):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            left = copy.deepcopy(policy)
            left["Statement"][number]["Action"] = [one for one in actions if one != action] or ["none:None"]
            yield statement["Sid"], action, left
