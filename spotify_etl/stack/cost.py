"""What a stack costs a month, line by line, with the arithmetic. An estimate, before taxes and without free tiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = "AWS price list for us-east-1, October 2026; other regions differ"

GLUE_DPU_HOUR = {"5.1": 0.44, "6.0": 0.308}
CRAWLER_DPU_HOUR = 0.44
CRAWLER_DPUS, CRAWLER_MINUTES = 2, 10
"""A crawl is billed for ten minutes at the least, which none of ours exceeds."""
WORKER_DPUS = {"G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8}
KMS_KEY_MONTH = 1.0
SECRET_MONTH = 0.40
S3_GB_MONTH = 0.023
LAMBDA_GB_SECOND = 0.0000133334
TRANSITION = 0.025 / 1000
FREE_TRANSITIONS = 4000
ATHENA_TB = 5.0
ATHENA_LEAST_MB = 10
ALARM_MONTH = 0.10

DAYS = 365 / 12
CRAWLERS = 3

_JOB_MINUTES = 3
_LAMBDA_SECONDS, _LAMBDA_GB = 60, 0.5
_TRANSITIONS_OF_A_LOAD, _TRANSITIONS_OF_A_SWEEP = 120, 10
_QUERIES_OF_A_LOAD, _QUERIES_OF_PEOPLE = 4, 100
_GIGABYTES = 1
_WEEKS = DAYS / 7
_HOURS_OF_A_DAY, _MINUTES_OF_AN_HOUR = 24, 60


@dataclass(frozen=True)
class Line:
    """One item: dollars a month, and how they come about."""

    what: str
    dollars: float
    how: str


def estimate(values: Mapping[str, str], *, alarms: int) -> list[Line]:
    """Return the cost of a stack with these parameters that loads once per run of its schedule, and has `alarms`."""
    loads = runs_a_day(values["ScheduleExpression"]) * DAYS
    return [
        _job(values, loads),
        _crawlers(values["CrawlMode"], loads),
        Line("KMS key", KMS_KEY_MONTH, "1 key; its requests stay within the free 20,000, thanks to bucket keys"),
        Line("Secrets Manager", SECRET_MONTH, "1 secret"),
        Line(
            "CloudWatch alarms", alarms * ALARM_MONTH, f"{alarms} x ${ALARM_MONTH:.2f}; the dashboard is free (up to 3)"
        ),
        _function(loads),
        _state_machine(loads),
        _athena(loads),
        Line("S3", _GIGABYTES * S3_GB_MONTH, f"{_GIGABYTES} GB x ${S3_GB_MONTH}; hundreds of playlists for a year"),
        Line("EventBridge, SNS, SQS", 0.0, "a few hundred events and messages"),
    ]


def total(lines: list[Line]) -> float:
    """Return the dollars a month."""
    return sum(line.dollars for line in lines)


def kept(gigabytes: float, *, keys: int, secrets: int) -> list[Line]:
    """Return what is paid for what a destroyed stack leaves behind."""
    return [
        Line("S3", gigabytes * S3_GB_MONTH, f"{gigabytes:.3f} GB x ${S3_GB_MONTH}"),
        Line("KMS key", keys * KMS_KEY_MONTH, f"{keys} x ${KMS_KEY_MONTH:.2f}"),
        Line("secret", secrets * SECRET_MONTH, f"{secrets} x ${SECRET_MONTH:.2f}"),
    ]


def runs_a_day(expression: str) -> float:
    """Return how often a schedule runs on a day on which it runs: what is no `rate` or plain `cron` counts as once."""
    kind, _, rest = expression.rstrip(")").partition("(")
    fields = rest.split()
    if kind == "rate" and len(fields) == 2 and fields[0].isdecimal():  # noqa: PLR2004  number and unit
        hours = {"minute": 1 / _MINUTES_OF_AN_HOUR, "hour": 1, "day": _HOURS_OF_A_DAY}.get(fields[1].rstrip("s"), 24)
        return _HOURS_OF_A_DAY / (int(fields[0]) * hours)
    if kind == "cron" and len(fields) > 1:
        return _count(fields[0], _MINUTES_OF_AN_HOUR) * _count(fields[1], _HOURS_OF_A_DAY)
    return 1


def _count(field: str, all_of_them: int) -> float:
    """Return how many values a field of a cron expression names."""
    base, slash, step = field.partition("/")
    if slash and step.isdecimal():
        return all_of_them / int(step)
    if base == "*":
        return all_of_them
    ranges = [part.split("-") for part in base.split(",")]
    if any(not end.isdecimal() for part in ranges for end in part):
        return 1
    return sum(int(part[-1]) - int(part[0]) + 1 for part in ranges)


def _job(values: Mapping[str, str], loads: float) -> Line:
    price = GLUE_DPU_HOUR[values["GlueVersion"]]
    dpus = int(values["NumberOfWorkers"]) * WORKER_DPUS[values["WorkerType"]]
    dollars = loads * dpus * _JOB_MINUTES / 60 * price
    how = f"{loads:.0f} runs x {dpus} DPU x {_JOB_MINUTES} min x ${price}/DPU-hour (Glue {values['GlueVersion']})"
    return Line("Glue job", dollars, how)


def _crawlers(mode: str, loads: float) -> Line:
    crawls = (loads if mode == "always" else _WEEKS) * CRAWLERS
    dollars = crawls * CRAWLER_DPUS * CRAWLER_MINUTES / 60 * CRAWLER_DPU_HOUR
    how = f"{crawls:.0f} crawls x {CRAWLER_DPUS} DPU x {CRAWLER_MINUTES} min x ${CRAWLER_DPU_HOUR}/DPU-hour"
    hint = "; CrawlMode=auto: weekly" if mode == "always" else ""
    return Line("Glue crawlers", dollars, how + hint)


def _function(loads: float) -> Line:
    dollars = loads * _LAMBDA_SECONDS * _LAMBDA_GB * LAMBDA_GB_SECOND
    return Line("Lambda", dollars, f"{loads:.0f} runs x {_LAMBDA_SECONDS} s x {_LAMBDA_GB} GB x ${LAMBDA_GB_SECOND}")


def _state_machine(loads: float) -> Line:
    transitions = loads * _TRANSITIONS_OF_A_LOAD + DAYS * _TRANSITIONS_OF_A_SWEEP
    dollars = max(0.0, transitions - FREE_TRANSITIONS) * TRANSITION
    how = f"{transitions:,.0f} transitions, {FREE_TRANSITIONS:,} free, then ${TRANSITION * 1000:.3f} per 1,000"
    return Line("Step Functions", dollars, how)


def _athena(loads: float) -> Line:
    queries = loads * _QUERIES_OF_A_LOAD + _QUERIES_OF_PEOPLE
    dollars = queries * ATHENA_LEAST_MB / 1_000_000 * ATHENA_TB
    return Line("Athena", dollars, f"{queries:.0f} queries x {ATHENA_LEAST_MB} MB at the least x ${ATHENA_TB:.0f}/TB")
