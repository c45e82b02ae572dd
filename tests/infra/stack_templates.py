"""The stack's templates as data, and what CloudFormation would make of their functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from spotify_etl.stack.build import queries_template
from spotify_etl.stack.templates import read

INFRA = Path(__file__).parents[2] / "infra"
ACCOUNT, REGION = "111122223333", "eu-central-1"
NESTED = ("storage", "extract", "transform", "catalog", "queries", "orchestrate", "monitoring")
STACK = ("main", *NESTED)

GIVEN: dict[str, str] = {
    "ExistingKeyArn": "",
    "ExistingBuckets": "no",
    "ExistingSecret": "no",
    "JobPackage": "s3://artifacts/some/load_transform.zip",
    "KeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234",
    "NamePrefix": "dev-",
    "PermissionsBoundaryArn": "",
    "RawBucketName": f"dev-spotify-raw-{ACCOUNT}-{REGION}",
    "TransformedBucketName": f"dev-spotify-transformed-{ACCOUNT}-{REGION}",
    "WorkBucketName": f"dev-spotify-work-{ACCOUNT}-{REGION}",
}
"""Values of nested templates' parameters; others stand for themselves."""

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "spotify-etl",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/spotify-etl/1",
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()


@cache
def template(name: str) -> dict[str, Any]:
    """Return a template, its short tags spelled out."""
    return read(queries_template() if name == "queries" else (INFRA / f"{name}.yaml").read_text(encoding="utf-8"))


def resources(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return a template's resources of one type as they are written."""
    return {key: one for key, one in template(name)["Resources"].items() if one["Type"] == kind}


def properties(name: str, logical_id: str, **given: str) -> Any:
    """Return a resource's properties with every function carried out."""
    return Resolver(name, given).value(template(name)["Resources"][logical_id]["Properties"])


class Resolver:
    """Carries out the functions of one template. References to resources stay, as `<LogicalId>` or `<Id.Attribute>`."""

    def __init__(self, name: str, given: Mapping[str, str] | None = None) -> None:
        self._template = template(name)
        self._values = {**_PSEUDO, **GIVEN, **(given or {})}

    def value(self, node: Any) -> Any:
        """Return a node without functions."""
        if isinstance(node, list):
            return [one for one in map(self.value, node) if one is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            function, argument = next(iter(node.items()))
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function.removeprefix("Fn::"), argument)
        told = {key: self.value(one) for key, one in node.items()}
        return {key: one for key, one in told.items() if one is not _NO_VALUE}

    def holds(self, condition: Any) -> bool:
        """Tell whether a condition, or one that is named, is true."""
        if isinstance(condition, str):
            return self.holds(self._template["Conditions"][condition])
        ((function, argument),) = condition.items()
        if function == "Fn::Equals":
            left, right = map(self.value, argument)
            return bool(str(left) == str(right))
        if function == "Fn::Not":
            return not self.holds(argument[0])
        if function in {"Fn::And", "Fn::Or"}:
            return (all if function == "Fn::And" else any)(map(self.holds, argument))
        assert function == "Condition", function
        return self.holds(argument)

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return self._reference(argument)
            case "GetAtt":
                return f"<{argument if isinstance(argument, str) else '.'.join(argument)}>"
            case "If":
                return self.value(argument[1] if self.holds(argument[0]) else argument[2])
            case "Sub":
                text, values = argument if isinstance(argument, list) else (argument, {})
                return self._substituted(text, {key: self.value(one) for key, one in values.items()})
        return self._of_lists(function, self.value(argument))

    @staticmethod
    def _of_lists(function: str, parts: list[Any]) -> Any:
        if function == "Join":
            return parts[0].join(parts[1])
        if function == "Split":
            return parts[1].split(parts[0])
        assert function == "Select", function
        return parts[1][int(parts[0])]

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        return self._values.get(name, f"<{name}>")

    def _substituted(self, text: str, values: Mapping[str, str]) -> str:
        def put(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            return str(values[name] if name in values else self._reference(name))

        return re.sub(r"\$\{([^}]+)\}", put, text)


def as_list(value: Any) -> list[Any]:
    """Return a policy's element as the list that it may be written as."""
    return value if isinstance(value, list) else [value]


def statements(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every statement of every policy in a template, functions carried out, with its resource's logical id."""
    for logical_id in template(name)["Resources"]:
        yield from ((logical_id, one) for one in _statements(properties(name, logical_id)))


def _statements(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from _statements(one)
    elif isinstance(node, dict):
        if isinstance(node.get("Statement"), list):
            yield from node["Statement"]
        else:
            for one in node.values():
                yield from _statements(one)
