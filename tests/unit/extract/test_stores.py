"""The two stores: the same promises, kept by a bucket and by a folder."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from lambda_extract.errors import KeyRefusedError, StorageError
from lambda_extract.storage import RawStore, S3Store
from spotify_etl.folder_store import FolderStore


@pytest.fixture(params=["bucket", "folder"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "raw")
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="raw")
        yield S3Store("raw", client)


def test_what_was_put_is_there(any_store: RawStore) -> None:
    any_store.put("a/b 1:2%20[x]/서울.json", b"one")
    any_store.put("a/c.json", io.BytesIO(b"two"))
    any_store.put("ab/c.json", b"")
    any_store.put("a/c.json", b"three")
    assert any_store.read("a/b 1:2%20[x]/서울.json") == b"one"
    assert any_store.read("a/c.json") == b"three"
    assert any_store.read("ab/c.json") == b""
    assert any_store.read("a/none") is None
    assert any_store.keys("a/") == {"a/b 1:2%20[x]/서울.json", "a/c.json"}
    assert any_store.keys("a/c") == {"a/c.json"}
    assert any_store.keys("") == {"a/b 1:2%20[x]/서울.json", "a/c.json", "ab/c.json"}
    assert any_store.keys("none/") == set()


def test_more_keys_than_s3_lists_at_once(any_store: RawStore) -> None:
    for number in range(1001):
        any_store.put(f"many/{number}", b"")
    assert len(any_store.keys("many/")) == 1001


def test_what_s3a_leaves_in_the_place_of_a_folder_is_no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="raw")
        for key in ("raw_data/", "raw_data/extract_date=2026-11-25/", "raw_data/x.json"):
            client.put_object(Bucket="raw", Key=key, Body=b"")

        assert S3Store("raw", client).keys("raw_data/") == {"raw_data/x.json"}


def test_a_bucket_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        store = S3Store("nowhere", boto3.client("s3", region_name="us-east-1"))
        with pytest.raises(StorageError, match=r"Cannot write s3://nowhere/k: NoSuchBucket"):
            store.put("k", b"")
        with pytest.raises(StorageError, match=r"Cannot read s3://nowhere/k: NoSuchBucket"):
            store.read("k")
        with pytest.raises(StorageError, match=r"Cannot list s3://nowhere/k: NoSuchBucket"):
            store.keys("k")


class _Broken(io.BytesIO):
    """Gives a first part and then fails, as a disk that is full or a process that is killed."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise KeyboardInterrupt
        return super().read(min(size or 5, 5))


def test_half_a_file_is_never_seen(store: FolderStore) -> None:
    store.put("raw_data/x.jsonl", b"old")
    for key in ("raw_data/x.jsonl", "raw_data/y.jsonl"):
        with pytest.raises(KeyboardInterrupt):
            store.put(key, _Broken(b"first and second"))
    assert store.read("raw_data/x.jsonl") == b"old"
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == ["x.jsonl"]


def test_what_is_being_written_lies_beside_the_zones(store: FolderStore) -> None:
    seen: list[set[str]] = []

    class Watching(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            content = super().read(size)
            seen.append({path.relative_to(store.root).parts[0] for path in store.root.rglob("*") if path.is_file()})
            seen.append(store.keys(""))
            return content

    store.put("raw_data/x.jsonl", Watching(b"content"))
    assert {name for names in seen for name in names} == {".incoming"}


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/etc/x", "../x", "a/../../x", "a//b", "a/", "a/./b", ".", "a\0b", ".incoming/x"),
        "lone \ud83d surrogate",
        "long" * 100,
    ],
)
def test_hostile_keys_are_refused(store: FolderStore, key: str) -> None:
    with pytest.raises(StorageError):
        store.put(key, b"x")
    assert not [path for path in store.root.parent.rglob("*") if path.is_file()]
    if key and len(key) < 300:
        with pytest.raises(KeyRefusedError):
            store.read(key)


@given(key=st.text(st.sampled_from("ab./\\ :%~\0"), max_size=12))
def test_no_key_leaves_the_folder(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    outer = tmp_path_factory.mktemp("outer")
    store = FolderStore(outer / "raw")
    try:
        store.put(key, b"x")
    except StorageError:
        return
    assert [path.relative_to(store.root).as_posix() for path in outer.rglob("*") if path.is_file()] == [key]
    assert store.keys("") == {key}


def test_a_link_that_leads_out_is_refused(store: FolderStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    store.root.mkdir()
    (store.root / "raw_data").symlink_to(outside)
    with pytest.raises(KeyRefusedError, match="outside"):
        store.put("raw_data/x", b"")
    assert not list(outside.iterdir())


def test_a_disk_that_refuses_is_named(store: FolderStore) -> None:
    store.put("a", b"")
    with pytest.raises(StorageError, match="Cannot write"):
        store.put("a/b", b"")
    store.put("folder/file", b"")
    with pytest.raises(StorageError, match="Cannot read"):
        store.read("folder")


def test_files_are_readable_as_the_user_wants(store: FolderStore) -> None:
    before = os.umask(0o022)
    try:
        store.put("a", b"")
    finally:
        os.umask(before)
    assert (store.root / "a").stat().st_mode & 0o777 == 0o644
