"""Hostile input through the whole job: every object is loaded as the contract says or quarantined with its reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings

from load_transform import documents, drift, reasons
from load_transform.contract import DATASETS
from tests import reference
from tests.builders import DATE, Dropped, Json, Lake, Row, dropped, page, row, track
from tests.hostile import WHOLE, HostileLake, hostile_lakes, named_cases, playlist_id, whole_objects

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAMED = {f"{name} - {framing}": (case, one) for name, framing, case, one in named_cases()}
WHOLES = dict(whole_objects())
LONG_NAME = dropped(f"extract_date=2024-01-01/{'é' * 120}.json", page([row(track("named"))], href=None))
EVERYTHING = [*(one for _, one in NAMED.values()), *WHOLES.values(), LONG_NAME]

DAYS = 40
EXAMPLES = settings.get_profile(settings.get_current_profile_name()).max_examples


@pytest.fixture(scope="module")
def done(module_lake: Lake) -> Json:
    return module_lake.take(*EVERYTHING)


@pytest.fixture(scope="module")
def tables(module_lake: Lake, done: Json) -> dict[str, list[Row]]:
    return module_lake.tables()


@pytest.fixture(scope="module")
def codes(module_lake: Lake, done: Json) -> dict[str, str]:
    return module_lake.reason_codes()


@pytest.mark.parametrize("name", NAMED)
def test_a_named_case(name: str, tables: dict[str, list[Row]], codes: dict[str, str]) -> None:
    case, one = NAMED[name]
    assert codes.get(one.name) == case.reason
    its_id = playlist_id(*name.rsplit(" - ", 1))
    items = [found for found in tables["playlist_items_data"] if found["playlist_id"] == its_id]
    if case.reason:
        assert items == []
        return
    assert len(items) == 2
    assert shown(items[0], case.item) == case.item
    if case.song:
        (song,) = (
            found
            for found in tables["songs_data"]
            if found["song_id"] == items[0]["song_id"] and found["extract_date"] == DATE
        )
        assert shown(song, case.song) == case.song
    (playlist,) = (found for found in tables["playlists_data"] if found["playlist_id"] == its_id)
    assert shown(playlist, case.playlist) == case.playlist


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_object(name: str, codes: dict[str, str]) -> None:
    assert codes.get(WHOLES[name].name) == WHOLE[name][1]


def test_what_became_null_is_counted(done: Json) -> None:
    (line,) = (line for line in done["dates"] if line["extract_date"] == DATE)
    expected = Counter(field for case, _ in NAMED.values() for field in case.counted)
    assert line["values_not_fitting"] == expected


def test_unknown_fields_are_named_within_bounds(done: Json) -> None:
    found = Counter[str]()
    for line in done["dates"]:
        found.update(line["unknown_fields"])
    assert found["item.unknown_field"] >= 3
    assert {"item.__proto__", "item.", "item.a.b"} <= set(found)
    assert found[drift.OTHERS] > 0
    assert max(map(len, found)) <= len("album.") + 100
    assert len(found) < 1_000


def test_quarantine_holds_every_byte_and_nothing_is_lost(module_lake: Lake, done: Json) -> None:
    refused = {one.name for case, one in NAMED.values() if case.reason}
    refused |= {WHOLES[name].name for name, (_, reason) in WHOLE.items() if reason}
    assert module_lake.quarantined() == {one.name: one.content for one in EVERYTHING if one.name in refused}
    assert module_lake.everything_raw() == sorted(one.content for one in EVERYTHING)
    assert module_lake.pending() == {}


def test_the_tables_are_what_the_contract_says(tables: dict[str, list[Row]], done: Json) -> None:
    # Too deep for Python's own parser, or for its patience.
    out_of_reach = {one.name for name, (_, one) in NAMED.items() if name.startswith(("900 ", "100,000 "))}
    objects = [one for one in EVERYTHING if one.name not in out_of_reach]
    expected = reference.read(objects)
    mine = {playlist_id(*name.rsplit(" - ", 1)) for name, (_, one) in NAMED.items() if one.name not in out_of_reach}
    for dataset in ("playlists_data", "playlist_items_data"):
        others = {found["playlist_id"] for found in expected.tables[dataset]} - mine
        assert others == {"whole", "é" * 120}
        assert by_key(dataset, tables[dataset], mine) == by_key(dataset, expected.tables[dataset], mine)


def test_a_document_may_hold_so_many_values_and_an_object_so_many_lines(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_VALUES", 10_000)
    monkeypatch.setattr(documents, "MAX_TEXTS", 20_000)
    monkeypatch.setattr(documents, "MAX_DOCUMENTS", 1_000)
    full = b'{"items":[{"item":null}' + b",0" * 10_000 + b"]}"
    line = b'{"items":[{"item":null}]}'
    lake.take(
        Dropped("values.json", full.replace(b"]}", b",0]}")),
        Dropped("values on a line.jsonl", full.replace(b"]}", b",0]}") + b"\n" + line),
        Dropped("full.json", full),
        Dropped("texts.json", line.replace(b'{"items"', b'{"x":["' + b'","' * 20_001 + b'"],"items"')),
        Dropped("full of texts.json", line.replace(b'{"items"', b'{"x":["' + b'","' * 20_000 + b'"],"items"')),
        Dropped("lines.jsonl", (line + b"\n") * 1_001),
        Dropped("full.jsonl", b"\n" + b"\n".join([line] * 1_000) + b"\n"),
        Dropped("pretty.json", line.replace(b":", b":\n" + b" \n" * 2_000)),
    )

    refused = ("values.json", "values on a line.jsonl", "texts.json", "lines.jsonl")
    assert lake.reason_codes() == dict.fromkeys(refused, reasons.TOO_MANY_VALUES)
    assert Counter(lake.column("playlist_items_data", "playlist_id")) == {
        "full": 10_001,
        "full of texts": 1,
        "pretty": 1,
    }


@pytest.fixture(scope="module")
def numbered_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("lakes")
    return (root / str(number) for number in count())


# As with the generated lakes of good objects: many dates in one run, what fails is shown by date, nothing is shrunk.
@settings(max_examples=max(1, EXAMPLES // 100), phases=[Phase.explicit, Phase.generate])
@given(hostile=hostile_lakes(DAYS))
def test_whatever_is_broken_the_tables_are_what_the_contract_says(
    spark: SparkSession, numbered_folders: Iterator[Path], hostile: HostileLake
) -> None:
    lake = Lake(spark, next(numbered_folders))
    done = lake.take(*hostile.objects)

    expected, tables = reference.read(hostile.objects), lake.tables()
    quarantined = lake.quarantined()
    assert set(quarantined) ^ expected.refused == set(), hostile.shown(set(quarantined) ^ expected.refused)
    assert lake.everything_raw() == sorted(one.content for one in hostile.objects)
    assert lake.pending() == {}
    for dataset in DATASETS:
        found, wanted = by_date(tables[dataset.name], dataset.key), by_date(expected.tables[dataset.name], dataset.key)
        assert found.keys() == wanted.keys()
        for date, rows in wanted.items():
            assert found[date] == rows, f"{dataset.name}: {hostile.of(date)}"
    for line in done["dates"]:
        assert line["rows_in"] == line["rows_out"] + line["rows_superseded"]
        assert line["rows_out"] == len(by_date(tables["playlist_items_data"], ())[line["extract_date"]])


def by_date(rows: Iterable[Row], key: tuple[str, ...]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for one in sorted(rows, key=lambda one: [one[name] for name in key]):
        found[one["extract_date"]].append(dict(sorted(one.items())))
    return found


def by_key(dataset: str, rows: Sequence[Row], playlists: set[str]) -> dict[tuple[Any, ...], Row]:
    key = next(one.key for one in DATASETS if one.name == dataset)
    return {tuple(one[name] for name in key): one for one in rows if one["playlist_id"] in playlists}


def shown(found: Row, expected: Row) -> Row:
    return {name: found[name] for name in expected}
