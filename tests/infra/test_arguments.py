from __future__ import annotations

import json
import re
from typing import Any

import spotify_load_transform as job_script
from load_transform.orders import OPTIONAL_ARGUMENTS
from tests.infra.stack_templates import INFRA, REGION, properties

GLUES_OWN = {
    "--TempDir",
    "--conf",
    "--custom-logGroup-prefix",
    "--enable-metrics",
    "--enable-observability-metrics",
    "--enable-spark-ui",
    "--extra-py-files",
    "--job-bookmark-option",
    "--job-language",
    "--spark-event-logs-path",
}
"""What Glue itself takes from a job's arguments."""


def arguments() -> dict[str, str]:
    told: dict[str, str] = properties("transform", "Job")["DefaultArguments"]
    return told


def test_the_template_passes_what_the_job_needs_and_nothing_that_it_does_not_read() -> None:
    own = {name.removeprefix("--") for name in arguments() if name not in GLUES_OWN}

    assert set(job_script.ARGUMENTS) <= own
    assert own <= {*job_script.ARGUMENTS, *OPTIONAL_ARGUMENTS}


def test_what_the_template_leaves_out_comes_with_an_order_through_the_state_machine() -> None:
    left_out = set(OPTIONAL_ARGUMENTS) - {name.removeprefix("--") for name in arguments()}
    definition = (INFRA / "state_machine.asl.json").read_text(encoding="utf-8")
    start = _state(json.loads(definition), "StartJob")

    # All of them are an operator's. An order's arguments are handed on as they are, whatever is looked up on the way.
    assert left_out == {"action", "from_date", "to_date", "accept_dates", "before_date", "objects", "dry_run"}
    assert start["Resource"].endswith(":states:::aws-sdk:glue:startJobRun")
    assert start["Arguments"] == {"JobName": "{% $jobName %}", "Arguments": "{% $jobArguments %}"}
    assert '"jobArguments": "{% $arguments %}"' in definition
    assert set(re.findall(r"'--(\w+)'", definition)) <= left_out


def test_the_job_works_on_the_two_buckets_and_keeps_the_rest_in_the_work_bucket() -> None:
    told = arguments()

    assert told["--raw_uri"] == f"s3://dev-spotify-raw-111122223333-{REGION}"
    assert told["--transformed_uri"] == f"s3://dev-spotify-transformed-111122223333-{REGION}"
    assert told["--TempDir"] == f"s3://dev-spotify-work-111122223333-{REGION}/glue_temp/"
    assert told["--spark-event-logs-path"] == f"s3://dev-spotify-work-111122223333-{REGION}/spark_ui/"
    assert told["--conf"] == f"spark.hadoop.fs.s3a.endpoint.region={REGION}"
    assert told["--job-bookmark-option"] == "job-bookmark-disable"


def test_the_job_runs_alone_and_is_not_tried_again_by_glue() -> None:
    job = properties("transform", "Job")

    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert (job["JobRunQueuingEnabled"], job["MaxRetries"]) == (False, 0)
    assert job["Command"]["Name"] == "glueetl"


def test_the_log_groups_of_the_job_are_those_that_glue_writes_to() -> None:
    prefix = arguments()["--custom-logGroup-prefix"]

    for logical_id, kind in (("ErrorLogGroup", "error"), ("OutputLogGroup", "output")):
        group = properties("transform", logical_id)
        assert group["LogGroupName"] == f"{prefix}/<SecurityConfiguration>-role/<JobRole>/{kind}"
        assert group["RetentionInDays"] == "<LogRetentionDays>"


def _state(node: object, name: str) -> dict[str, Any]:
    """Return the state of a name, wherever it is nested."""
    found: list[dict[str, Any]] = []

    def look(node: object) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("States"), dict) and name in node["States"]:
                found.append(node["States"][name])
            for one in node.values():
                look(one)
        elif isinstance(node, list):
            for one in node:
                look(one)

    look(node)
    return found[0]
