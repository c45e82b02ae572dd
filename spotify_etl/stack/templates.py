"""Reading CloudFormation templates, checking parameters against them, and putting S3 addresses where local files stand.

A template is rewritten in its text: the address replaces the file's name and everything else stays as it was written,
short tags and comments included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from spotify_etl.errors import RefusedError

_LOCAL_FILES = {
    "AWS::CloudFormation::Stack": ("TemplateURL",),
    "AWS::Lambda::Function": ("Code",),
    "AWS::Glue::Job": ("Command", "ScriptLocation"),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location",),
}
"""Where a resource may name a local file, as `aws cloudformation package` takes it."""

NESTED = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class LocalFile:
    """A file that a template names, for which kind of resource, and where in the text."""

    name: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Place:
    """Where a file lies on S3."""

    bucket: str
    key: str
    region: str

    def as_property(self, kind: str) -> str | dict[str, str]:
        """Return the value that a resource of this kind takes."""
        if kind == NESTED:
            return self.url
        if kind == "AWS::Lambda::Function":
            return {"S3Bucket": self.bucket, "S3Key": self.key}
        if kind == "AWS::StepFunctions::StateMachine":
            return {"Bucket": self.bucket, "Key": self.key}
        return self.uri

    @property
    def url(self) -> str:
        """The address that CloudFormation takes a template from."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://s3.{self.region}.{domain}/{self.bucket}/{self.key}"

    @property
    def uri(self) -> str:
        """The address in Hadoop's and Glue's form."""
        return f"s3://{self.bucket}/{self.key}"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Sub x` is read as `{"Fn::Sub": "x"}`."""


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101  there is no fourth kind
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_tag)


def read(text: str) -> dict[str, Any]:
    """Return a template with its short tags spelled out."""
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader with tags of its own
    return document


def local_files(text: str) -> list[LocalFile]:
    """Return the local files that a template names, in the order of the text."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return list(_local_files(_child(root, "Resources")))


def rewritten(text: str, place: Callable[[LocalFile], Place]) -> str:
    """Return a template with each local file replaced by its place on S3."""
    for file in reversed(local_files(text)):
        text = text[: file.start] + json.dumps(place(file).as_property(file.kind)) + text[file.end :]
    return text


def _local_files(resources: yaml.Node | None) -> Iterator[LocalFile]:
    if not isinstance(resources, yaml.MappingNode):
        return
    for _, resource in resources.value:
        kind = _child(resource, "Type")
        path = _LOCAL_FILES.get(kind.value if kind else "", ())
        node = _child(resource, "Properties")
        for name in path:
            node = _child(node, name)
        is_text = path and isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"
        if is_text and node is not None and "://" not in node.value:
            yield LocalFile(node.value, kind.value if kind else "", node.start_mark.index, node.end_mark.index)


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def resources_of(document: Mapping[str, Any], kind: str) -> list[str]:
    """Return the logical ids of a template's resources of one type."""
    return [name for name, one in document.get("Resources", {}).items() if one.get("Type") == kind]


def defaults(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the default of each parameter that has one."""
    declared = document.get("Parameters", {})
    return {name: _text(one["Default"]) for name, one in declared.items() if "Default" in one}


def check(document: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Make sure that CloudFormation would take these values for a template's parameters.

    Raises
    ------
    RefusedError
        If a parameter is not known, has no value, or has one that is not allowed.
    """
    declared = document.get("Parameters", {})
    for name, value in values.items():
        if name not in declared:
            raise RefusedError(f"The stack has no parameter {name}. It has {', '.join(sorted(declared))}.")
        if fault := _fault(declared[name], value):
            raise RefusedError(f"The parameter {name} cannot be {value!r}: {fault}.")
    for name, one in declared.items():
        if "Default" not in one and name not in values:
            raise RefusedError(f"The parameter {name} has no value. Give it: --parameter {name}=…")


def _fault(declared: Mapping[str, Any], value: str) -> str | None:
    if "AllowedValues" in declared:
        allowed = [_text(one) for one in declared["AllowedValues"]]
        return None if value in allowed else f"it is one of {', '.join(allowed)}"
    if declared["Type"] == "Number":
        return _number_fault(declared, value)
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(str(pattern), value):
        return str(declared.get("ConstraintDescription", f"it has to match {pattern}")).rstrip(".")
    length, shortest, longest = len(value), declared.get("MinLength"), declared.get("MaxLength")
    if shortest is not None and length < int(shortest):
        return f"it has at least {shortest} characters"
    if longest is not None and length > int(longest):
        return f"it has at most {longest} characters"
    return None


def _number_fault(declared: Mapping[str, Any], value: str) -> str | None:
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    bounds = " and ".join([f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None))
    try:
        number = float(value)
    except ValueError:
        return f"it is a number{', ' if bounds else ''}{bounds}"
    below, above = least is not None and number < float(least), most is not None and number > float(most)
    return f"it is {bounds}" if below or above else None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
