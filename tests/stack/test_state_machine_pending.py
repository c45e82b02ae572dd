"""Whether there is anything to do, and whose turn it is."""

from __future__ import annotations

from threading import Event

import pytest

from load_transform.contract import LOAD_INTENTS, TO_BE_PROCESSED
from tests.stack.scripted_world import JobRun, World
from tests.stack.state_machines import MARKER, PENDING, Ended, Pipeline, wait_until

DATE = "2026-08-03"
NOTHING = {"outcome": "nothing_pending", "job_runs": [], "dates": [], "rows": 0, "crawled": False, "held": []}


def without_links(ended: Ended) -> dict[str, object]:
    assert ended.status == "SUCCEEDED", f"{ended.error}: {ended.cause}"
    return {name: value for name, value in ended.output.items() if name != "links"}


def test_nothing_pending(pipeline: Pipeline, world: World) -> None:
    ended = pipeline.run("object", key=PENDING)
    assert without_links(ended) == NOTHING
    assert ended.output["links"]["execution"].startswith(
        "https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/arn:aws:"
    )
    assert world.calls == []


def test_folder_markers_are_no_objects_and_more_than_a_page_of_them_hides_none(
    pipeline: Pipeline, world: World
) -> None:
    markers = [f"{TO_BE_PROCESSED}extract_date=2026-01-01/a{number:03}/" for number in range(130)]
    pipeline.put(*markers)
    assert without_links(pipeline.run("object", key=PENDING)) == NOTHING
    assert world.calls == []
    pipeline.put(PENDING)
    world.next_runs = [JobRun(does=lambda: pipeline.remove(PENDING))]
    assert pipeline.run("object", key=PENDING).output["job_runs"] == ["jr_1"]


def test_what_a_killed_run_left_is_finished(pipeline: Pipeline, world: World) -> None:
    pipeline.put_transformed(f"{LOAD_INTENTS}20260803T060000000000Z-abcdef.alive")
    assert without_links(pipeline.run("object", key=PENDING)) == NOTHING, "a lone sign of life is no intent"
    pipeline.put_transformed(f"{LOAD_INTENTS}20260803T060000000000Z-abcdef.json")
    world.next_runs = [JobRun(does=world.loads(DATE))]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.output["outcome"], ended.output["dates"]) == ("loaded", [DATE])


def test_a_pending_object_is_loaded_crawled_counted_and_published(pipeline: Pipeline, world: World) -> None:
    pipeline.put(MARKER, PENDING)

    world.next_runs = [JobRun(does=world.loads(DATE))]
    ended = pipeline.run("object", key=PENDING)
    assert without_links(ended) == {
        "outcome": "loaded",
        "job_runs": ["jr_1"],
        "dates": [DATE],
        "rows": 2,
        "crawled": True,
        "held": [],
    }
    assert world.requests("StartJobRun") == [{"JobName": "spotify_load_transform", "Arguments": {}}]
    assert world.started() == ["album", "artist", "song"]
    assert world.mails() == []


def test_a_sweep_finds_what_was_loaded_and_never_published(pipeline: Pipeline, world: World) -> None:
    # An execution that fails after the job leaves a date that no view shows, and nothing pending.
    world.published = world.born - 86400
    world.loads(DATE)()
    ended = pipeline.run("sweep")
    assert (ended.output["outcome"], ended.output["dates"], ended.output["job_runs"]) == ("refreshed", [DATE], [])
    assert world.views()[-1] == "lost_songs"
    calls = len(world.calls)
    assert without_links(pipeline.run("sweep")) == NOTHING
    assert {action for _, action, _ in world.calls[calls:]} == {
        "GetTable",
        "StartQueryExecution",
        "GetQueryExecution",
        "GetQueryResults",
    }


def test_a_run_is_active_then_nothing_is_pending(pipeline: Pipeline, world: World) -> None:
    # A run from the console, seen active three times; it takes the object along.
    pipeline.put(PENDING)
    world.runs = [JobRun(id="jr_0", states=("RUNNING",) * 4 + ("SUCCEEDED",), does=lambda: pipeline.remove(PENDING))]
    assert without_links(pipeline.run("object", key=PENDING)) == NOTHING
    assert "StartJobRun" not in world.actions()
    assert world.actions().count("GetJobRuns") >= 3


def test_a_run_from_the_console_is_published_by_whoever_waited_for_it(pipeline: Pipeline, world: World) -> None:
    pipeline.put(PENDING)

    world.runs = [JobRun(id="jr_0", states=("RUNNING", "RUNNING", "SUCCEEDED"), does=world.loads(DATE))]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.output["outcome"], ended.output["dates"]) == ("refreshed", [DATE])
    assert "StartJobRun" not in world.actions()


def test_the_run_that_comes_in_between_is_waited_for(pipeline: Pipeline, world: World) -> None:
    pipeline.put(PENDING)

    def somebody_starts_one() -> None:
        states = ("RUNNING", "RUNNING", "SUCCEEDED")
        world.runs.append(JobRun(id="jr_0", states=states, does=lambda: pipeline.remove(PENDING)))

    world.before["StartJobRun"] = somebody_starts_one
    assert without_links(pipeline.run("object", key=PENDING)) == NOTHING
    assert world.actions().count("StartJobRun") == 1


def test_a_run_that_never_ends_is_given_up(pipeline: Pipeline, world: World) -> None:
    pipeline.put(PENDING)
    world.runs = [JobRun(id="jr_0", states=("RUNNING",))]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.error) == ("FAILED", "Pipeline.JobIsBusy")
    (mail,) = world.mails()
    assert "spotify-etl start --stack spotify-etl" in mail["Message"]


def test_five_events_at_once_are_one_job_run(pipeline: Pipeline, world: World) -> None:
    keys = [f"{TO_BE_PROCESSED}dropped-{number}.json" for number in range(5)]
    pipeline.put(*keys)
    ended_runs = Event()

    def load() -> None:
        world.loads(DATE)()
        pipeline.remove(*keys)

    world.next_runs = [JobRun(does=load)]
    world.before["GetJobRun"] = lambda: _wait(ended_runs)
    arns = [pipeline.start("object", key=key) for key in keys]
    wait_until(lambda: sum(not pipeline.is_running(arn) for arn in arns) >= 3)
    assert pipeline.is_running(arns[0])
    ended_runs.set()
    outcomes = [pipeline.end(arn).output["outcome"] for arn in arns]
    assert outcomes == ["loaded", *["nothing_pending"] * 4]
    assert world.actions().count("StartJobRun") == 1
    assert world.views().count("lost_songs") == 1


def test_an_order_waits_for_its_turn_and_is_not_left_to_others(pipeline: Pipeline, world: World) -> None:
    pipeline.put(PENDING)
    ended_runs = Event()
    world.next_runs = [JobRun(does=lambda: pipeline.remove(PENDING))]
    world.before["GetJobRun"] = lambda: _wait(ended_runs)
    first = [pipeline.start("object", key=PENDING) for _ in range(2)]
    order = pipeline.start("order", arguments={"--action": "requeue", "--objects": "all"})
    wait_until(lambda: "GetJobRun" in world.actions())
    assert pipeline.is_running(order)
    ended_runs.set()
    for arn in (*first, order):
        assert pipeline.end(arn).status == "SUCCEEDED"
    asked = [request["Arguments"] for request in world.requests("StartJobRun")]
    assert asked == [{}, {"--action": "requeue", "--objects": "all"}]


@pytest.mark.parametrize("reason", ["stack", "start"])
def test_a_deployment_and_a_start_refresh_although_nothing_is_pending(
    pipeline: Pipeline, world: World, reason: str
) -> None:
    world.published = world.born
    for date in ("2026-01-01", DATE):
        world.lake.day(date, {"p": ["a"]}, load_id=f"{date.replace('-', '')}T060000000000Z-a")
    ended = pipeline.run(reason)
    assert without_links(ended) == {
        "outcome": "refreshed",
        "job_runs": [],
        "dates": ["2026-01-01", DATE],
        "rows": 2,
        "crawled": True,
        "held": [],
    }
    assert world.views()[-1] == "lost_songs"


def test_the_first_deployment_makes_the_views_and_crawls_nothing(pipeline: Pipeline, world: World) -> None:
    ended = pipeline.run("stack")
    assert (ended.output["outcome"], ended.output["dates"], ended.output["crawled"]) == ("refreshed", [], False)
    assert world.started() == []
    assert len(world.views()) == 11


def test_a_start_loads_what_is_pending(pipeline: Pipeline, world: World) -> None:
    pipeline.put(PENDING)
    world.next_runs = [JobRun(does=lambda: pipeline.remove(PENDING))]
    assert pipeline.run("start").output["job_runs"] == ["jr_1"]


def _wait(event: Event) -> None:
    assert event.wait(30)
