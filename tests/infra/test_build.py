"""The folder that is deployed: all of it, the same each time, and nothing that a template names is missing."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

import athena
from spotify_etl.errors import CommandError
from spotify_etl.parameters import names
from spotify_etl.questions import shipped
from spotify_etl.stack import build
from spotify_etl.stack.build import assemble, queries_template, write_job_package
from tests.infra.stack_templates import INFRA, STACK


def no_lambda(target: Path) -> None:
    target.write_bytes(b"zip")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return assemble(tmp_path / "build" / "stack", build_lambda=no_lambda)


def test_everything_is_there(folder: Path) -> None:
    assert {f"{name}.yaml" for name in STACK} <= {path.name for path in folder.iterdir()}
    assert {path.name for path in folder.iterdir()} == {
        *(path.name for path in INFRA.glob("*.yaml")),
        "queries.yaml",
        "state_machine.asl.json",
        "spotify_api_extract.zip",
        "spotify_load_transform.py",
        "load_transform.zip",
    }
    assert not (INFRA / "queries.yaml").exists(), "what is generated does not lie in infra/"


def test_the_same_sources_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = assemble(tmp_path / "again", build_lambda=no_lambda)
    for path in folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_what_lay_there_is_replaced(folder: Path) -> None:
    (folder / "main.yaml").write_text("old")
    assemble(folder, build_lambda=no_lambda)
    assert (folder / "main.yaml").read_bytes() == (INFRA / "main.yaml").read_bytes()


def test_the_definition_is_json(folder: Path) -> None:
    assert json.loads((folder / "state_machine.asl.json").read_text(encoding="utf-8"))["QueryLanguage"] == "JSONata"


def test_each_query_that_ships_is_a_named_query() -> None:
    template = yaml.safe_load(queries_template())
    named = {one["Properties"]["Name"]: one["Properties"] for one in template["Resources"].values()}
    assert set(named) == set(athena.queries())
    for name, made in named.items():
        assert made["QueryString"] == shipped(name).with_literals()
        assert names(made["QueryString"]) == ()
        assert made["Description"] == athena.question(name)
        assert (made["Database"], made["WorkGroup"]) == ({"Ref": "DatabaseName"}, {"Ref": "WorkGroupName"})
    assert template["Parameters"].keys() == {"DatabaseName", "WorkGroupName"}
    assert all(key.isalnum() for key in template["Resources"])


def test_the_jobs_package_is_imported_as_glue_imports_it(tmp_path: Path) -> None:
    package = write_job_package(tmp_path / "load_transform.zip")
    names = zipfile.ZipFile(package).namelist()
    assert "load_transform/job.py" in names
    assert not [name for name in names if not name.endswith(".py") or "__pycache__" in name]
    code = "import load_transform.contract as c; print(c.__file__)"
    paths = [path for path in sys.path if "site-packages" in path]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(package)!r}]; {code}"],
        env={"PYTHONPATH": ":".join(paths)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"{package}/load_transform/contract.py"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=r"Cannot write .*file/x: Not a directory\. Name another folder\."):
        assemble(tmp_path / "file" / "x", build_lambda=no_lambda)


def test_without_a_checkout_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_INFRA", tmp_path)
    with pytest.raises(CommandError, match="built from the repository's checkout"):
        assemble(tmp_path / "x", build_lambda=no_lambda)


def test_the_program_says_what_it_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "assemble", lambda target: assemble(target, build_lambda=no_lambda))
    monkeypatch.setattr(sys, "argv", ["build", str(tmp_path)])
    assert build.main() == 0
    assert f"{tmp_path}/main.yaml: " in capsys.readouterr().out
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["build", str(tmp_path / "file" / "x")])
    assert build.main() == 1
    assert capsys.readouterr().err.startswith("spotify_etl.stack.build: Cannot write ")
