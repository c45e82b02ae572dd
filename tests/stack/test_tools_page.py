"""docs/tools.md: its Python blocks, as they stand on the page, as somebody who has the analysts' policy runs them.

The emulated AWS has the template `catalog.yaml`, deployed alone; its tables hold a small lake that needs no Spark. The
clients are those of `.venv-tools`.
"""

from __future__ import annotations

import ast
import csv
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import athena
from spotify_etl.catalog import connect, refresh
from spotify_etl.parameters import names
from spotify_etl.questions import shipped
from spotify_etl.sql import run
from tests.stack.catalogue_stack import deploy_catalogue
from tests.stack.emulator import ACCOUNT, CHECKOUT, REGION, Emulator
from tests.unit.sql.lakes import Lake, Row, track

PAGE = CHECKOUT / "docs" / "tools.md"
TOOLS = CHECKOUT / ".venv-tools" / "bin" / "python"
PROGRAM = Path(__file__).with_name("emulated_aws.py")

READER = f"arn:aws:iam::{ACCOUNT}:policy/spotify-etl-reader-{REGION}"
DAYS: dict[str, dict[str, list[str | Row]]] = {
    "2026-03-02": {"p1": [track("a", item_name="Don't"), "b", "c"], "p2": [track("a", item_name="Don't")]},
    "2026-03-09": {"p1": ["c", track("a", item_name="Don't")], "p2": [track("a", item_name="Don't"), "d"]},
}

Rows = list[tuple[Any, ...]]


def snippets(heading: str) -> list[str]:
    """Return the Python blocks below a heading of the page."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    return re.findall(r"^```python\n(.*?)^```$", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """Somebody with the analysts' policy: where they work, their environment, and the same lake on this machine."""

    folder: Path
    environment: dict[str, str]
    lake: Lake
    aws: Emulator

    def runs(self, snippet: str) -> str:
        """Run a block as it is, and return what it printed."""
        own = "import spotify_etl" in snippet or "from spotify_etl" in snippet
        path = os.pathsep.join((str(CHECKOUT), str(CHECKOUT / "glue_jobs"))) if own else ""
        done = subprocess.run(
            [sys.executable if own else str(TOOLS), "-c", snippet],
            cwd=self.folder,
            env={**self.environment, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}\n{self.aws.log()[-2000:]}"
        return done.stdout

    def rows(self, snippet: str) -> Rows:
        """Run a block that prints a row a line."""
        lines = self.runs(snippet).splitlines()
        return [_row(line) for line in lines]

    def knows(self, sql: str, values: Any = None) -> Rows:
        """Ask the lake on this machine."""
        with closing(connect(self.lake.root)) as connection:
            return run(connection, sql, values or {}).rows


def _row(line: str) -> tuple[Any, ...]:
    plain = re.sub(r"datetime\.date\((\d+), (\d+), (\d+)\)", lambda one: f"'{_date(one)}'", line)
    found: tuple[Any, ...] = ast.literal_eval(plain)
    return found


def _date(parts: re.Match[str]) -> str:
    year, month, day = map(int, parts.groups())
    return f"{year}-{month:02}-{day:02}"


def _as_text(rows: Rows) -> list[tuple[str, ...]]:
    return [tuple(map(str, row)) for row in rows]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The catalogue with a lake of two days, and a user who may read it."""
    if not TOOLS.exists():
        pytest.fail(f"{TOOLS} is not there: make test-stack makes it")
    folder = tmp_path_factory.mktemp("tools")
    (folder / "athena").symlink_to(CHECKOUT / "athena")
    lake = Lake(folder / "lake" / "sample")
    for date, playlists in DAYS.items():
        lake.day(date, playlists)
    with Emulator(program=PROGRAM, environment={"AUTH": "true", "STACK_PYTHON": sys.executable}) as aws:
        deploy_catalogue(aws, lake.transformed)
        _make_views(aws, lake)
        keys = _reader(aws)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        }
        yield Reader(folder, environment, lake, aws)


def _make_views(aws: Emulator, lake: Lake) -> None:
    publication = refresh(lake.root)
    for view in athena.VIEWS:
        _make(aws, publication.fill(athena.view(view)))


def _make(aws: Emulator, view: str) -> None:
    """Ask for a view and wait for it: the next one may read it."""
    client = aws.client("athena")
    asked = client.start_query_execution(
        QueryString=view, QueryExecutionContext={"Database": "spotify"}, WorkGroup="spotify"
    )
    status: dict[str, Any] = {"State": "QUEUED"}
    while status["State"] in {"QUEUED", "RUNNING"}:
        time.sleep(0.05)
        status = client.get_query_execution(QueryExecutionId=asked["QueryExecutionId"])["QueryExecution"]["Status"]
    assert status["State"] == "SUCCEEDED", status


def _reader(aws: Emulator) -> dict[str, str]:
    iam = aws.client("iam")
    iam.create_user(UserName="analyst")
    iam.attach_user_policy(UserName="analyst", PolicyArn=READER)
    keys: dict[str, str] = iam.create_access_key(UserName="analyst")["AccessKey"]
    return keys


def test_every_python_block_of_the_page_is_one_that_is_run() -> None:
    counts = {heading: len(snippets(heading)) for heading in ("PyAthena", "awswrangler", "A lake on this machine")}

    assert counts == {"PyAthena": 2, "awswrangler": 1, "A lake on this machine": 2}
    assert PAGE.read_text(encoding="utf-8").count("```python\n") == sum(counts.values())


def test_pyathena_binds_a_value_with_a_quote(reader: Reader) -> None:
    found = reader.rows(snippets("PyAthena")[0])

    assert found == reader.knows(
        "SELECT playlist_name, position, song_name FROM playlist_songs WHERE song_name = :name ORDER BY 1, 2",
        {"name": "Don't"},
    )
    assert found == [("Playlist p1", 1, "Don't"), ("Playlist p2", 0, "Don't")]


def test_pyathena_asks_a_query_that_ships(reader: Reader) -> None:
    asked = shipped("top_artists", {"artists": "3"})
    found = reader.rows(snippets("PyAthena")[1])

    assert found == reader.knows(asked.sql, asked.values)
    assert len(found) == 3


@pytest.mark.parametrize("name", athena.queries())
def test_the_line_that_makes_a_query_pyathena_s_finds_its_parameters_and_nothing_else(name: str) -> None:
    (line,) = [one for one in snippets("PyAthena")[1].splitlines() if one.startswith("statement = ")]
    known: dict[str, Any] = {"re": re, "text": athena.query(name)}
    exec(line, known)  # noqa: S102  the page's own line
    made = known["statement"]

    assert set(re.findall(r"%\((\w+)\)s", made)) == set(names(athena.query(name)))
    assert made % {one: f":{one}" for one in names(athena.query(name))} == athena.query(name)


def test_awswrangler_asks_a_query_that_ships(reader: Reader) -> None:
    asked = shipped("lost_and_unplayable_songs", {"since": "2026-01-01"})
    header, *found = csv.reader(io.StringIO(reader.runs(snippets("awswrangler")[0]).strip()))
    expected = reader.knows(asked.sql, asked.values)

    assert "song_name" in header
    assert [[*row] for row in _as_text(expected)] == [[cell or "None" for cell in row] for row in found]
    assert len(found) == 1


def test_the_lake_on_this_machine_has_the_views(reader: Reader) -> None:
    found = reader.rows(snippets("A lake on this machine")[0])

    assert found == [("Song b", "2026-03-09")]


def test_plain_duckdb_has_the_tables_and_leaves_a_file_for_dbeaver(reader: Reader) -> None:
    found = reader.rows(snippets("A lake on this machine")[1])

    assert found == [("Playlist p1", 2), ("Playlist p2", 2)]
    again = (
        "import duckdb; print(duckdb.connect('lake.duckdb', read_only=True).sql('FROM songs_data').fetchall()[0][0])"
    )
    assert reader.runs(again).strip() in {"a", "b", "c", "d"}


def test_the_reader_s_policy_ends_where_the_page_says(reader: Reader) -> None:
    session = boto3.Session(
        aws_access_key_id=reader.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=reader.environment["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    s3 = session.client("s3", endpoint_url=reader.aws.url, config=Config(s3={"addressing_style": "path"}))
    glue = session.client("glue", endpoint_url=reader.aws.url)

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="spotify-transformed", Key="songs_data/x", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        glue.create_table(DatabaseName="spotify", TableInput={"Name": "t"})
