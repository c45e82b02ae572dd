"""Check on a real account what no emulator can: `make smoke-aws STACK=spotify-etl`.

It drops a made-up playlist under a date that no real one has, loads it twice while a reader asks, forces an alarm, and
forgets the date. Costs two job runs, two or three times the crawlers, and some queries: under a dollar.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from load_transform.contract import DATASETS, PARTITION, TO_BE_PROCESSED
from spotify_etl.errors import CommandError
from spotify_etl.sql import QueryError
from spotify_etl.stack import athena_query, operate
from spotify_etl.stack.aws import Aws, connect
from spotify_etl.stack.aws_errors import told
from spotify_etl.stack.follow import follow, started_by
from spotify_etl.stack.outputs import Outputs, existing_stack, outputs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

DATE, DAY_AFTER = "2000-01-01", "2000-01-02"
PLAYLIST = "smoke-test"
_ALARM_WITHIN_SECONDS = 120
_PAUSE_SECONDS = 5.0


class SmokeError(CommandError):
    """A check that failed: what was expected, and what was there."""


@dataclass
class Smoke:
    """The checks of one deployed stack."""

    aws: Aws
    outputs: Outputs
    counts: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Run every check in turn, and forget the date in the end."""
        try:
            self._say("a dropped file is loaded by its event", lambda: self._load(["first"]))
            self._say("the tables in the catalogue are those of the contract", self._check_tables)
            self._say("a second load ends in each song once, and a reader never saw fewer", self._load_again)
            self._say("a forced alarm reaches the topic", self._force_an_alarm)
        finally:
            self._say("the date is forgotten", self._forget)

    def _say(self, what: str, check: Callable[[], None]) -> None:
        began = time.monotonic()
        check()
        sys.stdout.write(f"ok  {what} ({time.monotonic() - began:.0f} s)\n")
        sys.stdout.flush()

    def _load(self, songs: list[str]) -> None:
        key = f"{TO_BE_PROCESSED}{PLAYLIST}-{len(songs)}_{DATE}T{len(songs):02}:00:00.json"
        self.aws.session.client("s3").put_object(
            Bucket=self.outputs.RawBucket, Key=key, Body=json.dumps(_page(songs)).encode()
        )
        states = self.aws.session.client("stepfunctions")
        execution = started_by(states, self.outputs.StateMachineArn, key)
        if execution is None:
            raise SmokeError(f"No execution was started by s3://{self.outputs.RawBucket}/{key}.")
        follow(states, execution, on_state=lambda _: None)
        there = self._songs()
        if there != sorted(songs):
            raise SmokeError(f"songs_data of {DATE} holds {there} and not {sorted(songs)}.")

    def _load_again(self) -> None:
        with self._a_reader():
            self._load(["first", "second"])
        if not self.counts or min(self.counts) < 1:
            raise SmokeError(f"A reader saw {self.counts} songs.")

    @contextmanager
    def _a_reader(self) -> Iterator[None]:
        """Count the date's songs over and over."""
        ended = threading.Event()

        def read() -> None:
            while not ended.wait(_PAUSE_SECONDS):
                self.counts.append(len(set(self._songs())))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield
        finally:
            ended.set()
            reader.join()

    def _songs(self) -> list[str]:
        answer = athena_query.ask(
            self.aws.session.client("athena"),
            f"SELECT song_id FROM songs_data WHERE {PARTITION} = '{DATE}' ORDER BY song_id",  # noqa: S608  our own names
            work_group=self.outputs.WorkGroupName,
            database=self.outputs.DatabaseName,
        )
        return [str(song) for (song,) in answer.result.rows]

    def _check_tables(self) -> None:
        glue = self.aws.session.client("glue")
        for dataset in DATASETS:
            table = glue.get_table(DatabaseName=self.outputs.DatabaseName, Name=dataset.name)["Table"]
            columns = tuple((one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"])
            keys = [(one["Name"], one["Type"]) for one in table["PartitionKeys"]]
            if columns != dataset.columns or keys != [(PARTITION, "string")]:
                raise SmokeError(f"{dataset.name} has the columns {columns} by {keys}, the contract {dataset.columns}.")

    def _force_an_alarm(self) -> None:
        client = self.aws.session.client("cloudwatch")
        topic = self.outputs.AlertsTopicArn
        alarms = client.describe_alarms(ActionPrefix=topic)["MetricAlarms"]
        if not alarms:
            raise SmokeError(f"No alarm tells {topic}.")
        name = alarms[0]["AlarmName"]
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="make smoke-aws")
        deadline = time.monotonic() + _ALARM_WITHIN_SECONDS
        while time.monotonic() < deadline:
            history = client.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
            if any("Successfully executed action" in item["HistorySummary"] for item in history):
                return
            time.sleep(_PAUSE_SECONDS)
        raise SmokeError(f"The alarm {name} was forced, and told nobody within {_ALARM_WITHIN_SECONDS} seconds.")

    def _forget(self) -> None:
        operate.order(self.aws, self.outputs, {"action": "forget", "before_date": DAY_AFTER}, _Silent())
        if there := self._songs():
            raise SmokeError(f"{DATE} is forgotten, but songs_data still holds {there}.")


class _Silent:
    """Is told how it goes, and says nothing."""

    def step(self, _text: str) -> None:
        """Take note."""

    def detail(self, _text: str) -> None:
        """Take note."""


def _page(songs: list[str]) -> dict[str, Any]:
    """Return a made-up page in the API's shape."""
    return {
        "href": f"https://api.spotify.com/v1/playlists/{PLAYLIST}/items?offset=0&limit=50",
        "offset": 0,
        "limit": 50,
        "total": len(songs),
        "items": [
            {
                "added_at": f"{DATE}T00:00:00Z",
                "item": {
                    "id": song,
                    "name": song,
                    "type": "track",
                    "uri": f"spotify:track:{song}",
                    "artists": [{"id": "smoke", "name": "Smoke"}],
                    "album": {"id": "smoke", "name": "Smoke", "artists": [{"id": "smoke", "name": "Smoke"}]},
                },
            }
            for song in songs
        ],
    }


def main() -> int:
    """Check the stack that is named, and say in one line what is wrong."""
    try:
        aws = connect(None, None)
        Smoke(aws, outputs_of(existing_stack(aws.session.client("cloudformation"), sys.argv[1]))).run()
    except (CommandError, QueryError) as error:
        sys.stderr.write(f"smoke_aws: {error}\n")
        return 1
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"smoke_aws: {told(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
