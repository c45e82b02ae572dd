"""Rebuilding dates: a date's partitions are a pure function of all raw objects of that date.

`plan` settles which objects are read and where the new ones go; `tables` computes the datasets from them. Neither
changes anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from load_transform import datasets, drift, intake, snapshot
from load_transform.contract import PARTITION, PLAYLIST_ITEMS, PLAYLISTS, Dataset
from load_transform.intake import Accepted, Batch, Refusal
from load_transform.items import items
from load_transform.objects import RawObject
from load_transform.pages import explode_pages, place_pages


@dataclass(frozen=True)
class Plan:
    """The objects that the dates are built from, the new ones among them, and where these go."""

    read: list[Accepted]
    new: list[Accepted]

    def moves(self, dates: Collection[str]) -> list[tuple[RawObject, str]]:
        """Return the new objects of the dates, each with the key that it goes to."""
        return [(one.item, one.target) for one in self.new if one.date in dates]

    def inputs(self, date: str, left: Collection[str] = ()) -> list[str]:
        """Return the keys under which the date's objects lie when the load has ended, without those of `left`."""
        read = (one for one in self.read if one.date == date and one.item.key not in left)
        return sorted({one.final_key for one in read})


@dataclass(frozen=True)
class RowCounts:
    """Rows of all pages of one date, of its new objects, and of what newer pages superseded.

    `pages_repaired` are pages that hold an array, object or scalar where another of these belongs.
    """

    rows_in: int = 0
    rows_in_new: int = 0
    rows_superseded: int = 0
    pages_repaired: int = 0

    @property
    def rows_out(self) -> int:
        """Rows that must be in `playlist_items_data`."""
        return self.rows_in - self.rows_superseded


@dataclass(frozen=True)
class Tables:
    """The datasets of the dates, not yet computed, and what is counted beside them."""

    frames: dict[Dataset, DataFrame]
    counts: dict[str, RowCounts]
    items: DataFrame


def plan(new: Iterable[Accepted], processed: Iterable[Accepted], unread: Iterable[Refusal] = ()) -> Plan:
    """Decide on what is read: each object once, wherever it lies, and no key that holds other bytes is reused.

    `unread` are objects in the processed zone that cannot be read (any more): they keep their keys.
    """
    processed = list(processed)
    contents = {one.item.key: one.sha256 for one in processed} | {refusal.item.key: "" for refusal in unread}
    settled = [intake.beside_other_bytes(one, contents) for one in new]
    return Plan(intake.read_once([*processed, *settled]), settled)


def tables(spark: SparkSession, batches: Iterable[Batch], the_plan: Plan) -> Tables | None:
    """Return the datasets of the plan's objects; None when there is nothing to read."""
    parsed = [batch.parsed for batch in batches if batch.parsed is not None]
    if not parsed or not the_plan.read:
        return None
    documents = reduce(DataFrame.unionByName, parsed)
    objects = intake.object_rows(spark, the_plan.read, {one.item.uri for one in the_plan.new})
    pages = explode_pages(documents, objects)
    ranked = snapshot.rank_pages(place_pages(pages)).localCheckpoint()
    playlists = datasets.playlists(ranked, missing_playlists(documents, objects)).localCheckpoint()
    # Every dataset is made of them, and what did not fit is counted in them: they are taken apart and typed once.
    found = items(snapshot.surviving_rows(pages, ranked)).localCheckpoint()
    frames = {
        PLAYLISTS: playlists,
        PLAYLIST_ITEMS: datasets.playlist_items(found, playlists),
        **{dataset: transform(found) for dataset, transform in datasets.OF_ITEMS.items()},
    }
    return Tables(frames, _row_counts(ranked), found)


def missing_playlists(documents: DataFrame, objects: DataFrame) -> DataFrame:
    """Return what the runs' markers say could not be read: one row per date, run and playlist."""
    return (
        documents.where(F.col("outcomes").isNotNull())
        .drop("extracted_at", "sha256")
        .join(F.broadcast(objects), on="uri", how="inner")
        .select(PARTITION, "time_rank", "extracted_at", "run_id", F.explode("outcomes").alias("said"))
        .where(F.col("said.outcome") == "missing")
        .select(
            *(PARTITION, "time_rank", "extracted_at", "run_id"),
            F.col("said.playlist_id").alias("playlist_id"),
            F.col("said.reason").alias("fetch_reason"),
        )
        .where(F.col("playlist_id").isNotNull())
    )


def misfits(the_tables: Tables) -> dict[str, dict[str, int]]:
    """Count, per date and field, the values that did not fit their type, and under `page` the pages that did not."""
    counts: dict[str, dict[str, int]] = {}
    for row in drift.values_not_fitting(the_tables.items).collect():
        counts.setdefault(row[PARTITION], {})[row["field"]] = row["rows"]
    for date, counted in the_tables.counts.items():
        if counted.pages_repaired:
            counts.setdefault(date, {})["page"] = counted.pages_repaired
    return counts


def _row_counts(ranked: DataFrame) -> dict[str, RowCounts]:
    superseded = F.when(F.col("is_superseded"), F.col("row_count")).otherwise(F.coalesce(F.size("lost"), F.lit(0)))
    counted = ranked.groupBy(PARTITION).agg(
        F.sum("row_count").alias("rows_in"),
        F.sum(F.when(F.col("is_new"), F.col("row_count")).otherwise(0)).alias("rows_in_new"),
        F.sum(superseded).alias("rows_superseded"),
        F.count_if("is_repaired").alias("pages_repaired"),
    )
    return {row.pop(PARTITION): RowCounts(**row) for row in (found.asDict() for found in counted.collect())}
