"""The made payloads are what the extract and other pipelines write, and what real playlists look like."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.music import zipf
from benchmarks.payloads import CLASSIC, EXTRACT, SHAPES, Payload, write
from lambda_extract.raw_zone import Stamp, marker_name, page_line
from tests.builders import Dropped, contents
from tests.reference import Reading, read


def _read(root: Path) -> Reading:
    return read([Dropped(name, content) for name, content in contents(root).items()])


def _made(root: Path, payload: Payload, processes: int = 1) -> Path:
    folder = root / f"{payload.name}-{processes}"
    write(payload, folder, processes)
    return folder


def _items(folder: Path) -> list[Any]:
    lines = [json.loads(line) for content in contents(folder).values() for line in content.splitlines()]
    pages = [line.get("page") or line.get("tracks") or line for line in lines if "playlists" not in line]
    return [row.get("item") or row.get("track") for page in pages for row in page["items"]]


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_arguments_give_equal_bytes_with_any_number_of_processes(tmp_path: Path, shape: str) -> None:
    payload = Payload(600, 205, shape=shape)
    assert contents(_made(tmp_path, payload)) == contents(_made(tmp_path, payload, processes=2))


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    one, other = (contents(_made(tmp_path, Payload(100, 3, seed=seed))) for seed in (1, 2))
    assert one != other


@pytest.mark.parametrize("shape", SHAPES)
def test_by_the_contract_every_row_counts_once_and_nothing_is_refused(tmp_path: Path, shape: str) -> None:
    reading = _read(_made(tmp_path, Payload(1_200, 6, dates=2, shape=shape)))
    assert not reading.refused
    assert reading.rows_in == {"2026-11-22": 600, "2026-11-23": 600}
    assert set(reading.rows_superseded.values()) == {0}
    playlists = reading.tables["playlists_data"]
    assert len(playlists) == 12
    assert all(one["item_count"] == one["api_total"] for one in playlists)


def test_both_shapes_hold_the_same_rows(tmp_path: Path) -> None:
    known = ("playlist_id", "position", "item_type", "song_id", "item_name", "added_at", "is_local")
    both = [_read(_made(tmp_path, Payload(800, 5, shape=shape))) for shape in SHAPES]
    one, other = (
        sorted(tuple(map(str, (row[name] for name in known))) for row in reading.tables["playlist_items_data"])
        for reading in both
    )
    assert one == other


def test_lines_are_those_that_the_extract_writes(tmp_path: Path) -> None:
    payload = Payload(400, 3)
    files = contents(_made(tmp_path, payload))
    marker = json.loads(files.pop(marker_name(payload.run(0))))
    assert {one["object"].removeprefix("raw_data/to_be_processed/") for one in marker["playlists"]} == set(files)
    for content in files.values():
        for line in content.splitlines(keepends=True):
            said = json.loads(line)
            stamp = Stamp(payload.run(0), said["extracted_at"])
            again = page_line(stamp, fetched_at=said["fetched_at"], playlist=said["playlist"], page=said["page"])
            assert line == again


def test_some_songs_are_in_many_rows_and_many_in_few(tmp_path: Path) -> None:
    items = _items(_made(tmp_path, Payload(20_000, 200)))
    seen = Counter(item["id"] for item in items if item and item["id"])
    counts = sorted(seen.values(), reverse=True)
    assert 2 < sum(counts) / len(counts) < 10
    assert counts[0] > 20 * counts[len(counts) // 2]


def test_zipf_stays_below_its_size() -> None:
    assert [zipf(uniform, 10) for uniform in (0.0, 0.999_999)] == [0, 9]


def test_a_key_is_told_of_in_more_than_one_way(tmp_path: Path) -> None:
    tracks = [item for item in _items(_made(tmp_path, Payload(5_000, 50))) if item and item["type"] == "track"]
    names = {(one["id"], one["name"]) for one in tracks}
    albums = {(one["album"]["id"], one["album"]["name"]) for one in tracks}
    assert len(names) > len({track_id for track_id, _ in names})
    assert len(albums) > len({album_id for album_id, _ in albums})
    assert "" in {name for _, name in albums}


@pytest.mark.parametrize(("shape", "least", "most"), [(EXTRACT, 1_900, 2_300), (CLASSIC, 2_000, 2_600)])
def test_a_row_has_about_two_kilobytes(tmp_path: Path, shape: str, least: int, most: int) -> None:
    sizes = map(len, contents(_made(tmp_path, Payload(4_000, 40, shape=shape))).values())
    assert least < sum(sizes) / 4_000 < most


def test_one_long_playlist_and_many_small_files(tmp_path: Path) -> None:
    (long, _) = sorted(contents(_made(tmp_path, Payload(2_000, 1))).values(), key=len, reverse=True)
    assert [len(json.loads(line)["page"]["items"]) for line in long.splitlines()] == [100, *[50] * 38]
    assert len(contents(_made(tmp_path, Payload(900, 300)))) == 301
