"""What the command does not begin: one clear line, exit code 2, and nothing changed."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.integration.command.conftest import spotify_etl


def one_line(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    assert len(lines) == 1, stderr
    assert "Traceback" not in stderr
    return lines[0]


def everything(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_without_credentials_it_says_how_to_get_them_and_that_the_sample_needs_none(tmp_path: Path) -> None:
    done = spotify_etl("run", cwd=tmp_path)

    assert done.returncode == 2
    line = one_line(done.stderr)
    assert "SPOTIPY_CLIENT_ID" in line
    assert "docs/spotify.md" in line
    assert "--sample" in line
    assert not everything(tmp_path)


def test_a_missing_raw_path(tmp_path: Path) -> None:
    done = spotify_etl("run", "--raw", "not/here", cwd=tmp_path)

    assert done.returncode == 2
    assert "not/here" in one_line(done.stderr)
    assert not everything(tmp_path)


def test_a_raw_folder_without_files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    done = spotify_etl("run", "--raw", "empty", cwd=tmp_path)

    assert done.returncode == 2
    assert not (tmp_path / "lake").exists()


def test_a_lake_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    done = spotify_etl("run", "--sample", "--lake", "file/lake", cwd=tmp_path)

    assert done.returncode == 2
    assert "file/lake" in one_line(done.stderr)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8")

    done = spotify_etl("run", "--sample", "--lake", tmp_path, cwd=tmp_path)

    assert done.returncode == 2
    assert "no lake" in one_line(done.stderr)
    assert list(everything(tmp_path)) == ["holiday.jpg"]


@pytest.mark.parametrize(("source", "other"), [("sample", ["--raw", "x.json"]), ("own", ["--sample"])])
def test_a_lake_of_another_source(tmp_path: Path, source: str, other: list[str]) -> None:
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake/lake.json").write_text(f'{{"source": "{source}"}}')
    before = everything(tmp_path)

    done = spotify_etl("run", *other, "--lake", "lake", cwd=tmp_path)

    assert done.returncode == 2
    assert "never mix" in one_line(done.stderr)
    assert everything(tmp_path) == before


def test_a_lake_that_another_run_works_on(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    (lake / "raw").mkdir(parents=True)
    (lake / "transformed").mkdir()
    (lake / "lake.json").write_text('{"source": "sample"}')
    with (lake / ".lock").open("w+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711\n")
        lock.flush()
        before = everything(tmp_path)

        done = spotify_etl("run", "--sample", "--lake", "lake", cwd=tmp_path)

        assert done.returncode == 2
        assert "4711" in one_line(done.stderr)
        assert everything(tmp_path) == before


def test_sample_and_raw_exclude_each_other(tmp_path: Path) -> None:
    done = spotify_etl("run", "--sample", "--raw", ".", cwd=tmp_path)

    assert done.returncode == 2
    assert "exclude each other" in one_line(done.stderr)


@pytest.mark.parametrize("command", [["query", "SELECT 1"], ["status"]])
def test_questions_to_a_lake_that_is_not_there(tmp_path: Path, command: list[str]) -> None:
    done = spotify_etl(*command, "--lake", "nowhere", cwd=tmp_path)

    assert done.returncode == 2
    assert "There is no lake in nowhere" in one_line(done.stderr)
    assert not everything(tmp_path)
