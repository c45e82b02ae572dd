"""The installed command as a user types it, and one sample lake that the tests of reading share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).parent / "spotify-etl"

RunCommand = Callable[..., subprocess.CompletedProcess[str]]


def spotify_etl(
    *arguments: object, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end and return what it printed."""
    secrets = ("SPOTIPY_", "SPOTIFY_", "PLAYLISTS")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(secrets)}
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={**clean, "COLUMNS": "200", **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `lake/sample` in it, made by the command that `make run` runs. Tests must not change it."""
    root = tmp_path_factory.mktemp("sample")
    done = spotify_etl("run", "--sample", cwd=root)
    assert done.returncode == 0, done.stderr
    (root / "first_run.txt").write_text(done.stdout)
    (root / "first_run_progress.txt").write_text(done.stderr)
    return root


@pytest.fixture
def sample_copy(sample_root: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed."""
    shutil.copytree(sample_root / "lake", tmp_path / "lake")
    return tmp_path
