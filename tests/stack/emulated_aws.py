"""MiniStack, and what it leaves to others: the job's Spark, the crawlers' partitions, Athena's views and partitions.

Run by the emulator's own Python (`.venv-emulator`), in the place of `python -m ministack`. MiniStack keeps the
resources and answers the APIs. Two of its functions are mended: for IAM a query belongs to its work group, and answers
lie where they are said to lie. Three more are replaced, since without a Docker engine

- a Spark job would end at once as if it had run. Here its script runs as a process, with the script, the package and
  exactly the arguments that Glue would give it, under the credentials of the job's role, on S3A. Glue's limit of
  concurrent runs is kept, too;
- a crawler would register nothing. Here it registers the partitions of the tables in its own CatalogTargets;
- Athena would know neither views nor partitions. Here statements are answered from the tables and partitions that the
  catalogue holds, as the command answers them on a local lake.

    STACK_PYTHON  the Python that has PySpark, DuckDB and this project
    STACK_JARS    the class path of S3A's jars
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cloudformation_gaps
from ministack import app
from ministack.core import iam_actions
from ministack.services import athena, glue, s3, sts

ENDPOINT = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
ACTIVE = ("STARTING", "RUNNING", "STOPPING", "WAITING")
READER = Path(__file__).with_name("answer_query.py")

Json = dict[str, Any]


def run_spark(run: Json, job: Json, _name: str, arguments: Mapping[str, str], script: str, _client: object) -> None:
    """Run a job's script as Glue does, and put the end of the run into `run`."""
    with tempfile.TemporaryDirectory(prefix="glue-job-") as folder:
        packages = [
            _downloaded(uri, Path(folder)) for uri in arguments.get("--extra-py-files", "").split(",") if uri.strip()
        ]
        command = [os.environ["STACK_PYTHON"], script]
        for name, value in arguments.items():
            command += [name, value]
        ended = subprocess.run(
            command,
            env=_environment(job, arguments, packages, Path(folder)),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    Path(tempfile.gettempdir(), f"{run['Id']}.log").write_text(ended.stderr, encoding="utf-8")
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        run |= {"JobRunState": "FAILED", "ErrorMessage": "\n".join(lines[-8:])[-1500:] or str(ended.returncode)}
        return
    run["JobRunState"] = "SUCCEEDED"


def _environment(job: Json, arguments: Mapping[str, str], packages: list[str], folder: Path) -> dict[str, str]:
    keys = _keys_of(job["Role"])
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.ui.enabled": "false",
        "spark.local.dir": str(folder),
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.wholeStage": "false",
        # What Glue brings: s3:// is S3A, and the role's credentials. The emulator's address comes on top.
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider",
        "spark.hadoop.fs.s3a.access.key": keys["AccessKeyId"],
        "spark.hadoop.fs.s3a.secret.key": keys["SecretAccessKey"],
        "spark.hadoop.fs.s3a.session.token": keys["SessionToken"],
        "spark.hadoop.fs.s3a.endpoint": ENDPOINT,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.fast.upload.buffer": "bytebuffer",
        **_given_settings(arguments.get("--conf", "")),
    }
    configured = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "STACK_JARS", "JAVA_HOME") if name in os.environ}
    return {
        **passed,
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(packages),
        "PYSPARK_PYTHON": os.environ["STACK_PYTHON"],
        "SPARK_DIST_CLASSPATH": os.environ["STACK_JARS"],
        "PYSPARK_SUBMIT_ARGS": shlex.join(["--master", "local[2]", *configured, "pyspark-shell"]),
    }


def _given_settings(conf: str) -> dict[str, str]:
    """Return the settings of a `--conf` argument, which chains further ones: `a=b --conf c=d`."""
    pairs = (part.strip().partition("=") for part in re.split(r"\s*--conf\s+", conf) if part.strip())
    return {name: value for name, _, value in pairs}


def _keys_of(role: str) -> Json:
    """Return credentials of a role as the Glue service gets them: only that service may assume it."""
    name = role.rpartition("/")[2]
    session = {
        "Arn": f"arn:aws:sts::{os.environ['MINISTACK_ACCOUNT_ID']}:assumed-role/{name}/GlueJobRunnerSession",
        "UserId": f"{name}:GlueJobRunnerSession",
        "SecretAccessKey": secrets.token_hex(20),
        "SessionToken": secrets.token_hex(20),
    }
    access_key = f"ASIA{secrets.token_hex(8).upper()}"
    sts.register_session(access_key, session)
    return {"AccessKeyId": access_key, **session}


def _downloaded(uri: str, folder: Path) -> str:
    place = urlsplit(uri.strip())
    path = folder / place.path.rpartition("/")[2]
    path.write_bytes(s3._get_object_data(place.netloc, place.path.lstrip("/")) or b"")
    return str(path)


def one_run_at_a_time(start: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Refuse a run beyond the job's limit, which MiniStack does not keep."""

    def started(data: Json) -> Any:
        runs = glue._job_runs.get(data.get("JobName")) or []
        if any(run["JobRunState"] in ACTIVE for run in runs):
            return glue.error_response_json("ConcurrentRunsExceededException", "Concurrent runs exceeded", 400)
        return start(data)

    return started


def crawl_then(start: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Register the partitions that lie below the tables of the crawler's targets, then let MiniStack end the crawl."""

    def started(data: Json) -> Any:
        crawler = glue._crawlers.get(data.get("Name")) or {}
        if crawler.get("State") != "RUNNING":
            for target in crawler.get("Targets", {}).get("CatalogTargets", []):
                for table in target["Tables"]:
                    register_partitions(target["DatabaseName"], table)
        return start(data)

    return started


def then_without_empty_texts(create: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """Leave out a table's description that nobody gave, as Glue does: Trino takes an empty one for a comment."""

    def created(data: Json) -> Any:
        answer = create(data)
        table = glue._tables.get(f"{data.get('DatabaseName')}/{data['TableInput'].get('Name')}", {})
        if not table.get("Description"):
            table.pop("Description", None)
        return answer

    return created


def register_partitions(database: str, table: str) -> None:
    """Register each `key=value` folder below a table's location that is not registered yet."""
    described = glue._tables[f"{database}/{table}"]
    location = described["StorageDescriptor"]["Location"]
    place = urlsplit(location)
    prefix = place.path.lstrip("/")
    keys = s3._buckets[place.netloc]["objects"].keys()
    key = described["PartitionKeys"][0]["Name"]
    found = {match[1] for one in keys if (match := re.match(rf"{re.escape(prefix)}{key}=([^/]+)/[^_.]", one))}
    for value in sorted(found):
        add_partition(database, table, value)


def add_partition(database: str, table: str, value: str) -> None:
    """Register one partition of a table unless it is there."""
    described = glue._tables[f"{database}/{table}"]
    there = {tuple(partition["Values"]) for partition in glue._partitions.get(f"{database}/{table}", [])}
    if (value,) in there:
        return
    key = described["PartitionKeys"][0]["Name"]
    storage = dict(described["StorageDescriptor"])
    storage["Location"] = f"{storage['Location'].rstrip('/')}/{key}={value}/"
    glue._batch_create_partition(
        {
            "DatabaseName": database,
            "TableName": table,
            "PartitionInputList": [{"Values": [value], "StorageDescriptor": storage}],
        }
    )


async def answer(query: str, database: str, _catalog: object = None) -> Json:
    """Answer one statement of Athena from what the catalogue holds."""
    text = query.strip().rstrip(";")
    if match := re.match(r"(?:--[^\n]*\n|\s)*CREATE\s+OR\s+REPLACE\s+VIEW\s+(\w+)", text, re.IGNORECASE):
        await asyncio.to_thread(_ask, text, database)
        _keep_view(database, match[1].lower(), text)
        return {"columns": [], "rows": []}
    if match := re.match(r"\s*ALTER\s+TABLE\s+[`\"]?(\w+)[`\"]?\s+(ADD|DROP)\b", text, re.IGNORECASE):
        for value in re.findall(r"PARTITION\s*\(\s*\w+\s*=\s*'([^']+)'\s*\)", text, re.IGNORECASE):
            if match[2].upper() == "ADD":
                add_partition(database, match[1], value)
            else:
                glue._delete_partition({"DatabaseName": database, "TableName": match[1], "PartitionValues": [value]})
        return {"columns": [], "rows": []}
    return await asyncio.to_thread(_ask, text, database)


def _keep_view(database: str, name: str, text: str) -> None:
    glue._tables[f"{database}/{name}"] = {
        "Name": name,
        "DatabaseName": database,
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": text,
        "Parameters": {"presto_view": "true"},
        "PartitionKeys": [],
        "CreateTime": int(time.time()),
        "UpdateTime": int(time.time()),
    }


def _ask(query: str, database: str) -> Json:
    """Hand the statement, the catalogue and the files of its partitions to the project's own SQL."""
    with tempfile.TemporaryDirectory(prefix="athena-") as folder:
        tables, views = [], []
        for full_name, table in list(glue._tables.items()):
            if not str(full_name).startswith(f"{database}/"):
                continue
            if table.get("TableType") == "VIRTUAL_VIEW":
                views.append(table["ViewOriginalText"])
            else:
                tables.append({"table": table, "files": _files_of(database, table, Path(folder))})
        asked = json.dumps({"query": query, "tables": tables, "views": views}, default=str)
        ended = subprocess.run(
            [os.environ["STACK_PYTHON"], READER], input=asked, capture_output=True, text=True, check=False
        )
    if ended.returncode:
        raise RuntimeError(ended.stderr.strip().rpartition("\n")[2] or "the query failed")
    answered: Json = json.loads(ended.stdout)
    return answered


def _files_of(database: str, table: Json, folder: Path) -> list[list[str]]:
    """Return (partition's value, file) of each object that Athena would read: of a table without partitions, all."""
    place = urlsplit(table["StorageDescriptor"]["Location"])
    prefix = place.path.lstrip("/")
    registered = {partition["Values"][0] for partition in glue._partitions.get(f"{database}/{table['Name']}", [])}
    found: list[list[str]] = []
    for key in sorted(s3._buckets[place.netloc]["objects"].keys()):
        match = re.match(rf"{re.escape(prefix)}\w+=([^/]+)/([^/_.][^/]*)$", key)
        if match and (match[1] in registered or not table["PartitionKeys"]):
            path = folder / f"{table['Name']}-{len(found)}"
            path.write_bytes(s3._get_object_data(place.netloc, key) or b"")
            found.append([match[1], str(path)])
    return found


def queries_lie_in_work_groups(resource: Callable[..., str]) -> Callable[..., str]:
    """Return what a call is about: where it names a query of Athena, that is the work group of the query."""

    def found(service: str, *request: Any) -> str:
        arn = resource(service, *request)
        body = next((part for part in request if isinstance(part, bytes)), b"")
        if service == "athena" and arn == "*" and b"QueryExecutionId" in body:
            execution = athena._executions.get(json.loads(body).get("QueryExecutionId")) or {}
            place = f"{os.environ['MINISTACK_REGION']}:{os.environ['MINISTACK_ACCOUNT_ID']}"
            return f"arn:aws:athena:{place}:workgroup/{execution.get('WorkGroup')}"
        return arn

    return found


def kept_where_it_is_said(save: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    """Keep an answer under the address that is told of it: MiniStack takes the object's name for a folder."""

    async def kept(query_id: str) -> None:
        configuration = athena._executions[query_id]["ResultConfiguration"]
        said = configuration["OutputLocation"]
        configuration["OutputLocation"] = said.rpartition("/")[0]
        try:
            await save(query_id)
        finally:
            configuration["OutputLocation"] = said

    return kept


def main() -> None:
    """Serve."""
    cloudformation_gaps.fill()
    iam_actions.extract_resource_arn = queries_lie_in_work_groups(iam_actions.extract_resource_arn)
    glue._get_docker = _Engine
    glue._execute_spark_docker = run_spark
    glue._start_job_run = one_run_at_a_time(glue._start_job_run)
    glue._start_crawler = crawl_then(glue._start_crawler)
    glue._create_table = then_without_empty_texts(glue._create_table)
    athena.get_athena_engine = lambda: "duckdb"
    athena._run_duckdb = answer
    athena._save_query_results = kept_where_it_is_said(athena._save_query_results)
    sys.argv = sys.argv[:1]
    app.main()


class _Engine:
    """Says that every image is there: what is then run is `run_spark`."""

    class images:  # noqa: N801  a name of Docker's
        """The images."""

        @staticmethod
        def get(_name: str) -> None:
            """Find it."""


if __name__ == "__main__":
    main()
