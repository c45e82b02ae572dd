from __future__ import annotations

from pathlib import Path

import pytest

from spotify_etl.folder_store import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "raw")
