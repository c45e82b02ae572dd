from __future__ import annotations

import pytest

from spotify_etl.stack.cost import DAYS, estimate, kept, runs_a_day, total

VALUES = {
    "ScheduleExpression": "cron(0 6 * * ? *)",
    "GlueVersion": "5.1",
    "WorkerType": "G.1X",
    "NumberOfWorkers": "2",
    "CrawlMode": "always",
}


def lines(alarms: int = 10, **changed: str) -> dict[str, float]:
    return {line.what: line.dollars for line in estimate({**VALUES, **changed}, alarms=alarms)}


def test_the_lines_of_a_daily_stack() -> None:
    told = lines()
    # 365 / 12 runs of 2 DPU for 3 minutes at $0.44, and 3 crawls a run of 2 DPU for 10 minutes.
    assert told["Glue job"] == pytest.approx(DAYS * 2 * 3 / 60 * 0.44)
    assert told["Glue crawlers"] == pytest.approx(DAYS * 3 * 2 * 10 / 60 * 0.44)
    assert told["CloudWatch alarms"] == pytest.approx(1.0)
    assert told["KMS key"] == 1.0
    assert told["Secrets Manager"] == 0.4
    assert total(estimate(VALUES, alarms=10)) == pytest.approx(sum(told.values()))


def test_what_the_parameters_change() -> None:
    assert lines(GlueVersion="6.0")["Glue job"] == pytest.approx(lines()["Glue job"] * 0.308 / 0.44)
    assert lines(WorkerType="G.4X", NumberOfWorkers="10")["Glue job"] == pytest.approx(lines()["Glue job"] * 20)
    assert lines(CrawlMode="auto")["Glue crawlers"] == pytest.approx(lines()["Glue crawlers"] / 7)
    hourly = lines(ScheduleExpression="rate(1 hour)")
    assert hourly["Glue job"] == pytest.approx(lines()["Glue job"] * 24)
    assert hourly["Step Functions"] > 0


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("cron(0 6 * * ? *)", 1),
        ("cron(0 6,18 * * ? *)", 2),
        ("cron(0 6-9 * * ? *)", 4),
        ("cron(0/30 * * * ? *)", 48),
        ("cron(15 */6 * * ? *)", 4),
        ("rate(1 day)", 1),
        ("rate(12 hours)", 2),
        ("rate(30 minutes)", 48),
        ("at(2026-12-01T06:00:00)", 1),
        ("cron(x y)", 1),
    ],
)
def test_runs_a_day(expression: str, runs: float) -> None:
    assert runs_a_day(expression) == pytest.approx(runs)


def test_what_is_kept_costs() -> None:
    assert total(kept(10, keys=1, secrets=1)) == pytest.approx(10 * 0.023 + 1 + 0.4)
    assert total(kept(0, keys=0, secrets=0)) == 0
