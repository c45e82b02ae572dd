"""Many small cases through one run of the transform: each is a date of its own, and dates do not know of each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from load_transform import rebuild
from load_transform.contract import DATASETS, PARTITION, TO_BE_PROCESSED
from load_transform.drift import unknown_fields
from load_transform.filesystem import Files
from load_transform.intake import listed, read_batch
from load_transform.schemas import to_contract
from load_transform.session import prepare
from tests.builders import Dropped, Row, put

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Cases:
    """Raw objects by case. A case is named by its date, which its objects get as their folder."""

    def __init__(self) -> None:
        self.objects: list[Dropped] = []
        self._next = date(2026, 1, 1)

    def of(self, *objects: Dropped) -> str:
        case = self._next.isoformat()
        self._next += timedelta(days=1)
        self.objects += [replace(one, name=f"extract_date={case}/{_without_date(one.name)}") for one in objects]
        return case


@dataclass(frozen=True)
class Transformed:
    """What became of the cases: the rows of each dataset, the counts, what was refused, what did not fit."""

    tables: dict[str, list[Row]]
    counts: dict[str, rebuild.RowCounts]
    refused: dict[str, str]
    misfits: dict[str, dict[str, int]]
    unknown: dict[str, int]

    def rows(self, case: str, dataset: str) -> list[Row]:
        """A case's rows in the order of the key, without the columns that every row has."""
        return [
            {name: value for name, value in row.items() if name not in {PARTITION, "load_id"}}
            for row in self.tables[dataset]
            if row[PARTITION] == case
        ]

    def items(self, case: str) -> list[Row]:
        return self.rows(case, "playlist_items_data")

    def column(self, case: str, dataset: str, name: str) -> list[Any]:
        return [row[name] for row in self.rows(case, dataset)]

    def one(self, case: str, dataset: str) -> Row:
        (row,) = self.rows(case, dataset)
        return row


def transform(spark: SparkSession, root: Path, cases: Cases) -> Transformed:
    prepare(spark)
    for one in cases.objects:
        put(root / TO_BE_PROCESSED / one.name, one.content, one.modified)
    files = Files(spark, f"file://{root}")
    batch = read_batch(spark, files.root, [TO_BE_PROCESSED], listed(files, TO_BE_PROCESSED))
    tables = rebuild.tables(spark, [batch], rebuild.plan(batch.accepted, []))
    assert tables is not None
    assert batch.documents is not None
    found: dict[str, list[Row]] = {}
    for dataset in DATASETS:
        frame = to_contract(dataset, tables.frames[dataset].selectExpr("*", "'load' AS load_id"))
        assert [field.dataType.simpleString() for field in frame.schema][:-1] == [kind for _, kind in dataset.columns]
        order = (PARTITION, *dataset.key)
        found[dataset.name] = sorted(
            _plain(row.asDict() for row in frame.collect()), key=lambda row: [row[c] for c in order]
        )
    return Transformed(
        found,
        tables.counts,
        {refusal.item.name: refusal.reason for refusal in batch.refused},
        rebuild.misfits(tables),
        {row["field"]: row["rows"] for row in unknown_fields(batch.documents).collect()},
    )


def _plain(rows: Iterable[Row]) -> Iterable[Row]:
    """Give moments in UTC: PySpark hands them out in the machine's zone, without saying so."""
    for row in rows:
        yield {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()}


def _without_date(name: str) -> str:
    return "/".join(part for part in name.split("/") if not part.startswith("extract_date="))
