"""How a deployed stack is: what waits in its buckets, how the last runs went, whether its schedule is on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambda_extract.metrics import NAMESPACE
from lambda_extract.raw_zone import PROCESSED, TO_BE_PROCESSED
from lambda_extract.storage import S3Store
from load_transform.contract import LOAD_HOLDS, LOAD_INTENTS, LOAD_REPORTS, PARTITION
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.aws_errors import code
from spotify_etl.stack.links import Links
from spotify_etl.stack.outputs import Outputs
from spotify_etl.status import LAST_LOADS, ExtractStatus, held, last_extract, quarantined

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

_LAST_EXECUTIONS = 5
_AT_ONCE = 16
_TOKEN_DAYS = 7


@dataclass(frozen=True)
class StackStatus:
    """A stack's state. The parts that a local lake has, too, are as in `spotify_etl.status.Status`.

    `token_age_days` is how old the consent was at the last run of the extract within a week, None where none told it.
    """

    stack: str
    state: str
    region: str
    schedule: dict[str, str]
    token_age_days: float | None
    pending: list[str]
    processed: int
    quarantined: list[dict[str, Any]]
    held: list[str]
    unfinished_loads: list[str]
    extract: ExtractStatus | None
    loads: list[dict[str, Any]]
    executions: list[dict[str, str | None]]
    links: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return the status for machines."""
        return asdict(self)


def read_status(aws: Aws, stack: StackTypeDef, outputs: Outputs, now: datetime) -> StackStatus:
    """Ask the stack's parts how they are. Nothing is changed, and no query is paid for."""
    s3 = aws.session.client("s3")
    raw, transformed = S3Store(outputs.RawBucket, s3), S3Store(outputs.TransformedBucket, s3)
    pending = raw.keys(TO_BE_PROCESSED)
    intents = [key for key in transformed.keys(LOAD_INTENTS) if key.endswith(".json")]
    return StackStatus(
        stack=stack["StackName"],
        state=stack["StackStatus"],
        region=aws.region,
        schedule=_schedule(aws, outputs),
        token_age_days=_token_age(aws, outputs, now),
        pending=sorted(pending),
        processed=len(raw.keys(PROCESSED)),
        quarantined=quarantined(raw),
        held=held(_documents(transformed, transformed.keys(LOAD_HOLDS)), pending),
        unfinished_loads=sorted(key.removeprefix(LOAD_INTENTS).removesuffix(".json") for key in intents),
        extract=last_extract(raw, now),
        loads=_loads(transformed),
        executions=_executions(aws, outputs),
        links=_links(aws, stack, outputs),
    )


def sum_up(reports: Iterable[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return one entry a load, the newest first, from the lines of its dates: (date, line)."""
    loads: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for date, line in reports:
        loads.setdefault(line["load_id"], []).append((date, line))
    summed = ("objects_new", "objects_quarantined", "rows_in", "rows_out", "rows_superseded")
    return [
        {
            "load_id": load_id,
            "loaded_at": min(line["loaded_at"] for _, line in lines),
            "first_date": min(date for date, _ in lines),
            "last_date": max(date for date, _ in lines),
            "dates": sum(bool(line.get("rebuilt")) for _, line in lines),
            **{name: sum(line.get(name) or 0 for _, line in lines) for name in summed},
        }
        for load_id, lines in sorted(loads.items(), reverse=True)
    ]


def _loads(transformed: S3Store) -> list[dict[str, Any]]:
    """Return the last loads. A report's key names its load, so only theirs are read."""
    keys = [key for key in transformed.keys(LOAD_REPORTS) if key.endswith(".json")]
    last = sorted({_load_id(key) for key in keys}, reverse=True)[:LAST_LOADS]
    wanted = sorted(key for key in keys if _load_id(key) in last)
    dates = [key.removeprefix(f"{LOAD_REPORTS}{PARTITION}=").partition("/")[0] for key in wanted]
    return sum_up(zip(dates, _documents(transformed, wanted), strict=True))


def _load_id(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(".json")


def _documents(store: S3Store, keys: Iterable[str]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [json.loads(content) for content in pool.map(store.read, sorted(keys)) if content]


def _schedule(aws: Aws, outputs: Outputs) -> dict[str, str]:
    told = aws.session.client("scheduler").get_schedule(Name=outputs.ScheduleName, GroupName=outputs.ScheduleGroup)
    return {
        "state": told["State"],
        "expression": told["ScheduleExpression"],
        "timezone": told.get("ScheduleExpressionTimezone", "UTC"),
    }


def _token_age(aws: Aws, outputs: Outputs, now: datetime) -> float | None:
    try:
        points = aws.session.client("cloudwatch").get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName="TokenAgeDays",
            Dimensions=[{"Name": "FunctionName", "Value": outputs.FunctionName}],
            StartTime=now - timedelta(days=_TOKEN_DAYS),
            EndTime=now,
            Period=3600,
            Statistics=["Maximum"],
        )["Datapoints"]
    except ClientError as error:
        # One number fewer for those who may not see metrics, whose permission no stack's name narrows.
        if code(error) == "AccessDenied":
            return None
        raise
    newest = max(points, key=lambda point: point["Timestamp"], default=None)
    return newest["Maximum"] if newest else None


def _executions(aws: Aws, outputs: Outputs) -> list[dict[str, str | None]]:
    links = Links(aws.partition, aws.region)
    found = aws.session.client("stepfunctions").list_executions(
        stateMachineArn=outputs.StateMachineArn, maxResults=_LAST_EXECUTIONS
    )["executions"]
    return [
        {
            "status": one["status"],
            "started": one["startDate"].isoformat(timespec="seconds"),
            "ended": one["stopDate"].isoformat(timespec="seconds") if "stopDate" in one else None,
            "link": links.execution(one["executionArn"]),
        }
        for one in found
    ]


def _links(aws: Aws, stack: StackTypeDef, outputs: Outputs) -> dict[str, str]:
    links = Links(aws.partition, aws.region)
    return {
        "athena": links.athena(outputs.WorkGroupName),
        "dashboard": links.dashboard(outputs.DashboardName),
        "executions": links.state_machine(outputs.StateMachineArn),
        "job": links.job(outputs.JobName),
        "extract": links.function(outputs.FunctionName),
        "raw": links.bucket(outputs.RawBucket, "raw_data/"),
        "stack": links.stack(stack["StackId"]),
    }
