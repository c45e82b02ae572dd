"""Moves and deletes on S3: several at a time and never more than the bound, and large objects in parts."""

from __future__ import annotations

import pytest

from load_transform.contract import PROCESSED, TO_BE_PROCESSED
from load_transform.errors import MoveError
from load_transform.filesystem import PARALLEL, Files, in_parallel
from load_transform.partitions import delete_files
from tests.builders import Dropped
from tests.s3.faulty_s3 import Effect, FaultyS3
from tests.s3.s3_lakes import S3Lake

MANY = 3 * PARALLEL
NAMES = [f"{number:03}.json" for number in range(MANY)]


@pytest.fixture
def many(s3_lake: S3Lake) -> Files:
    """The raw bucket with many pending objects, on a server that takes its time."""
    s3_lake.drop(*(Dropped(name, name.encode()) for name in NAMES))
    files = Files(s3_lake.spark, s3_lake.uris[0])
    s3_lake.proxy.reset()
    s3_lake.proxy.latency = 0.02
    return files


def test_moves_are_parallel_and_bounded(many: Files, s3_lake: S3Lake, proxy: FaultyS3) -> None:
    in_parallel(lambda name: many.move(TO_BE_PROCESSED + name, PROCESSED + name), NAMES)

    assert proxy.seen.requests["copy"] == proxy.seen.requests["delete"] == MANY
    assert 1 < proxy.seen.at_once["copy"] <= PARALLEL
    assert s3_lake.pending() == {}
    assert s3_lake.processed() == {name: name.encode() for name in NAMES}


def test_deletes_are_parallel_and_bounded(many: Files, s3_lake: S3Lake, proxy: FaultyS3) -> None:
    delete_files(many, [TO_BE_PROCESSED + name for name in NAMES])

    assert proxy.seen.requests["delete"] == MANY
    assert 1 < proxy.seen.at_once["delete"] <= PARALLEL
    assert s3_lake.everything_raw() == []


def test_one_failure_among_many_is_told_and_the_others_are_moved(many: Files, s3_lake: S3Lake, proxy: FaultyS3) -> None:
    stays = TO_BE_PROCESSED + NAMES[7]

    with (
        proxy.fault(Effect.INTERNAL_ERROR, lambda one: one.kind == "delete" and one.key == stays, times=None),
        pytest.raises(Exception, match=NAMES[7]),
    ):
        in_parallel(lambda name: many.move(TO_BE_PROCESSED + name, PROCESSED + name), NAMES)

    mirror = s3_lake.mirror()
    assert set(mirror.pending()) == {NAMES[7]}
    assert set(mirror.processed()) == set(NAMES), "copied, and its source not deleted"


def test_a_target_that_is_taken_is_not_replaced(s3_lake: S3Lake) -> None:
    s3_lake.drop(Dropped("a.json", b"a"), Dropped("b.json", b"b"))
    files = Files(s3_lake.spark, s3_lake.uris[0])

    with pytest.raises(MoveError, match=r"b\.json exists already"):
        files.move(f"{TO_BE_PROCESSED}a.json", f"{TO_BE_PROCESSED}b.json")

    assert s3_lake.pending() == {"a.json": b"a", "b.json": b"b"}


def test_a_large_object_is_moved_in_parts_byte_for_byte(s3_lake: S3Lake, proxy: FaultyS3) -> None:
    content = bytes(range(256)) * 24 * 1024
    s3_lake.drop(Dropped("large.json", content))
    files = Files(s3_lake.spark, s3_lake.uris[0])

    files.move(f"{TO_BE_PROCESSED}large.json", f"{PROCESSED}large.json")

    assert proxy.seen.requests["copy part"] == 2
    assert s3_lake.pending() == {}
    assert s3_lake.processed() == {"large.json": content}


def test_a_text_is_one_put(s3_lake: S3Lake, proxy: FaultyS3) -> None:
    files = Files(s3_lake.spark, s3_lake.uris[1])
    proxy.reset()

    files.write_text("load_reports/a.json", "é\n")
    files.write_text("load_reports/a.json", "two\n")

    assert proxy.seen.requests["put"] == 2
    assert proxy.seen.requests["copy"] == 0
    assert files.read_text("load_reports/a.json") == "two\n"
