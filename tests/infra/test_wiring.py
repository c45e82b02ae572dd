from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lambda_extract import handler
from lambda_extract.runs import Run
from lambda_extract.settings import LambdaSettings
from spotify_etl.errors import RefusedError
from spotify_etl.stack.build import JOB_SCRIPT, LAMBDA_PACKAGE, STATE_MACHINE
from spotify_etl.stack.templates import check, defaults, local_files
from tests.infra.stack_templates import INFRA, NESTED, STACK, properties, resources, template

DEFAULTS = {
    "NamePrefix": "",
    "ScheduleExpression": "cron(0 6 * * ? *)",
    "ScheduleTimezone": "UTC",
    "ScheduleState": "DISABLED",
    "SweepExpression": "cron(0 8 * * ? *)",
    "Playlists": "mine",
    "RequestBudget": "900",
    "AddedBy": "keep",
    "GlueVersion": "5.1",
    "WorkerType": "G.1X",
    "NumberOfWorkers": "2",
    "JobTimeoutMinutes": "60",
    "VolumeDropPercent": "50",
    "CrawlMode": "always",
    "DropWaitSeconds": "60",
    "AlarmEmail": "",
    "MaxExtractAgeHours": "26",
    "LogRetentionDays": "30",
    "ScanLimitBytes": "10737418240",
    "PermissionsBoundaryArn": "",
    "ExistingKeyArn": "",
    "ExistingBuckets": "no",
    "ExistingSecret": "no",
}

OUTPUTS = {
    "RawBucket",
    "TransformedBucket",
    "WorkBucket",
    "KeyArn",
    "FunctionName",
    "SecretName",
    "SecretArn",
    "JobName",
    "StateMachineArn",
    "DatabaseName",
    "WorkGroupName",
    "AlbumCrawler",
    "ArtistCrawler",
    "SongCrawler",
    "ScheduleName",
    "ScheduleGroup",
    "AlertsTopicArn",
    "ExtractQueueUrl",
    "EventsQueueUrl",
    "DashboardName",
    "AthenaReaderPolicyArn",
    "NamePrefix",
}

ID = "37i9dQZF1DXcBWIGoYBM5M"

TAKEN = {
    "NamePrefix": ["dev-", "a-", "my-2nd-lake-"],
    "ScheduleExpression": ["cron(30 5 ? * MON-FRI *)", "rate(1 day)", "rate(12 hours)"],
    "ScheduleTimezone": ["Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
    "Playlists": [
        "mine",
        ID,
        f"{ID},{ID}",
        f"{ID}, {ID}",
        f"spotify:playlist:{ID}",
        f"https://open.spotify.com/playlist/{ID}?si=x",
        "s3://my-bucket/config/playlists.txt",
    ],
    "NumberOfWorkers": ["2", "100"],
    "JobTimeoutMinutes": ["5", "2880"],
    "VolumeDropPercent": ["0", "100"],
    "DropWaitSeconds": ["0", "900"],
    "AlarmEmail": ["you@example.org"],
    "MaxExtractAgeHours": ["1", "168"],
    "LogRetentionDays": ["1", "365"],
    "ScanLimitBytes": ["10000000"],
    "GlueVersion": ["6.0"],
    "JobPackage": ["s3://b-1/a/b/load_transform.zip"],
    "PermissionsBoundaryArn": [
        "arn:aws:iam::111122223333:policy/team/boundary",
        "arn:aws:iam::aws:policy/PowerUserAccess",
    ],
    "ExistingKeyArn": ["arn:aws:kms:eu-central-1:111122223333:key/2f9d3e4a-0000-4000-8000-000000000000"],
}

REFUSED = {
    "NamePrefix": ["dev", "Dev-", "1-", "-", "much-too-long-for-it-", "a_b-", "dev- "],
    "ScheduleExpression": ["0 6 * * ? *", "cron(0 6 * * ?)", "rate(0 days)", "rate(1 week)", ""],
    "ScheduleTimezone": ["", "Europe/Berlin; x", "+01:00"],
    "ScheduleState": ["enabled", ""],
    "Playlists": [
        "",
        "all",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/*",
        "s3://bucket/list?.txt",
        "my playlist",
        f"{ID};{ID}",
    ],
    "RequestBudget": ["0", "-1", "many"],
    "AddedBy": ["yes"],
    "GlueVersion": ["5.0", "auto", ""],
    "WorkerType": ["G.025X", "Z.2X"],
    "NumberOfWorkers": ["1", "101"],
    "JobTimeoutMinutes": ["4", "2881"],
    "VolumeDropPercent": ["-1", "101"],
    "CrawlMode": ["never"],
    "DropWaitSeconds": ["-1", "901"],
    "AlarmEmail": ["you", "you@example", "a b@example.org"],
    "MaxExtractAgeHours": ["0", "169"],
    "LogRetentionDays": ["0", "31"],
    "ScanLimitBytes": ["9999999"],
    "JobPackage": ["", "load_transform.zip", "s3://bucket/load_transform.tar", "https://bucket/load_transform.zip"],
    "PermissionsBoundaryArn": ["boundary", "arn:aws:iam::111122223333:role/x"],
    "ExistingKeyArn": ["alias/spotify-etl", "arn:aws:kms:eu-central-1:111122223333:alias/spotify-etl"],
    "ExistingBuckets": ["maybe"],
    "ExistingSecret": ["maybe"],
}


def nested() -> dict[str, dict[str, Any]]:
    """The nested stacks of main.yaml by the name of their template."""
    stacks = resources("main", "AWS::CloudFormation::Stack")
    return {one["Properties"]["TemplateURL"].removesuffix(".yaml"): one["Properties"] for one in stacks.values()}


def test_main_nests_every_template() -> None:
    assert set(nested()) == set(NESTED)
    # The bootstrap stack stands alone: it is there before the others.
    there = {path.stem for path in INFRA.glob("*.yaml")} - {"bootstrap"}
    assert there | {"queries"} == set(STACK)


@pytest.mark.parametrize("name", NESTED)
def test_every_parameter_of_a_nested_template_is_passed_and_nothing_else(name: str) -> None:
    assert set(nested()[name].get("Parameters", {})) == set(template(name)["Parameters"])


@pytest.mark.parametrize("name", STACK)
def test_every_parameter_is_used(name: str) -> None:
    body = json.dumps([template(name).get(part, {}) for part in ("Resources", "Conditions", "Outputs", "Rules")])

    for parameter in template(name)["Parameters"]:
        assert f'"Ref": "{parameter}"' in body or f"${{{parameter}}}" in body, parameter


def test_every_output_that_main_reads_of_a_nested_stack_is_there() -> None:
    stacks = resources("main", "AWS::CloudFormation::Stack")
    file_of = {key: one["Properties"]["TemplateURL"].removesuffix(".yaml") for key, one in stacks.items()}
    read = re.findall(r'"Fn::GetAtt": "(\w+)\.Outputs\.(\w+)"', json.dumps(template("main")))

    assert read
    for stack, output in read:
        assert output in template(file_of[stack])["Outputs"], f"{stack}.{output}"


def test_main_has_its_outputs() -> None:
    assert set(template("main")["Outputs"]) == OUTPUTS


def test_parameters_have_their_defaults_and_only_the_package_has_none() -> None:
    assert defaults(template("main")) == DEFAULTS
    assert set(template("main")["Parameters"]) - set(DEFAULTS) == {"JobPackage"}
    check(template("main"), {**DEFAULTS, "JobPackage": "s3://bucket/load_transform.zip"})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in TAKEN.items() for value in values])
def test_a_good_value_is_taken(name: str, value: str) -> None:
    check(template("main"), {"JobPackage": "s3://bucket/load_transform.zip", name: value})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_a_bad_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(RefusedError, match=name):
        check(template("main"), {"JobPackage": "s3://bucket/load_transform.zip", name: value})


def test_every_parameter_has_a_bad_value_above() -> None:
    # The sweep's expression has the pattern of the schedule's.
    assert set(template("main")["Parameters"]) - set(REFUSED) == {"SweepExpression"}
    patterns = {
        template("main")["Parameters"][name]["AllowedPattern"] for name in ("ScheduleExpression", "SweepExpression")
    }
    assert len(patterns) == 1


def test_what_was_left_by_a_stack_is_not_taken_over_without_its_key() -> None:
    (rule,) = template("main")["Rules"].values()

    assert "ExistingBuckets" in str(rule["RuleCondition"])
    assert "ExistingSecret" in str(rule["RuleCondition"])
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExistingKeyArn"}, ""]}]}


def test_templates_name_local_files_that_packaging_finds_beside_them() -> None:
    named = {
        file.name for name in set(STACK) - {"queries"} for file in local_files((INFRA / f"{name}.yaml").read_text())
    }

    assert named == {*(f"{name}.yaml" for name in NESTED), LAMBDA_PACKAGE, JOB_SCRIPT, STATE_MACHINE}


@pytest.mark.parametrize("name", sorted(set(STACK) - {"queries"}))
def test_no_template_uses_anchors_which_cloudformation_does_not_know(name: str) -> None:
    assert not re.search(r"(^|[\s\[,])[&*][A-Za-z]\w*\s*($|[,\]])", (INFRA / f"{name}.yaml").read_text(), re.MULTILINE)


def test_the_function_s_environment_is_what_the_handler_reads() -> None:
    function = properties("extract", "Function", Playlists=ID, RequestBudget="77", AddedBy="drop")
    settings = LambdaSettings.from_environment(function["Environment"]["Variables"])

    assert settings.raw_bucket == "dev-spotify-raw-111122223333-eu-central-1"
    assert settings.secret_id == "dev-spotify/credentials"
    assert (settings.playlists, settings.budget, settings.keep_added_by) == (ID, 77, False)
    assert function["Handler"] == f"{handler.__name__}.{handler.lambda_handler.__name__}"
    assert (function["Runtime"], function["Architectures"], function["Timeout"]) == ("python3.13", ["arm64"], 900)


def test_a_failed_run_is_not_tried_again_by_lambda_and_is_left_in_the_queue() -> None:
    assert properties("extract", "FunctionInvokeConfig")["MaximumRetryAttempts"] == 0
    assert properties("extract", "Function")["DeadLetterConfig"] == {"TargetArn": "<FailedQueue.Arn>"}
    assert properties("extract", "Schedule")["Target"]["DeadLetterConfig"] == {"Arn": "<FailedQueue.Arn>"}


def test_the_schedule_hands_over_its_time_which_names_the_run() -> None:
    target = properties("extract", "Schedule")["Target"]
    event = json.loads(target["Input"].replace("<aws.scheduler.scheduled-time>", "2026-11-23T06:00:00Z"))

    assert Run.of(event, now=None).run_id == "20261123T060000Z"  # type: ignore[arg-type]  # it has a time of its own


@pytest.mark.parametrize("name", STACK)
def test_log_groups_are_encrypted_and_expire(name: str) -> None:
    for logical_id in resources(name, "AWS::Logs::LogGroup"):
        group = properties(name, logical_id)
        assert "key" in group["KmsKeyId"]
        assert group["RetentionInDays"] == "<LogRetentionDays>"
