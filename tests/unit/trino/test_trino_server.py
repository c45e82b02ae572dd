"""What is kept of Trino's archive; a small one stands for it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from tools.trino_server import TrinoMissingError, trino_server

JAR = b"the bytes of a jar"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive with a jar that two connectors share, and one that nobody needs."""
    path = tmp_path / "trino.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in ("lib/a.jar", "plugin/delta/shared.jar", "plugin/hive/own.jar", "plugin/hive/hdfs/b.jar"):
            member = tarfile.TarInfo(f"trino-server-0/{name}")
            member.size = len(JAR)
            tar.addfile(member, io.BytesIO(JAR))
        link = tarfile.TarInfo("trino-server-0/plugin/hive/shared.jar")
        link.type, link.linkname = tarfile.LNKTYPE, "trino-server-0/plugin/delta/shared.jar"
        tar.addfile(link)
    return path


def test_kept_are_the_server_and_the_hive_connector_with_what_it_shares(archive: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    folder = trino_server(tmp_path / "cache", archive=archive.as_uri(), sha256=sha256)
    kept = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert kept == dict.fromkeys(("lib/a.jar", "plugin/hive/own.jar", "plugin/hive/shared.jar"), JAR)
    archive.unlink()
    assert trino_server(tmp_path / "cache", archive=archive.as_uri(), sha256=sha256) == folder
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


def test_another_archive_than_the_pinned_one_is_refused(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(TrinoMissingError, match="not the file that is pinned"):
        trino_server(tmp_path / "cache", archive=archive.as_uri())
    assert not list((tmp_path / "cache").iterdir())


def test_where_it_cannot_be_fetched_it_says_from_where(tmp_path: Path) -> None:
    nowhere = (tmp_path / "nothing.tar.gz").as_uri()
    with pytest.raises(TrinoMissingError, match=nowhere):
        trino_server(tmp_path / "cache", archive=nowhere)
