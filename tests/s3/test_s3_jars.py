"""The jars come whole, checked and once; where they cannot, one line says why and nothing half is kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.fetch import MAVEN_CENTRAL
from tools.s3_jars import S3JarsError, bundled_hadoop, cached_s3_jars, pinned, s3_jars

CONTENT = {"org/one/1/one-1.jar": b"the first", "com/two/2/two-2.jar": b"the second"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """A repository of two jars on loopback."""
    for path, content in CONTENT.items():
        (tmp_path / "repository" / path).parent.mkdir(parents=True)
        (tmp_path / "repository" / path).write_bytes(content)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "repository"))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in CONTENT.items()]
    (tmp_path / "s3_jars-9.9.9.txt").write_text("# said of them\n" + "".join(lines))
    return tmp_path


def test_jars_are_fetched_once(repository: str, lists: Path, tmp_path: Path) -> None:
    fetched = s3_jars("9.9.9", tmp_path / "cache", repository=repository, lists=lists)
    again = s3_jars("9.9.9", tmp_path / "cache", repository="http://127.0.0.1:1", lists=lists)

    assert again == fetched
    assert [jar.read_bytes() for jar in fetched] == list(CONTENT.values())
    assert [path.relative_to(tmp_path / "cache").as_posix() for path in fetched] == [
        "9.9.9/one-1.jar",
        "9.9.9/two-2.jar",
    ]
    assert set((tmp_path / "cache" / "9.9.9").iterdir()) == set(fetched), "nothing else lies beside them"


def test_another_file_under_the_name_is_not_kept(repository: str, lists: Path, tmp_path: Path) -> None:
    (tmp_path / "repository" / "com/two/2/two-2.jar").write_bytes(b"something else")

    with pytest.raises(S3JarsError, match=r"two-2\.jar is not the file that is pinned"):
        s3_jars("9.9.9", tmp_path / "cache", repository=repository, lists=lists)

    assert [path.name for path in (tmp_path / "cache" / "9.9.9").iterdir()] == ["one-1.jar"]


def test_where_the_repository_cannot_be_reached_one_line_says_so(lists: Path, tmp_path: Path) -> None:
    with pytest.raises(S3JarsError) as raised:
        s3_jars("9.9.9", tmp_path / "cache", repository="http://127.0.0.1:1", lists=lists)

    assert "http://127.0.0.1:1/org/one/1/one-1.jar cannot be fetched (" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_hadoop_without_a_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(S3JarsError, match=r"No jars are listed for Hadoop 1\.0"):
        s3_jars("1.0", tmp_path)


def test_the_installed_pyspark_has_a_list_and_an_incomplete_cache_is_none(tmp_path: Path) -> None:
    version = bundled_hadoop()
    paths = list(pinned(version))

    assert MAVEN_CENTRAL.startswith("https://")
    assert f"org/apache/hadoop/hadoop-aws/{version}/hadoop-aws-{version}.jar" in paths
    (tmp_path / version).mkdir()
    (tmp_path / version / paths[0].rpartition("/")[2]).touch()
    assert cached_s3_jars(version, tmp_path) == []
