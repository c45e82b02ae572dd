"""The job's runs: followed, started once more after a crash, stopped when they take too long, in rounds."""

from __future__ import annotations

import time

import pytest

from load_transform.contract import TO_BE_PROCESSED
from tests.stack.scripted_world import FaultError, JobRun, World
from tests.stack.state_machines import PENDING, STACK, Pipeline

DATE = "2026-08-03"
LATER = f"{TO_BE_PROCESSED}later.json"


@pytest.fixture(autouse=True)
def _something_is_pending(pipeline: Pipeline) -> None:
    pipeline.put(PENDING)


def failing(fault: str = "Py4JJavaError: no space left", state: str = "FAILED") -> JobRun:
    return JobRun(states=("RUNNING", state), fault=fault)


def test_a_run_that_crashes_is_started_once_more(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [failing(), JobRun(does=world.loads(DATE))]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.output["job_runs"], ended.output["dates"]) == ("SUCCEEDED", ["jr_1", "jr_2"], [DATE])
    assert world.mails() == []


def test_a_run_that_crashes_twice_is_told_with_its_reason(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [failing("one"), failing("Py4JJavaError: no space left")]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.error) == ("FAILED", "Pipeline.JobFailed")
    assert "The job run jr_2 ended FAILED: Py4JJavaError: no space left. It was the second try." in ended.cause
    assert [run.id for run in world.runs] == ["jr_1", "jr_2"]
    (mail,) = world.mails()
    assert mail["Subject"] == f"{STACK}: the pipeline failed (Pipeline.JobFailed)"
    assert mail["TopicArn"] == pipeline.settings["AlertsTopicArn"]
    assert ended.cause in mail["Message"]
    assert "spotify-etl start --stack spotify-etl" in mail["Message"]
    assert "https://eu-central-1.console.aws.amazon.com/states/home" in mail["Message"]
    assert "StartCrawler" not in world.actions()
    assert world.views() == []


def test_a_crash_in_a_later_round_is_no_third_chance(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [failing(), JobRun(does=lambda: pipeline.put(LATER)), failing()]
    assert pipeline.run("object", key=PENDING).error == "Pipeline.JobFailed"
    assert len(world.runs) == 3


@pytest.mark.parametrize("state", ["TIMEOUT", "STOPPED", "EXPIRED"])
def test_a_run_that_was_ended_by_others_is_not_tried_again(pipeline: Pipeline, world: World, state: str) -> None:
    world.next_runs = [failing("", state)]
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.JobFailed"
    assert f"ended {state}: it gave no reason" in ended.cause
    assert len(world.runs) == 1


def test_a_run_that_refuses_is_not_tried_again(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [failing("SystemExit: 2")]
    ended = pipeline.run("order", arguments={"--action": "reprocess", "--from_date": "1999-01-01"})
    assert ended.error == "Pipeline.JobRefused"
    assert len(world.runs) == 1
    (mail,) = world.mails()
    assert 'Started by: order {"--action":"reprocess","--from_date":"1999-01-01"}' in mail["Message"]


def test_a_run_that_takes_too_long_is_stopped(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(states=("RUNNING",))]
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.JobTookTooLong"
    assert world.requests("BatchStopJobRun") == [{"JobName": "spotify_load_transform", "JobRunIds": ["jr_1"]}]
    assert len(world.mails()) == 1
    # Each look is 5 % of the time later than the one before: an hour and a quarter are well below a hundred of them.
    assert 30 < world.actions().count("GetJobRun") < 100


def test_the_bound_follows_the_jobs_own_timeout(pipeline: Pipeline, world: World) -> None:
    pipeline.set(JobTimeoutMinutes="5")
    world.next_runs = [JobRun(states=("RUNNING",))]
    assert "20 minutes or more" in pipeline.run("object", key=PENDING).cause


def test_what_came_meanwhile_is_another_round_of_loading(pipeline: Pipeline, world: World) -> None:
    def first() -> None:
        world.loads(DATE)()
        pipeline.put(LATER)

    def second() -> None:
        world.loads("2026-08-04")()
        pipeline.remove(LATER)

    world.next_runs = [JobRun(does=first), JobRun(does=second)]
    ended = pipeline.run("order", arguments={"--action": "reprocess", "--accept_dates": DATE})
    assert (ended.output["job_runs"], ended.output["dates"]) == (["jr_1", "jr_2"], [DATE, "2026-08-04"])
    asked = [request["Arguments"] for request in world.requests("StartJobRun")]
    assert asked == [{"--action": "reprocess", "--accept_dates": DATE}, {}], "an order is carried out once"


def test_three_rounds_are_enough(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=lambda: pipeline.put(LATER)) for _ in range(5)]
    assert len(pipeline.run("object", key=PENDING).output["job_runs"]) == 3


def test_objects_that_were_there_before_the_run_are_no_new_round(pipeline: Pipeline, world: World) -> None:
    # Those of a held date stay, so each look would find them.
    time.sleep(1.1)  # S3 tells whole seconds
    world.next_runs = [JobRun(does=world.holds(DATE))]
    ended = pipeline.run("object", key=PENDING)
    assert ended.output["job_runs"] == ["jr_1"]


def test_an_order_is_carried_out_with_nothing_pending(pipeline: Pipeline, world: World) -> None:
    pipeline.remove(PENDING)
    world.next_runs = [JobRun(does=world.loads(DATE))]
    arguments = {"--action": "reprocess", "--from_date": DATE, "--to_date": DATE}
    ended = pipeline.run("order", arguments=arguments)
    assert (ended.output["outcome"], ended.output["dates"]) == ("loaded", [DATE])
    assert world.requests("StartJobRun")[0]["Arguments"] == arguments


def test_a_dry_run_changes_and_publishes_nothing(pipeline: Pipeline, world: World) -> None:
    arguments = {"--action": "forget", "--before_date": DATE, "--dry_run": "true"}
    ended = pipeline.run("order", arguments=arguments)
    assert (ended.output["outcome"], ended.output["job_runs"], ended.output["crawled"]) == ("loaded", ["jr_1"], False)
    assert world.actions("athena") == []


def test_throttling_is_waited_for(pipeline: Pipeline, world: World) -> None:
    throttled = FaultError("ThrottlingException", "Rate exceeded")
    world.faults = {"GetJobRuns": [throttled] * 2, "StartJobRun": [throttled], "GetJobRun": [throttled]}
    world.faults |= {"StartCrawler": [throttled], "GetCrawler": [throttled], "GetTable": [throttled]}
    busy = FaultError("TooManyRequestsException", "Rate exceeded")
    world.faults |= {"StartQueryExecution": [busy], "GetQueryExecution": [busy], "GetQueryResults": [busy]}
    world.next_runs = [JobRun(does=world.loads(DATE))]
    ended = pipeline.run("object", key=PENDING)
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.output["job_runs"] == ["jr_1"]


def test_a_start_whose_answer_was_lost_is_not_given_twice(pipeline: Pipeline, world: World) -> None:
    def it_starts() -> None:
        world.next_runs = [JobRun(does=world.loads(DATE))]
        world.on_start_job_run({"Arguments": {}})

    world.before["StartJobRun"] = it_starts
    world.faults["StartJobRun"] = [FaultError("InternalServiceException", "An internal error has occurred")]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.output["job_runs"], ended.output["dates"]) == ("SUCCEEDED", ["jr_1"], [DATE])
    assert world.actions().count("StartJobRun") == 1


def test_a_job_that_cannot_be_started_is_told(pipeline: Pipeline, world: World) -> None:
    world.faults["StartJobRun"] = [
        FaultError("AccessDeniedException", "not authorized to perform: glue:StartJobRun")
    ] * 9
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.JobNotStarted"
    assert "not authorized to perform: glue:StartJobRun" in ended.cause
    assert len(world.mails()) == 1


def test_any_other_failure_is_told_as_well(pipeline: Pipeline, world: World) -> None:
    world.faults["GetJobRuns"] = [FaultError("AccessDeniedException", "not authorized to perform: glue:GetJobRuns")]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.error) == ("FAILED", "Glue.AccessDeniedException")
    (mail,) = world.mails()
    assert "not authorized to perform: glue:GetJobRuns" in mail["Message"]
    assert "spotify-etl start --stack spotify-etl" in mail["Message"]


def test_a_failure_of_the_topic_hides_no_reason(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [failing(), failing()]
    world.faults["Publish"] = [FaultError("AuthorizationError", "no")]
    assert pipeline.run("object", key=PENDING).error == "Pipeline.JobFailed"
