"""The job's tables against an independent reading of the contract, over generated lakes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings

from load_transform.contract import DATASETS
from tests import reference
from tests.builders import Lake, Row
from tests.strategies import GeneratedLake, lakes

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAYS = 24
EXAMPLES = settings.get_profile(settings.get_current_profile_name()).max_examples
RUNS = 2


@pytest.fixture(scope="module")
def numbered_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("lakes")
    return (root / str(number) for number in count())


# A run of Spark costs seconds whatever it holds, so an example is many dates, each a case of its own. What fails is
# shown by date: shrinking would take hours and tell less.
@settings(max_examples=max(1, EXAMPLES // 100), phases=[Phase.explicit, Phase.generate])
@given(lake=lakes(DAYS))
def test_tables_are_what_the_contract_says(
    spark: SparkSession, numbered_folders: Iterator[Path], lake: GeneratedLake
) -> None:
    expected = reference.read(lake.objects)

    at_once = Lake(spark, next(numbered_folders))
    done = at_once.take(*lake.objects)

    assert set(at_once.quarantined()) == expected.refused
    assert_same_tables(at_once.tables(), expected, lake)
    assert_reports_balance(done["dates"], expected, at_once.tables())
    assert_keys_are_unique(at_once.tables())
    assert at_once.pending() == {}

    in_parts = Lake(spark, next(numbered_folders))
    for hand in lake.dealt(RUNS):
        in_parts.take(*hand)
    assert_same_tables(in_parts.tables(), expected, lake)


def assert_same_tables(tables: dict[str, list[Row]], expected: reference.Reading, lake: GeneratedLake) -> None:
    for dataset in DATASETS:
        found, wanted = by_date(tables[dataset.name]), by_date(expected.tables[dataset.name])
        for date in sorted({*found, *wanted}):
            one, other = (sorted_rows(rows[date], dataset.key) for rows in (found, wanted))
            assert one == other, f"{dataset.name} of {date}, from\n" + "\n".join(map(repr, lake.of(date)))


def assert_reports_balance(lines: Sequence[Row], expected: reference.Reading, tables: dict[str, list[Row]]) -> None:
    items = by_date(tables["playlist_items_data"])
    assert {line["extract_date"] for line in lines} >= set(expected.rows_in)
    for line in lines:
        date = line["extract_date"]
        assert line["rows_in"] == line["rows_out"] + line["rows_superseded"]
        assert (line["rows_in"], line["rows_superseded"]) == (
            expected.rows_in.get(date, 0),
            expected.rows_superseded.get(date, 0),
        )
        assert line["rows_out"] == line["rows"]["playlist_items_data"] == len(items.get(date, []))


def assert_keys_are_unique(tables: dict[str, list[Row]]) -> None:
    for dataset in DATASETS:
        keys = [tuple(row[name] for name in ("extract_date", *dataset.key)) for row in tables[dataset.name]]
        assert len(keys) == len(set(keys)), dataset.name
        assert all(None not in key for key in keys), dataset.name


def by_date(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["extract_date"]].append(row)
    return found


def sorted_rows(rows: Iterable[Row], key: tuple[str, ...]) -> list[dict[str, Any]]:
    return sorted((dict(sorted(row.items())) for row in rows), key=lambda row: [row[name] for name in key])
