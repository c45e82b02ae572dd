"""What an interpreter does not see of the state machine: what AWS would refuse, what must agree with other files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

import athena
from load_transform.contract import DATASETS
from spotify_etl.stack.definition import REQUEST_SECONDS, state_machine, statement, transient
from tests.infra.stack_templates import INFRA, properties

Json = dict[str, Any]

WRITTEN = (INFRA / "state_machine.asl.json").read_text(encoding="utf-8")
BUILT = state_machine(WRITTEN)
DEFINITION: Json = json.loads(BUILT)

# Functions of JSONata and of Step Functions: a variable of such a name would hide one.
_NAMES = """
abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl
decodeUrlComponent distinct each encodeUrl encodeUrlComponent error eval exists filter floor formatBase
formatInteger formatNumber fromMillis hash join keys length lookup lowercase map match max merge millis min
not now number pad parse parseInteger partition power random range reduce replace reverse round shuffle sift
single sort split spread sqrt string substring substringAfter substringBefore sum toMillis trim type uppercase
uuid zip states
"""
FUNCTIONS = set(_NAMES.split())
BYTES_OF_A_DEFINITION = 1024 * 1024
LETTERS_OF_A_STATEMENT = 262_144


def scopes(machine: Json, outer: frozenset[str] = frozenset()) -> Iterator[tuple[Json, frozenset[str], set[str]]]:
    """Yield each machine with the variables of those around it, and its own."""
    own = {name for state in machine["States"].values() for name in assigned(state)}
    yield machine, outer, own
    for state in machine["States"].values():
        for inner in [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from scopes(inner, outer | own)


def assigned(state: Json) -> set[str]:
    places = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {name for place in places for name in place.get("Assign", {})}


MACHINES = list(scopes(DEFINITION))
STATES: list[tuple[str, Json]] = [pair for machine, _, _ in MACHINES for pair in machine["States"].items()]
TASKS = [(name, state) for name, state in STATES if state["Type"] == "Task"]


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def test_names_of_states_are_unique_and_short() -> None:
    names = [name for name, _ in STATES]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 80


@pytest.mark.parametrize("number", range(len(MACHINES)))
def test_every_state_can_be_reached_and_every_way_leads_to_one(number: int) -> None:
    machine = MACHINES[number][0]
    states = machine["States"]
    reached, todo = set(), [machine["StartAt"]]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += list(ways_on(states[name]))
    assert reached == states.keys()
    for name, state in states.items():
        ends = state.get("End") or state["Type"] in {"Fail", "Succeed"}
        assert bool(ends) != bool(set(ways_on({**state, "Catch": []}))), name


def ways_on(state: Json) -> Iterator[str]:
    for place in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in place:
            yield place["Next"]
    if "Default" in state:
        yield state["Default"]


@pytest.mark.parametrize("number", range(len(MACHINES)))
def test_no_variable_hides_another_or_a_function(number: int) -> None:
    _, outer, own = MACHINES[number]
    assert not own & outer, "AWS refuses a variable of an inner machine that an outer one has"
    assert not own & FUNCTIONS


@pytest.mark.parametrize("number", range(len(MACHINES)))
def test_every_variable_that_is_read_is_assigned(number: int) -> None:
    machine, outer, own = MACHINES[number]
    for name, state in machine["States"].items():
        inner = {key: value for key, value in state.items() if key not in {"Branches", "ItemProcessor"}}
        for text in texts(inner):
            if not text.startswith("{%"):
                continue
            local = set(re.findall(r"\$(\w+)\s*:=", text))
            for parameters in re.findall(r"function\(([^)]*)\)", text):
                local |= set(re.findall(r"\$(\w+)", parameters))
            code = re.sub(r"\"[^\"]*\"|'[^']*'", "", text)
            assert set(re.findall(r"\$(\w+)", code)) <= own | outer | local | FUNCTIONS, f"{name}: {text}"


@pytest.mark.parametrize(("name", "task"), TASKS, ids=[name for name, _ in TASKS])
def test_a_request_is_one_that_the_service_knows(name: str, task: Json) -> None:
    *_, service, action = task["Resource"].split(":")
    model = botocore.session.get_session().get_service_model({"sfn": "stepfunctions"}.get(service, service))
    operation = model.operation_model(action[0].upper() + action[1:])
    shape = operation.input_shape
    assert shape is not None
    members = {member.lower() for member in shape.members}
    given = task["Arguments"]
    names = re.findall(r"'([A-Z]\w+)':", given) if isinstance(given, str) else list(given)
    assert names
    assert {one.lower() for one in names} <= members
    assert {one.lower() for one in shape.required_members} <= {one.lower() for one in names}
    assert all(one[0].isupper() for one in names)


@pytest.mark.parametrize(("name", "task"), TASKS, ids=[name for name, _ in TASKS])
def test_a_request_is_bounded_and_tried_again_when_that_may_help(name: str, task: Json) -> None:
    assert task["TimeoutSeconds"] == REQUEST_SECONDS
    (retry,) = task["Retry"]
    assert retry["JitterStrategy"] == "FULL"
    assert retry["BackoffRate"] > 1
    assert retry["MaxAttempts"] >= 3
    if name != "StartJob":
        assert retry["ErrorEquals"] == transient(task["Resource"].split(":")[-2])


def test_a_start_of_the_job_is_only_tried_again_when_it_surely_did_not_start() -> None:
    (retry,) = dict(TASKS)["StartJob"]["Retry"]
    assert retry["ErrorEquals"] == ["Glue.ThrottlingException", "Glue.ResourceNumberLimitExceededException"]


def test_every_service_is_asked_in_the_one_form_that_emulators_execute() -> None:
    for _, task in TASKS:
        assert re.fullmatch(r"arn:\$\{Partition\}:states:::aws-sdk:\w+:\w+", task["Resource"])


def test_it_is_small_enough_for_aws() -> None:
    assert len(BUILT.encode()) < BYTES_OF_A_DEFINITION / 4
    for name, state in STATES:
        own = {key: value for key, value in state.items() if key not in {"Branches", "ItemProcessor"}}
        assert len(json.dumps(own)) < 200_000, name


def test_all_that_cloudformation_puts_in_is_given_and_nothing_else() -> None:
    substitutions = properties("orchestrate", "Pipeline")["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", BUILT)) == substitutions.keys()


def test_the_file_holds_no_sql_and_the_built_one_no_mark() -> None:
    assert not re.search(r"\bSELECT\b", WRITTEN)
    assert set(re.findall(r"<<([^<>]+)>>", BUILT)) == {
        *("so", "since", "first_date", "last_date", "' & $name & '"),
        *("latest_dates", "latest_load_ids", "published_dates", "run_dates", "newest_date"),
    }


def test_the_views_are_all_and_in_order() -> None:
    settings = DEFINITION["States"]["Settings"]["Assign"]
    assert [text.split()[4] for text in settings["views"]] == list(athena.VIEWS)
    assert settings["lastView"] == athena.VIEWS[-1]
    for text in (*settings["views"], *(settings[f"sql{name}"] for name in ("Loads", "Literals", "Counts", "Held"))):
        assert not text.startswith("--")
        assert len(text) < LETTERS_OF_A_STATEMENT / 2


def test_the_tables_are_the_contracts() -> None:
    settings = DEFINITION["States"]["Settings"]["Assign"]
    names = [dataset.name for dataset in DATASETS]
    assert settings["tables"] == names
    assert sorted(table for crawler in settings["crawlers"] for table in crawler["tables"]) == sorted(names)


def test_a_statement_loses_its_header_and_keeps_its_comments() -> None:
    assert statement("-- Question: x\n-- Grain: y\nSELECT '${a}' -- why\n") == "SELECT '<<a>>' -- why"


def test_a_mark_that_stands_for_nothing_is_refused() -> None:
    with pytest.raises(KeyError, match="no such"):
        state_machine('{"a": "<<publish/no such.sql>>"}')


def test_the_role_may_write_the_views_and_the_partitions_of_the_tables_and_no_other() -> None:
    statements = properties("orchestrate", "PipelineRole")["Policies"][0]["PolicyDocument"]["Statement"]
    by_sid = {one["Sid"]: one for one in statements}
    views = {one.rpartition("/")[2] for one in by_sid["RefreshViews"]["Resource"] if ":table/" in one}
    tables = {one.rpartition("/")[2] for one in by_sid["RegisterPartitions"]["Resource"] if ":table/" in one}
    assert views == set(athena.VIEWS)
    assert tables == {dataset.name for dataset in DATASETS}
    read = {one.rpartition(":::")[2].split("/")[1] for one in by_sid["ReadTheTables"]["Resource"]}
    assert read == tables | {"load_reports"}


def test_the_role_allows_each_request_that_the_state_machine_makes() -> None:
    statements = properties("orchestrate", "PipelineRole")["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = {
        action
        for one in statements
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    named = {"s3:ListObjectsV2": "s3:ListBucket", "sfn:ListExecutions": "states:ListExecutions"}
    for _, task in TASKS:
        *_, service, action = task["Resource"].split(":")
        asked = f"{service}:{action[0].upper()}{action[1:]}"
        assert named.get(asked, asked) in allowed
