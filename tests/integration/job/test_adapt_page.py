"""docs/adapt.md, done: its blocks, as they stand on the page, are put into a copy of the code, and the copy is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders import ExtractRun, Json, Lake, episode, extracted, row, rows

CHECKOUT = Path(__file__).parents[3]
PAGE = CHECKOUT / "docs" / "adapt.md"
COPIED = (
    *("athena", "glue_jobs", "infra", "lambda_extract", "spotify_etl"),
    *("tests/events", "tests/infra", "tests/unit/sql"),
)
FILES = ("docs/deployer-policy.json", "pyproject.toml", "tests/builders.py", "tests/conftest.py")

_BLOCK = re.compile(
    r"^(?:`(?P<file>[^`]+)`, (?P<where>after|before|in the place of|a new file)(?: `(?P<line>[^`]+)`)?"
    r"|(?P<script>Run once, in the checkout, with `\.venv/bin/python`))"
    r"\n\n```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

RUN = ExtractRun()
TALK = {
    "id": "show1",
    "name": "Two People Talk",
    "total_episodes": 12,
    "external_urls": {"spotify": "https://open.spotify.com/show/show1"},
    "images": [{"url": "https://i.scdn.co/large"}, {"url": "https://i.scdn.co/small"}],
}
OBJECT = extracted(
    RUN,
    [
        *rows("a"),
        row(episode("e1", show=TALK)),
        row(episode("e2", show={**TALK, "name": ""})),
        row(episode("e3", show={"id": "show2", "name": "Other", "total_episodes": "many"})),
        row(episode("e4", show=None)),
    ],
)


@dataclass(frozen=True)
class Block:
    """A block of the page: where it says that its text goes, or a script to run."""

    text: str
    file: str | None = None
    where: str | None = None
    line: str | None = None

    def apply(self, checkout: Path) -> None:
        if self.file is None:
            subprocess.run([sys.executable, "-c", self.text], cwd=checkout, check=True)
            return
        path = checkout / self.file
        if self.where == "a new file":
            assert not path.exists(), f"{self.file} is not new"
            path.write_text(self.text, encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if line.strip() == self.line]
        assert len(found) == 1, f"{self.file} has {len(found)} lines {self.line!r}"
        begin = found[0] + (self.where == "after")
        end = found[0] + (self.where != "before")
        # Behind a function there are two empty lines, which a block of a page does not end in.
        space = "\n\n" if self.where == "before" and lines[end].startswith("def ") else ""
        path.write_text("".join([*lines[:begin], self.text, space, *lines[end:]]), encoding="utf-8")


def blocks() -> list[Block]:
    found = [match.groupdict() for match in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    return [Block(one["text"], one["file"], one["where"], one["line"]) for one in found]


def run(checkout: Path, *arguments: str, cwd: Path | None = None) -> str:
    """Run Python on the code of a checkout, and return what it printed."""
    path = os.pathsep.join((str(checkout), str(checkout / "glue_jobs")))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd or checkout,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with every block of the page in its place."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in COPIED:
        shutil.copytree(CHECKOUT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "docs").mkdir()
    for file in FILES:
        shutil.copy(CHECKOUT / file, copy / file)
    for block in blocks():
        block.apply(copy)
    return copy


@pytest.fixture(scope="module")
def loaded(adapted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake that the copy makes of one object, with the real command and the real job."""
    folder = tmp_path_factory.mktemp("work")
    (folder / OBJECT.name).parent.mkdir(parents=True)
    (folder / OBJECT.name).write_bytes(OBJECT.content)
    run(adapted, "-m", "spotify_etl.cli", "run", "--raw", OBJECT.name, "--lake", "lake", cwd=folder)
    return folder / "lake"


def ask(adapted: Path, lake: Path, sql: str) -> list[Json]:
    said = run(adapted, "-m", "spotify_etl.cli", "query", "--lake", str(lake), "--format", "json", "--", sql)
    answered: list[Json] = json.loads(said)
    return answered


def test_every_block_of_the_example_says_where_it_goes() -> None:
    example = PAGE.read_text(encoding="utf-8").partition("\n## Another API")[0]

    assert len(blocks()) == example.count("\n```") / 2
    assert sum(block.file is None for block in blocks()) == 1


def test_shows_data_has_one_row_per_show_and_date(adapted: Path, loaded: Path) -> None:
    found = ask(adapted, loaded, "SELECT * FROM shows_data ORDER BY show_id")

    assert [(one["extract_date"], one["show_id"], one["show_name"], one["total_episodes"]) for one in found] == [
        ("2026-08-03", "show1", "Two People Talk", 12),
        ("2026-08-03", "show2", "Other", None),
    ]
    assert (found[0]["url"], found[0]["image_url"]) == (TALK["external_urls"]["spotify"], "https://i.scdn.co/large")  # type: ignore[index]
    assert all(one["load_id"] for one in found)
    assert len(list((loaded / "transformed" / "shows_data").glob("extract_date=2026-08-03/*.parquet"))) == 1


def test_the_load_report_counts_it_and_what_did_not_fit(adapted: Path, loaded: Path) -> None:
    (line,) = (loaded / "transformed" / "load_reports").glob("*/*.json")
    told: dict[str, Any] = json.loads(line.read_text(encoding="utf-8"))

    assert told["rows"] == {
        "albums_data": 1,
        "artists_data": 1,
        "songs_data": 1,
        "playlist_items_data": 5,
        "playlists_data": 1,
        "shows_data": 2,
    }
    assert told["values_not_fitting"] == {"total_episodes": 1}
    (counted,) = ask(adapted, loaded, 'SELECT "rows".shows_data AS n FROM load_reports')
    assert counted == {"n": 2}


def test_the_view_shows_the_published_date(adapted: Path, loaded: Path) -> None:
    found = ask(adapted, loaded, "SELECT show_id, show_name, as_of_date FROM shows ORDER BY show_id")

    assert found[0] == {"show_id": "show1", "show_name": "Two People Talk", "as_of_date": "2026-08-03"}
    assert len(found) == 2


def test_the_other_datasets_are_what_they_were(loaded: Path, lake: Lake) -> None:
    lake.take(OBJECT)
    before = lake.tables()
    lake.transformed = loaded / "transformed"

    assert lake.tables() == before


def test_templates_policies_state_machine_and_sql_agree_with_the_new_registry(adapted: Path) -> None:
    chosen = ["tests/infra", "tests/unit/sql/test_sql_files.py", "--ignore=tests/infra/test_build.py"]
    said = run(adapted, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", *chosen)

    assert "shows_data" in (adapted / "infra" / "catalog.yaml").read_text(encoding="utf-8")
    assert re.search(r"\b\d+ passed", said)
    assert "failed" not in said
