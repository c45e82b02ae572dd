"""What MiniStack's CloudFormation lacks for our templates, filled in with its own Glue, Athena and S3.

- Two resource types: Glue's security configurations and Athena's named queries.
- An alarm on metric math, which becomes one on the first metric in it.
- Buckets have neither their template's encryption nor tags.
- A nested stack that is updated forgets the attributes of resources that stay as they are, so that `!GetAtt` fails.
- A nested stack that is deleted deletes what its template retains.

Imported by programs that the emulator's Python runs. Everything else of the templates is MiniStack's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import athena, cloudformation, glue, s3
from ministack.services.cloudformation import provisioners

Json = dict[str, Any]


def fill() -> None:
    """Teach MiniStack what it lacks."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::Glue::SecurityConfiguration"] = {
        "create": _create_security_configuration,
        "delete": lambda name, _properties: glue._delete_security_configuration({"Name": name}),
    }
    handlers["AWS::Athena::NamedQuery"] = {
        "create": _create_named_query,
        "delete": lambda query, _properties: athena._delete_named_query({"NamedQueryId": query}),
    }
    alarms = handlers["AWS::CloudWatch::Alarm"]
    alarms["create"], alarms["update"] = _on_one_metric(alarms["create"], 1), _on_one_metric(alarms["update"], 2)
    provisioners._STACK_TAG_PROPERTY["AWS::S3::Bucket"] = ("Tags", "list")
    provisioners._S3_BUCKET_CONFIGURATIONS = (
        *provisioners._S3_BUCKET_CONFIGURATIONS,
        ("BucketEncryption", _encryption, s3._put_bucket_encryption, s3._delete_bucket_encryption),
        ("Tags", _tagging, s3._put_bucket_tagging, s3._delete_bucket_tagging),
    )
    _remember_attributes()
    _retain_in_nested_stacks(handlers["AWS::CloudFormation::Stack"])


def _create_security_configuration(_logical_id: str, properties: Json, _stack: str) -> tuple[str, Json]:
    answer = glue._create_security_configuration(properties)
    if answer[0] != 200:
        raise ValueError(answer[2])
    return properties["Name"], {}


def _create_named_query(_logical_id: str, properties: Json, _stack: str) -> tuple[str, Json]:
    query = json.loads(athena._create_named_query(properties)[2])["NamedQueryId"]
    return query, {"NamedQueryId": query}


def _on_one_metric(handler: Callable[..., tuple[str, Json]], place: int) -> Callable[..., tuple[str, Json]]:
    """Return a handler whose properties, the argument at `place`, name one metric instead of several."""

    def handle(*given: Any) -> tuple[str, Json]:
        properties = dict(given[place])
        for one in properties.pop("Metrics", []):
            if statistic := one.get("MetricStat"):
                properties |= statistic["Metric"]
                properties |= {"Statistic": statistic["Stat"], "Period": statistic["Period"]}
                break
        return handler(*given[:place], properties, *given[place + 1 :])

    return handle


def _encryption(properties: Json) -> bytes:
    rules = ""
    for rule in properties["ServerSideEncryptionConfiguration"]:
        default = "".join(
            f"<{name}>{escape(text)}</{name}>" for name, text in rule["ServerSideEncryptionByDefault"].items()
        )
        with_key = f"<BucketKeyEnabled>{str(rule.get('BucketKeyEnabled', False)).lower()}</BucketKeyEnabled>"
        rules += (
            f"<Rule><ApplyServerSideEncryptionByDefault>{default}</ApplyServerSideEncryptionByDefault>{with_key}</Rule>"
        )
    return f"<ServerSideEncryptionConfiguration>{rules}</ServerSideEncryptionConfiguration>".encode()


def _tagging(tags: list[Json]) -> bytes:
    listed = "".join(f"<Tag><Key>{escape(tag['Key'])}</Key><Value>{escape(tag['Value'])}</Value></Tag>" for tag in tags)
    return f"<Tagging><TagSet>{listed}</TagSet></Tagging>".encode()


def _remember_attributes() -> None:
    update = provisioners._update_resource

    def remembering(*given: Any) -> tuple[str, Json]:
        kind, physical_id, old, new, stack, logical_id, *rest = given
        if not rest:
            known = cloudformation._stacks.get(stack, {}).get("_resources", {}).get(logical_id, {})
            rest = [known.get("Attributes")]
        updated: tuple[str, Json] = update(kind, physical_id, old, new, stack, logical_id, *rest)
        return updated

    provisioners._update_resource = remembering


def _retain_in_nested_stacks(handlers: Json) -> None:
    delete = handlers["delete"]

    def retaining(physical_id: str, properties: Json) -> None:
        stack = cloudformation._stacks.get(provisioners._nested_stack_lookup_name(physical_id), {})
        for logical_id, resource in stack.get("_template", {}).get("Resources", {}).items():
            if resource.get("DeletionPolicy") == "Retain":
                stack["_resources"].pop(logical_id, None)
        delete(physical_id, properties)

    handlers["delete"] = retaining
