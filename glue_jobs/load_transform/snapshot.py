"""Which rows of a date count: a date is a snapshot, and a newer extraction of a playlist goes before an older one.

Winners are chosen from pages, not from rows, so that an extraction without rows counts too. Every row that was read
either survives or is superseded.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

_PLAYLIST = ("extract_date", "playlist_id")
_EXTRACTION = (*_PLAYLIST, "object_no")
_PAGE = ("object_no", "page_no")
# Two objects of one name and time are told apart by their content, or each would hold every position.
_AGE = ("time_rank", "extracted_at", "object_name", "sha256")


def rank_pages(placed: DataFrame) -> DataFrame:
    """Return the placed pages with `is_superseded` (the whole page) and `lost` (positions that a newer page holds).

    An extraction is what one object says of one playlist. The newest complete one supersedes all older; a newer
    partial one only its own positions. Complete is an envelope, or a playlist object whose page starts at 0 and holds
    `total` rows.
    """
    is_complete = F.col("is_envelope") | (
        F.col("is_full") & (F.col("start") == 0) & F.coalesce(F.col("total") == F.col("row_count"), F.lit(False))
    )
    age = F.struct(*_AGE)
    extraction = Window.partitionBy(*_EXTRACTION)
    playlist = Window.partitionBy(*_PLAYLIST)
    aged = (
        placed.withColumn("age", age)
        .withColumn("is_complete", F.max(is_complete).over(extraction))
        .withColumn("newest_complete", F.max(F.when(F.col("is_complete"), F.col("age"))).over(playlist))
        .withColumn("is_superseded", F.coalesce(F.col("age") < F.col("newest_complete"), F.lit(False)))
        .drop("newest_complete", "is_complete")
    )
    return aged.join(_lost_positions(aged), on=list(_PAGE), how="left").drop("age")


def _lost_positions(aged: DataFrame) -> DataFrame:
    """Return `object_no, page_no, lost` for pages that share positions with a newer page of the same date."""
    last = F.col("start") + F.col("row_count") - 1
    held = aged.where(~F.col("is_superseded") & (F.col("row_count") > 0)).select(
        *_PLAYLIST, *_PAGE, "start", last.alias("last"), F.struct("age", "page_no").alias("age")
    )
    # Positions are only counted out for playlists of which two pages overlap: most have none.
    before = Window.partitionBy(*_PLAYLIST).orderBy("start").rowsBetween(Window.unboundedPreceding, -1)
    overlaps = F.coalesce(F.max("last").over(before) >= F.col("start"), F.lit(False))
    contested = held.withColumn("overlaps", overlaps).withColumn(
        "contested", F.max("overlaps").over(Window.partitionBy(*_PLAYLIST))
    )
    position = F.explode(F.sequence("start", "last")).alias("position")
    newest = F.max("age").over(Window.partitionBy(*_PLAYLIST, "position"))
    return (
        contested.where("contested")
        .select(*_PLAYLIST, *_PAGE, "age", position)
        .withColumn("newest", newest)
        .where(F.col("age") < F.col("newest"))
        .groupBy(*_PAGE)
        .agg(F.collect_list("position").alias("lost"))
    )


def surviving_rows(pages: DataFrame, ranked: DataFrame) -> DataFrame:
    """Return one row per surviving row: its date, playlist, `position`, extraction and the raw `row` as read."""
    verdict = ranked.select(*_PAGE, "start", "is_superseded", "lost")
    kept = pages.join(F.broadcast(verdict), on=list(_PAGE), how="inner").where(~F.col("is_superseded"))
    return (
        kept.select(*_PLAYLIST, "run_id", *_AGE, "start", "lost", F.posexplode("rows").alias("index", "row"))
        .withColumn("position", F.col("start") + F.col("index"))
        .where(F.col("lost").isNull() | ~F.array_contains("lost", F.col("position")))
        .select(*_PLAYLIST, "position", "run_id", "time_rank", "extracted_at", "row")
    )
