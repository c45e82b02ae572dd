"""Counts are checked, then the views refreshed; held dates are told."""

from __future__ import annotations

import re
import time
from contextlib import closing

import pytest

import athena
from spotify_etl.catalog import connect, refresh
from spotify_etl.sql import run
from spotify_etl.stack.definition import statement
from tests.stack.scripted_world import FaultError, JobRun, World, load_id
from tests.stack.state_machines import PENDING, STACK, Pipeline

DATE = "2026-08-03"


@pytest.fixture(autouse=True)
def _something_is_pending(pipeline: Pipeline) -> None:
    pipeline.put(PENDING)


def test_the_views_are_refreshed_in_their_order_with_the_literals_of_the_lake(pipeline: Pipeline, world: World) -> None:
    world.lake.day("2026-08-02", {"p": ["a"]}, load_id="20260802T060000000000Z-a")
    world.next_runs = [JobRun(does=world.loads(DATE))]
    assert pipeline.run("object", key=PENDING).status == "SUCCEEDED"
    assert world.views() == list(athena.VIEWS)
    publication = refresh(world.lake.root)
    expected = [publication.fill(athena.view(name)) for name in athena.VIEWS]
    assert world.statements("CREATE") == [statement(text) for text in expected]
    assert not [text for text in world.statements("") if re.search(r"<<|\$\{", text)]
    for request in world.requests("StartQueryExecution"):
        assert request["WorkGroup"] == "spotify"
        assert request["QueryExecutionContext"] == {"Catalog": "AwsDataCatalog", "Database": "spotify"}
    tokens = [request["ClientRequestToken"] for request in world.requests("StartQueryExecution")]
    assert len(set(tokens)) == len(tokens)
    assert {len(token) for token in tokens} == {64}


def test_counts_are_checked_before_any_view_and_after_the_literals(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=world.loads(DATE))]
    pipeline.run("object", key=PENDING)
    texts = world.statements("")
    (literals,), (counts,) = world.asked("literals"), world.asked("counts")
    assert texts.index(literals) < texts.index(counts) < texts.index(world.statements("CREATE")[0])


def test_counts_that_differ_leave_the_views_as_they_were(pipeline: Pipeline, world: World) -> None:
    def load_half() -> None:
        world.loads(DATE)()
        (written,) = world.lake.transformed.glob("songs_data/*/*.parquet")
        written.unlink()

    world.next_runs = [JobRun(does=load_half)]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.error) == ("FAILED", "Pipeline.CountsDiffer")
    assert f"of {DATE} songs_data holds 0 rows and not 2" in ended.cause
    assert f"spotify-etl reprocess --from {DATE} --to {DATE} --stack {STACK}" in ended.cause
    assert world.views() == []
    assert ended.cause in world.mails()[0]["Message"]


def test_rows_of_an_older_load_leave_the_views_as_they_were(pipeline: Pipeline, world: World) -> None:
    def load_beside() -> None:
        world.lake.write("songs_data", DATE, [{"song_id": "old"}], "20260101T000000000000Z-old")
        world.loads(DATE)()

    world.next_runs = [JobRun(does=load_beside)]
    assert "and 1 of other loads" in pipeline.run("object", key=PENDING).cause
    assert world.views() == []


def test_loads_since_the_last_publication_are_counted_too(pipeline: Pipeline, world: World) -> None:
    # Yesterday's execution failed between job and views: its date is checked today, an older one is not again.
    world.published = time.time() - 86400
    world.lake.day("2026-08-01", {"p": ["a"]}, load_id=load_id(time.time() - 2 * 86400))
    world.lake.day("2026-08-02", {"p": ["a"]}, load_id=load_id(time.time() - 3600))
    world.next_runs = [JobRun(does=world.loads(DATE))]
    assert pipeline.run("object", key=PENDING).output["dates"] == ["2026-08-02", DATE]


def test_a_run_that_began_before_the_last_publication_and_ended_after_it_is_counted(
    pipeline: Pipeline, world: World
) -> None:
    world.published = time.time() - 60
    world.lake.day("2026-08-02", {"p": ["a"]}, load_id=load_id(time.time() - 600))
    world.next_runs = [JobRun(does=world.loads(DATE))]
    assert pipeline.run("object", key=PENDING).output["dates"] == ["2026-08-02", DATE]


def test_views_that_somebody_refreshed_meanwhile_hide_no_load(pipeline: Pipeline, world: World) -> None:
    def load() -> None:
        world.loads(DATE)()
        world.published = time.time() + 5

    world.next_runs = [JobRun(does=load)]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.output["dates"], ended.output["crawled"]) == ([DATE], True)


def test_another_load_before_the_count_is_crawled_and_counted_as_well(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=world.loads(DATE))]
    # Between the first look and the count, a run from the console.
    world.before["StartCrawler"] = world.loads("2026-08-04")
    ended = pipeline.run("object", key=PENDING)
    assert ended.output["dates"] == [DATE, "2026-08-04"]
    assert world.actions().count("StartCrawler") == 6
    assert world.views() == list(athena.VIEWS)


def test_a_run_that_loads_nothing_publishes_nothing(pipeline: Pipeline, world: World) -> None:
    world.published = world.born - 60
    ended = pipeline.run("object", key=PENDING)
    assert (ended.output["outcome"], ended.output["dates"], ended.output["crawled"]) == ("loaded", [], False)
    assert world.started() == []
    assert world.views() == []


def test_a_query_that_fails_once_is_asked_again(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=world.loads(DATE))]
    world.query_ends = {"counts": ["FAILED"], "literals": ["CANCELLED"], "CREATE OR": ["FAILED"]}
    assert pipeline.run("object", key=PENDING).status == "SUCCEEDED"
    assert [len(world.asked(name)) for name in ("loads", "literals", "counts")] == [1, 2, 2]
    assert world.views() == ["songs", *athena.VIEWS]


def test_a_query_that_fails_twice_is_told_and_no_view_is_changed(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=world.loads(DATE))]
    world.query_ends = {"counts": ["FAILED", "FAILED"]}
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.QueryFailed"
    assert "Athena could not count the rows (query " in ended.cause
    assert "HIVE_CANNOT_OPEN_SPLIT: No such file" in ended.cause
    assert world.views() == []
    assert len(world.mails()) == 1


def test_a_view_that_fails_stops_the_others_and_is_told(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=world.loads(DATE))]
    world.query_ends = {"CREATE OR": ["SUCCEEDED", "FAILED", "FAILED"]}
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.QueryFailed"
    assert "Some views may show newer dates than others" in ended.cause
    assert world.views() == ["songs", "albums", "albums"]


def test_a_query_that_never_ends_is_stopped(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=world.loads(DATE))]
    world.query_ends = {"literals": ["RUNNING"]}
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.QueryFailed"
    assert world.actions().count("StopQueryExecution") == 1


def test_a_statement_that_athena_refuses_is_told(pipeline: Pipeline, world: World) -> None:
    world.faults["StartQueryExecution"] = [FaultError("InvalidRequestException", "line 1:1: mismatched input")]
    ended = pipeline.run("start")
    assert ended.error == "Athena.InvalidRequestException"
    assert "mismatched input" in world.mails()[0]["Message"]


def test_a_held_date_is_told_and_the_others_are_published(pipeline: Pipeline, world: World) -> None:
    def load() -> None:
        world.loads(DATE)()
        world.holds("2026-08-04")()
        world.holds("2026-08-05")()

    world.next_runs = [JobRun(does=load)]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.output["held"], ended.output["dates"]) == (
        "SUCCEEDED",
        ["2026-08-04", "2026-08-05"],
        [DATE],
    )
    assert world.views() == list(athena.VIEWS)
    (mail,) = world.mails()
    assert mail["Subject"] == f"{STACK}: 2 dates are held"
    assert "2026-08-04: 2 rows of songs_data share a song_id with another" in mail["Message"]
    assert f"  spotify-etl reprocess --accept 2026-08-05 --stack {STACK}\n" in mail["Message"]


def test_only_held_is_told_without_a_publication(pipeline: Pipeline, world: World) -> None:
    world.published = world.born - 60
    world.next_runs = [JobRun(does=world.holds(DATE))]
    ended = pipeline.run("object", key=PENDING)
    assert (ended.output["outcome"], ended.output["held"], ended.output["crawled"]) == ("loaded", [DATE], False)
    assert world.mails()[0]["Subject"] == f"{STACK}: {DATE} is held"
    assert world.views() == []


def test_a_date_that_was_held_before_is_not_told_again(pipeline: Pipeline, world: World) -> None:
    world.lake.report(DATE, load_id(time.time() - 3600), rebuilt=False, gates_failed=["odd"])
    ended = pipeline.run("object", key=PENDING)
    assert (ended.output["held"], world.mails()) == ([], [])


def test_the_views_that_were_sent_answer(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(does=world.loads(DATE))]
    pipeline.run("object", key=PENDING)
    sent = next(text for text in world.statements("CREATE OR REPLACE VIEW songs "))
    with closing(connect(world.lake.root)) as connection:
        result = run(connection, sent.partition(" AS\n")[2])
    assert [row[0] for row in result.rows] == ["a", "b"]
