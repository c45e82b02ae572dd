"""What the state machine meets: a job, crawlers and a catalogue that a test scripts, and Athena over a small lake.

The buckets and the topic are MiniStack's own. Athena's questions are answered by the project's SQL from the lake that
the job's runs write; what it is asked to change is kept in the order in which it was asked.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import athena
from load_transform.contract import DATASETS
from spotify_etl.catalog import connect
from spotify_etl.sql import QueryError, run
from tests.stack.statements import kind_of
from tests.unit.sql.lakes import Lake

Json = dict[str, Any]
Step = Callable[[], None]

CRAWLERS = ("album", "artist", "song")
HOUR = 3600.0
DAY = 24 * HOUR


class FaultError(Exception):
    """An error that a service answers with: its code, and what it says."""


@dataclass
class JobRun:
    """One run: the states that it is seen in, the last for ever, and what it does before it is first seen so."""

    states: tuple[str, ...] = ("STARTING", "RUNNING", "SUCCEEDED")
    does: Step = lambda: None
    fault: str = ""
    id: str = ""
    arguments: Json = field(default_factory=dict)
    started: float = 0.0
    seen: int = 0

    @property
    def state(self) -> str:
        return self.states[min(self.seen, len(self.states) - 1)]

    def as_glue(self) -> Json:
        told = {"Id": self.id, "JobRunState": self.state, "StartedOn": self.started, "Arguments": self.arguments}
        return {**told, "ErrorMessage": self.fault} if self.fault else told


@dataclass
class Crawler:
    """A crawler: when it last crawled with which end, for how many looks it runs, and how its next crawl ends."""

    last: float | None = None
    last_status: str = "SUCCEEDED"
    busy: int = 0
    ends: str = "SUCCEEDED"
    looks: int = 2


class World:
    """What is asked is kept in `calls` as (service, action, request)."""

    def __init__(self, root: Path) -> None:
        self.born = time.time()
        self.lake = Lake(root)
        self.calls: list[tuple[str, str, Json]] = []
        self.runs: list[JobRun] = []
        self.next_runs: list[JobRun] = []
        self.crawlers = {name: Crawler() for name in CRAWLERS}
        self.tables_updated = {dataset.name: time.time() - 30 * DAY for dataset in DATASETS}
        self.published: float | None = None
        self.partitions: dict[str, list[str]] = {dataset.name: [] for dataset in DATASETS}
        self.faults: dict[str, list[FaultError]] = {}
        self.query_ends: dict[str, list[str]] = {}
        self.take: Step = lambda: None
        self.before: dict[str, Step] = {}
        self.after: dict[str, Step] = {}
        self._queries: dict[str, Json] = {}
        self._lock = threading.RLock()

    # What tests look at.

    def actions(self, service: str = "") -> list[str]:
        """Return the actions that were asked for, in order."""
        return [action for asked, action, _ in self.calls if asked == service or not service]

    def requests(self, action: str) -> list[Json]:
        return [request for _, asked, request in self.calls if asked == action]

    def statements(self, beginning: str) -> list[str]:
        """Return the statements that Athena was asked, of those that begin so."""
        asked = [request["QueryString"] for request in self.requests("StartQueryExecution")]
        return [text for text in asked if text.startswith(beginning)]

    def views(self) -> list[str]:
        """Return the names of the views that were refreshed, in order."""
        return [text.split()[4] for text in self.statements("CREATE OR REPLACE VIEW ")]

    def asked(self, name: str) -> list[str]:
        """Return the statements of one file of athena/publish that were asked."""
        return [text for text in self.statements("WITH ") if kind_of(text) == name]

    def started(self) -> list[str]:
        """Return the crawlers that were started with success, in alphabetical order."""
        return sorted(name for name, crawler in self.crawlers.items() if crawler.last and crawler.last > self.born)

    def mails(self) -> list[Json]:
        return self.requests("Publish")

    # What the emulator asks.

    def answer(self, service: str, action: str, request: Json) -> Json:
        if action == "CreateTopic":
            return {}
        with self._lock:
            self.calls.append((service, action, request))
            if step := self.before.pop(action, None):
                step()
            try:
                return self._answered(service, action, request)
            except FaultError as fault:
                code, message = fault.args
                return {"error": code, "message": message}

    def _answered(self, service: str, action: str, request: Json) -> Json:
        if faults := self.faults.get(action):
            raise faults.pop(0)
        if service == "sns":
            return {}
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        said = {"answer": getattr(self, f"on_{name}")(request)}
        if (late := self.after.get(action)) and "song" in str(request):
            late()
        return said

    def on_get_job_runs(self, _request: Json) -> Json:
        for job_run in self.runs:
            _look(job_run)
        return {"JobRuns": [job_run.as_glue() for job_run in reversed(self.runs)]}

    def on_start_job_run(self, request: Json) -> Json:
        if any(job_run.state in {"STARTING", "RUNNING", "STOPPING"} for job_run in self.runs):
            raise FaultError("ConcurrentRunsExceededException", "Concurrent runs exceeded for spotify_load_transform")
        job_run = self.next_runs.pop(0) if self.next_runs else JobRun()
        job_run.id = f"jr_{len(self.runs) + 1}"
        job_run.arguments, job_run.started = request.get("Arguments", {}), time.time()
        self.runs.append(job_run)
        return {"JobRunId": job_run.id}

    def on_get_job_run(self, request: Json) -> Json:
        (job_run,) = (one for one in self.runs if one.id == request["RunId"])
        _look(job_run)
        return {"JobRun": job_run.as_glue()}

    def on_batch_stop_job_run(self, request: Json) -> Json:
        for job_run in self.runs:
            if job_run.id in request["JobRunIds"]:
                job_run.states, job_run.seen = ("STOPPED",), 0
        return {"SuccessfulSubmissions": [], "Errors": []}

    def on_start_crawler(self, request: Json) -> Json:
        crawler = self.crawlers[request["Name"]]
        if crawler.busy:
            raise FaultError("CrawlerRunningException", f"Crawler {request['Name']} is already running")
        crawler.busy, crawler.last, crawler.last_status = crawler.looks, time.time(), crawler.ends
        return {}

    def on_stop_crawler(self, request: Json) -> Json:
        self.crawlers[request["Name"]].busy = 0
        return {}

    def on_get_crawler(self, request: Json) -> Json:
        crawler = self.crawlers[request["Name"]]
        told: Json = {"Name": request["Name"], "State": "RUNNING" if crawler.busy else "READY"}
        crawler.busy = max(0, crawler.busy - 1)
        if crawler.last is not None:
            told["LastCrawl"] = {"Status": crawler.last_status, "StartTime": crawler.last}
            if crawler.last_status == "FAILED":
                told["LastCrawl"]["ErrorMessage"] = "Insufficient Lake Formation permission"
        return {"Crawler": told}

    def on_get_table(self, request: Json) -> Json:
        name = request["Name"]
        if name == athena.VIEWS[-1] and self.published is None:
            raise FaultError("EntityNotFoundException", f"Table {name} not found")
        updated = self.published if name == athena.VIEWS[-1] else self.tables_updated[name]
        return {"Table": {"Name": name, "UpdateTime": updated}}

    def on_get_partitions(self, request: Json) -> Json:
        values = self.partitions[request["TableName"]][: request["MaxResults"]]
        return {"Partitions": [{"Values": [value]} for value in values]}

    def on_start_query_execution(self, request: Json) -> Json:
        text = request["QueryString"]
        ends = self.query_ends.get(kind_of(text), [])
        query = f"query-{len(self._queries) + 1}"
        self._queries[query] = {"text": text, "state": ends.pop(0) if ends else "SUCCEEDED"}
        if self._queries[query]["state"] == "SUCCEEDED":
            self._carry_out(text)
        return {"QueryExecutionId": query}

    def _carry_out(self, text: str) -> None:
        words = text.split()
        if text.startswith("ALTER TABLE"):
            table = self.partitions[words[2]]
            dates = [part.split("'")[1] for part in text.split("PARTITION (")[1:]]
            kept = sorted({*table, *dates}) if words[3] == "ADD" else [one for one in table if one not in dates]
            self.partitions[words[2]] = kept
        elif text.startswith(f"CREATE OR REPLACE VIEW {athena.VIEWS[-1]} "):
            self.published = time.time()

    def on_get_query_execution(self, request: Json) -> Json:
        query = self._queries[request["QueryExecutionId"]]
        status = {"State": query["state"]}
        if query["state"] == "FAILED":
            status["StateChangeReason"] = "HIVE_CANNOT_OPEN_SPLIT: No such file"
        return {"QueryExecution": {"QueryExecutionId": request["QueryExecutionId"], "Status": status}}

    def on_stop_query_execution(self, _request: Json) -> Json:
        return {}

    def on_get_query_results(self, request: Json) -> Json:
        text = self._queries[request["QueryExecutionId"]]["text"]
        with closing(connect(self.lake.root)) as connection:
            try:
                result = run(connection, text)
            except QueryError as error:
                raise FaultError("InvalidRequestException", str(error)) from error
        # As Athena: a header first, a null without a value, an empty text with an empty one.
        rows = [{"Data": [{"VarCharValue": name} for name in result.columns]}]
        rows += [
            {"Data": [{} if value is None else {"VarCharValue": str(value)} for value in row]} for row in result.rows
        ]
        columns = [{"Name": name, "Type": "varchar"} for name in result.columns]
        return {"ResultSet": {"Rows": rows[: request["MaxResults"]], "ResultSetMetadata": {"ColumnInfo": columns}}}

    # What a run of the job does to the lake.

    def loads(self, *dates: str, **options: Any) -> Step:
        """Return what a run does that loads these dates, and what is pending is gone."""

        def load() -> None:
            self.take()
            for date in dates:
                self.lake.day(date, {"p": ["a", "b"]}, load_id=load_id(time.time()), **options)

        return load

    def holds(self, date: str) -> Step:
        """Return what a run does that a gate holds."""

        def hold() -> None:
            found = ["2 rows of songs_data share a song_id with another"]
            self.lake.report(date, load_id(time.time()), rebuilt=False, gates_failed=found)

        return hold


def load_id(moment: float) -> str:
    """Return a load_id as the job makes them."""
    return f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y%m%dT%H%M%S%f}Z-abcdef"


def _look(job_run: JobRun) -> None:
    """See a run once more. What it does is done when it is seen for the last time before it ends."""
    job_run.seen += 1
    if job_run.seen >= len(job_run.states) - 2:
        does, job_run.does = job_run.does, lambda: None
        does()
