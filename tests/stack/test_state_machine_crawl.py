"""Crawlers and partitions, as CrawlMode says."""

from __future__ import annotations

import time

import pytest

from tests.stack.scripted_world import DAY, HOUR, JobRun, World
from tests.stack.state_machines import PENDING, Pipeline

DATE = "2026-08-03"
TABLES = ["albums_data", "artists_data", "songs_data", "playlist_items_data", "playlists_data"]


@pytest.fixture(autouse=True)
def _a_date_is_loaded(pipeline: Pipeline, world: World) -> None:
    pipeline.put(PENDING)
    world.next_runs = [JobRun(does=world.loads(DATE))]


def everything_crawled(world: World, ago: float) -> None:
    for crawler in world.crawlers.values():
        crawler.last = world.born - ago


def test_always_starts_each_crawler(pipeline: Pipeline, world: World) -> None:
    everything_crawled(world, ago=HOUR)
    assert pipeline.run("object", key=PENDING).output["crawled"] is True
    assert world.started() == ["album", "artist", "song"]
    assert world.statements("ALTER") == []


def test_a_crawler_that_runs_already_is_waited_for_and_started_again(pipeline: Pipeline, world: World) -> None:
    world.crawlers["artist"].busy = 3
    assert pipeline.run("object", key=PENDING).status == "SUCCEEDED"
    assert world.started() == ["album", "artist", "song"]
    asked = [request["Name"] for request in world.requests("StartCrawler")]
    assert asked.count("artist") == 2


def test_a_crawler_that_never_is_ready_is_given_up(pipeline: Pipeline, world: World) -> None:
    world.crawlers["artist"].busy = 10**6
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.CrawlTookTooLong"
    assert world.requests("StopCrawler") == [], "somebody else started it"


def test_a_crawl_that_takes_too_long_is_stopped(pipeline: Pipeline, world: World) -> None:
    world.crawlers["song"].looks = 10**6
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.CrawlTookTooLong"
    assert world.requests("StopCrawler") == [{"Name": "song"}]


@pytest.mark.parametrize("end", ["FAILED", "CANCELLED"])
def test_a_crawl_that_fails_leaves_the_views_as_they_were(pipeline: Pipeline, world: World, end: str) -> None:
    world.crawlers["song"].ends = end
    ended = pipeline.run("object", key=PENDING)
    assert (ended.status, ended.error) == ("FAILED", "Pipeline.CrawlFailed")
    assert f"The crawler song ended {end}" in ended.cause
    assert ("Insufficient Lake Formation permission" in ended.cause) == (end == "FAILED")
    assert world.views() == []
    (mail,) = world.mails()
    assert "spotify-etl start --stack spotify-etl" in mail["Message"]


def test_the_last_crawl_of_a_crawler_that_was_not_seen_to_run_is_not_taken_for_this_one(
    pipeline: Pipeline, world: World
) -> None:
    # Glue may show for a moment what was before the start.
    crawler = world.crawlers["song"]
    crawler.last = world.born - DAY

    def shown_late() -> None:
        crawler.last, crawler.busy = world.born - DAY, 0

    world.after["StartCrawler"] = shown_late
    ended = pipeline.run("object", key=PENDING)
    assert ended.error == "Pipeline.CrawlTookTooLong"


def test_auto_registers_the_date_and_crawls_nothing_that_is_known(pipeline: Pipeline, world: World) -> None:
    pipeline.set(CrawlMode="auto")
    everything_crawled(world, ago=2 * DAY)
    ended = pipeline.run("object", key=PENDING)
    assert ended.output["crawled"] is False
    assert world.started() == []
    assert world.statements("ALTER") == [
        f"ALTER TABLE {table} ADD IF NOT EXISTS PARTITION (extract_date = '{DATE}') "
        f"LOCATION 's3://{pipeline.transformed}/{table}/extract_date={DATE}/'"
        for table in TABLES
    ]
    assert world.partitions == {table: [DATE] for table in TABLES}
    assert world.views()[-1] == "lost_songs"


def test_auto_registers_many_dates_in_few_statements(pipeline: Pipeline, world: World) -> None:
    pipeline.set(CrawlMode="auto")
    everything_crawled(world, ago=2 * DAY)
    dates = [f"{year}-{month:02}-{day:02}" for year in (2024, 2025) for month in range(1, 13) for day in range(1, 23)]
    for number, date in enumerate(dates):
        world.lake.report(date, f"20260101T060000{number:06}Z-a", rows=dict.fromkeys(TABLES, 0))
    ended = pipeline.run("start")
    assert len(ended.output["dates"]) == len(dates) + 1
    asked = world.statements("ALTER")
    assert len(asked) == 2 * len(TABLES)
    assert sum(text.count("PARTITION (") for text in asked) == len(TABLES) * (len(dates) + 1)
    assert max(map(len, asked)) < 262_144


def test_auto_crawls_what_was_never_crawled(pipeline: Pipeline, world: World) -> None:
    pipeline.set(CrawlMode="auto")
    everything_crawled(world, ago=2 * DAY)
    world.crawlers["song"].last = None
    assert pipeline.run("object", key=PENDING).output["crawled"] is True
    assert world.started() == ["song"]
    assert len(world.statements("ALTER")) == len(TABLES)


def test_auto_crawls_after_a_week_and_after_a_failure(pipeline: Pipeline, world: World) -> None:
    pipeline.set(CrawlMode="auto")
    everything_crawled(world, ago=2 * DAY)
    world.crawlers["album"].last = world.born - 7 * DAY - HOUR
    world.crawlers["artist"].last_status = "FAILED"
    pipeline.run("object", key=PENDING)
    assert world.started() == ["album", "artist"]


def test_auto_crawls_a_table_that_has_changed(pipeline: Pipeline, world: World) -> None:
    pipeline.set(CrawlMode="auto")
    everything_crawled(world, ago=2 * DAY)
    world.tables_updated["playlist_items_data"] = world.born - DAY
    # Updated by the crawl itself.
    world.tables_updated["albums_data"] = world.born - 2 * DAY + 0.5 * HOUR
    pipeline.run("object", key=PENDING)
    assert world.started() == ["song"]


@pytest.mark.parametrize("mode", ["always", "auto"])
def test_dates_that_an_order_forgot_lose_their_partitions(pipeline: Pipeline, world: World, mode: str) -> None:
    pipeline.set(CrawlMode=mode)
    pipeline.remove(PENDING)
    old = [f"2025-{month:02}-{day:02}" for month in range(1, 6) for day in range(1, 29)]
    for table in TABLES:
        world.partitions[table] = [*old, "2026-01-01"]
    world.partitions["artists_data"] = ["2026-01-01"]
    world.published = time.time()
    world.next_runs = [JobRun()]
    ended = pipeline.run("order", arguments={"--action": "forget", "--before_date": "2026-01-01"})
    assert (ended.status, ended.output["dates"], ended.output["crawled"]) == ("SUCCEEDED", [], False)
    assert world.partitions == {table: ["2026-01-01"] for table in TABLES}
    dropped = world.statements("ALTER TABLE albums_data DROP IF EXISTS PARTITION (extract_date = '2025-01-01'), PARTI")
    assert len(dropped) == 1
    assert world.views()[-1] == "lost_songs"


def test_what_waits_after_a_forget_is_loaded(pipeline: Pipeline, world: World) -> None:
    world.next_runs = [JobRun(), JobRun(does=world.loads(DATE))]
    time.sleep(1.1)  # S3 tells whole seconds: the object is older than the run
    ended = pipeline.run("order", arguments={"--action": "forget", "--before_date": "2026-01-01"})
    assert (ended.output["job_runs"], ended.output["dates"]) == (["jr_1", "jr_2"], [DATE])
