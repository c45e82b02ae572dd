"""The chain, executed: what `deploy` has made works on an emulated AWS, by itself, from Spotify to an answer.

The function's own zip under its role, the event that its marker causes, the state machine, the job's script and package
with the arguments of the template on Spark under the job's role, the crawlers' targets, the tables as declared, the
named queries. `tests/stack/chain.py` says what is not as on AWS.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import athena
from load_transform.contract import DATASETS, PROCESSED, TO_BE_PROCESSED
from spotify_etl.questions import shipped
from tests.stack.chain import STACK, WEEKS, Chain
from tests.stack.commands import Command

DROPPED = f"{TO_BE_PROCESSED}other_2026-11-18T10:00:00.json"
PATIENCE_SECONDS = 300


def test_the_run_ends_in_a_load_that_its_marker_started(chain: Chain) -> None:
    told = json.loads(chain.said)

    assert told["extract"]["outcomes"] == {"fetched": told["extract"]["landed"]}
    assert told["execution"]["outcome"] == "loaded"
    assert told["execution"]["crawled"] is True
    assert set(WEEKS) < set(told["execution"]["dates"])


def test_every_raw_object_is_in_processed_and_none_is_left(chain: Chain) -> None:
    raw = chain.outputs["RawBucket"]
    moved = {key.replace(TO_BE_PROCESSED, PROCESSED) for key in chain.landed}

    assert chain.keys(raw, TO_BE_PROCESSED) == []
    assert moved < set(chain.keys(raw, PROCESSED))
    assert not chain.keys(chain.outputs["TransformedBucket"], "load_intents/")


def test_the_job_ran_with_the_arguments_of_the_template(chain: Chain) -> None:
    job = chain.aws.client("glue").get_job(JobName=chain.outputs["JobName"])["Job"]
    run = chain.runs()[0]

    assert run["JobRunState"] == "SUCCEEDED"
    assert run["Arguments"] == job["DefaultArguments"]
    assert run["Arguments"]["--raw_uri"] == f"s3://{chain.outputs['RawBucket']}"


def test_the_crawlers_targets_are_the_tables_that_hold_the_dates(chain: Chain) -> None:
    glue = chain.aws.client("glue")
    crawled = set()
    for crawler in ("AlbumCrawler", "ArtistCrawler", "SongCrawler"):
        described = glue.get_crawler(Name=chain.outputs[crawler])["Crawler"]
        assert described["LastCrawl"]["Status"] == "SUCCEEDED"
        for target in described["Targets"]["CatalogTargets"]:
            crawled |= {(target["DatabaseName"], table) for table in target["Tables"]}

    assert crawled == {(chain.outputs["DatabaseName"], dataset.name) for dataset in DATASETS}
    for database, table in crawled:
        partitions = glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"]
        assert set(WEEKS) < {partition["Values"][0] for partition in partitions}


def test_every_view_and_every_named_query_answers(chain: Chain) -> None:
    client = chain.aws.client("athena")
    named = client.list_named_queries(WorkGroup=chain.outputs["WorkGroupName"])["NamedQueryIds"]
    queries = [client.get_named_query(NamedQueryId=one)["NamedQuery"] for one in named]

    assert {query["Name"] for query in queries} == set(athena.queries())
    for query in queries:
        assert query["Database"] == chain.outputs["DatabaseName"]
        chain.ask(query["QueryString"])
    for view in athena.VIEWS:
        (counted,) = chain.ask(f"SELECT count(*) AS n FROM {view}")
        assert int(counted["n"]) > 0, view


def test_the_answers_are_those_of_the_same_objects_on_a_local_lake(chain: Chain, tmp_path: Path) -> None:
    raw = chain.outputs["RawBucket"]
    folder = tmp_path / "raw"
    for key in chain.keys(raw, PROCESSED):
        path = folder / key.removeprefix(PROCESSED)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chain.aws.client("s3").get_object(Bucket=raw, Key=key)["Body"].read())
    local = Command(chain.aws, tmp_path)
    local.well("run", "--raw", str(folder), "--lake", str(tmp_path / "lake"))

    for sql in (
        "SELECT song_id, song_name, album_id, as_of_date FROM songs ORDER BY song_id",
        "SELECT playlist_id, position, item_uri FROM playlist_items ORDER BY playlist_id, position",
        "SELECT * FROM playlist_changes",
        shipped("top_artists").with_literals(),
    ):
        here = local.well("query", "--lake", str(tmp_path / "lake"), "--format", "csv", "--", sql)
        there = local.well("query", "--stack", STACK, "--format", "csv", "--", sql)
        assert sorted(there.splitlines()) == sorted(here.splitlines())


def test_with_nothing_new_no_run_is_started(chain: Chain) -> None:
    before = len(chain.runs())
    said = json.loads(chain.command.well("start", "--stack", STACK, "--json"))

    assert said["execution"]["outcome"] == "refreshed"
    assert len(chain.runs()) == before


def test_a_file_that_is_dropped_by_hand_is_loaded(chain: Chain) -> None:
    page = {
        "href": "https://api.spotify.com/v1/playlists/dropped/items?offset=0&limit=50",
        "offset": 0,
        "total": 1,
        "items": [
            {
                "added_at": "2026-11-01T00:00:00Z",
                "item": {"id": "by-hand", "name": "By hand", "type": "track", "uri": "spotify:track:by-hand"},
            }
        ],
    }
    chain.aws.client("s3").put_object(Bucket=chain.outputs["RawBucket"], Key=DROPPED, Body=json.dumps(page))

    def is_there() -> bool:
        rows = chain.ask("SELECT count(*) AS n FROM songs_data WHERE song_id = 'by-hand'")
        return int(rows[0]["n"]) == 1 and not _active_executions(chain)

    _wait_for(is_there)


def test_a_date_is_rebuilt_by_an_order(chain: Chain) -> None:
    before = chain.ask(f"SELECT * FROM songs_data WHERE extract_date = '{WEEKS[0]}' ORDER BY song_id")
    said = json.loads(chain.command.well("reprocess", "--from", WEEKS[0], "--to", WEEKS[0], "--stack", STACK, "--json"))
    after = chain.ask(f"SELECT * FROM songs_data WHERE extract_date = '{WEEKS[0]}' ORDER BY song_id")

    assert WEEKS[0] in said["execution"]["dates"]
    assert chain.runs()[-1]["Arguments"]["--action"] == "reprocess"
    assert {row.pop("load_id") for row in before} != {row.pop("load_id") for row in after}
    assert after == before


def test_what_is_forgotten_is_gone_from_the_catalogue_too(chain: Chain) -> None:
    chain.command.well("forget", "--before", WEEKS[1], "--stack", STACK)
    partitions = chain.aws.client("glue").get_partitions(
        DatabaseName=chain.outputs["DatabaseName"], TableName="songs_data"
    )["Partitions"]

    assert WEEKS[0] not in {partition["Values"][0] for partition in partitions}
    assert not [key for key in chain.keys(chain.outputs["RawBucket"]) if f"extract_date={WEEKS[0]}/" in key]
    assert WEEKS[0] not in {row["d"] for row in chain.ask("SELECT DISTINCT extract_date AS d FROM songs_data")}


def test_status_tells_what_became_of_it(chain: Chain) -> None:
    told = json.loads(chain.command.well("status", "--stack", STACK, "--json"))

    assert told["pending"] == []
    assert told["quarantined"] == []


def _active_executions(chain: Chain) -> list[Any]:
    found: list[Any] = chain.aws.client("stepfunctions").list_executions(
        stateMachineArn=chain.outputs["StateMachineArn"], statusFilter="RUNNING"
    )["executions"]
    return found


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(2)
