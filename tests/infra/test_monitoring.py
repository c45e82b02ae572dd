"""Alarms that say what to do and can ring, and a dashboard that shows what there is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_extract.metrics import METRICS, NAMESPACE
from tests.infra.stack_templates import properties, resources, template

ALARMS = sorted(resources("monitoring", "AWS::CloudWatch::Alarm"))
COLUMNS = 24


def alarm(name: str, **given: str) -> dict[str, Any]:
    made: dict[str, Any] = properties("monitoring", name, ScheduleState="ENABLED", MaxExtractAgeHours="26", **given)
    return made


def metric_of(made: dict[str, Any]) -> tuple[str, str]:
    return made["Namespace"], made["MetricName"]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do_and_tells_somebody(name: str) -> None:
    made = alarm(name)
    assert "spotify-etl " in made["AlarmDescription"]
    assert len(made["AlarmDescription"]) <= 1024
    assert made["AlarmActions"] == ["<AlertsTopicArn>"]
    assert made["AlarmName"].startswith("dev-spotify_")
    assert made["TreatMissingData"] in {"notBreaching", "breaching", "ignore"}


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_looks_back_no_further_than_cloudwatch_does(name: str) -> None:
    made = alarm(name)
    period = int(made["Period"])
    looks_back = period * int(made["EvaluationPeriods"])
    assert looks_back <= (7 * 86400 if period >= 3600 else 86400)


def test_the_longest_age_of_an_extract_is_what_cloudwatch_can_see() -> None:
    longest = template("monitoring")["Parameters"]["MaxExtractAgeHours"]["MaxValue"]
    period = alarm("ExtractOverdueAlarm")["Period"]
    assert longest * period == 7 * 86400
    assert template("main")["Parameters"]["MaxExtractAgeHours"]["MaxValue"] == longest


@pytest.mark.parametrize("name", ALARMS)
def test_metrics_of_our_own_are_those_that_the_extract_writes(name: str) -> None:
    namespace, metric = metric_of(alarm(name))
    assert namespace != NAMESPACE or metric in METRICS


def test_what_the_issue_names_has_an_alarm() -> None:
    found = {metric_of(alarm(name)) for name in ALARMS}
    assert found == {
        ("AWS/States", "ExecutionsFailed"),
        ("AWS/States", "ExecutionsTimedOut"),
        ("AWS/States", "ExecutionsAborted"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        (NAMESPACE, "RunsLanded"),
        (NAMESPACE, "TokenAgeDays"),
    }
    made = [alarm(name) for name in ALARMS]
    ages = sorted(one["Threshold"] for one in made if metric_of(one)[1] == "TokenAgeDays")
    assert ages == [150, 170]


def test_an_extract_is_overdue_only_while_the_schedule_is_on() -> None:
    assert resources("monitoring", "AWS::CloudWatch::Alarm")["ExtractOverdueAlarm"]["Condition"] == "ScheduleIsOn"
    made = alarm("ExtractOverdueAlarm")
    assert (made["TreatMissingData"], made["ComparisonOperator"], made["Threshold"]) == (
        "breaching",
        "LessThanThreshold",
        1,
    )
    assert "DatapointsToAlarm" not in made, "every hour of them"


@pytest.mark.parametrize("state", ["ENABLED", "DISABLED"])
def test_the_dashboard_is_json_and_its_widgets_have_their_places(state: str) -> None:
    made = properties("monitoring", "Dashboard", ScheduleState=state)
    body = json.loads(made["DashboardBody"])
    taken: set[tuple[int, int]] = set()
    for widget in body["widgets"]:
        assert widget["type"] in {"text", "alarm", "metric", "log"}
        place = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in place) < COLUMNS
        assert not place & taken
        taken |= place
    assert "${" not in made["DashboardBody"]


def widgets(state: str, kind: str) -> list[dict[str, Any]]:
    body = json.loads(properties("monitoring", "Dashboard", ScheduleState=state)["DashboardBody"])
    return [one["properties"] for one in body["widgets"] if one["type"] == kind]


def test_the_dashboard_shows_every_alarm_that_there_is() -> None:
    ((on,), (off,)) = widgets("ENABLED", "alarm"), widgets("DISABLED", "alarm")
    made = {alarm(name)["AlarmName"] for name in ALARMS if name != "ExtractOverdueAlarm"}
    assert {arn.rpartition(":")[2] for arn in off["alarms"]} == made
    assert set(on["alarms"]) - set(off["alarms"]) == {"<ExtractOverdueAlarm.Arn>"}


def test_the_dashboard_shows_metrics_that_the_extract_writes() -> None:
    shown = [metric for one in widgets("ENABLED", "metric") for metric in one["metrics"]]
    ours = {metric[1] for metric in shown if metric[0] == NAMESPACE}
    assert ours <= METRICS.keys()
    assert len(ours) >= 8
    assert {metric[0] for metric in shown} == {
        *(NAMESPACE, "Glue"),
        *("AWS/Athena", "AWS/Events", "AWS/Lambda", "AWS/SQS", "AWS/States"),
    }
