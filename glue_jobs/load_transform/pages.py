"""Documents to pages: which playlist a page belongs to, and the position of its first row.

Grain: one row per page of an accepted object. The positions are worked out on the pages without their rows.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from load_transform.values import does_not_fit, no_id, not_blank, typed

_PAGES_A_DOCUMENT = 1 << 24
_LAST_OFFSET = 2_000_000_000
_PLAYLIST_IN_HREF = r"/playlists/([^/?#]+)"
_OFFSET_IN_HREF = r"[?&]offset=(\d{1,9})(?:&|\z)"

OBJECT_SCHEMA = (
    "uri: string, object_no: int, extract_date: string, time_rank: int, extracted_at: timestamp, object_name: string, "
    "sha256: string, stem: string, is_new: boolean"
)
"""What the listing knows of an accepted object: one row per object, small enough to be sent to every task."""


def explode_pages(parsed: DataFrame, objects: DataFrame) -> DataFrame:
    """Return one row per page of the listed objects, with its object's columns, `page_no`, `playlist_id` and `rows`.

    `page_no` rises in the object's order; `offset` is what the page says of its first row's position, or null.
    """
    return (
        parsed.drop("extracted_at", "run_id", "sha256")
        .join(F.broadcast(objects), on="uri", how="inner")
        .select("*", F.posexplode("pages").alias("page_index", "page"))
        .select(
            *(name for name in objects.columns if name not in {"uri", "stem"}),
            (F.col("document_no").cast("bigint") * _PAGES_A_DOCUMENT + F.col("page_index")).alias("page_no"),
            _playlist_id().alias("playlist_id"),
            _offset().alias("offset"),
            F.coalesce(F.size("page.rows"), F.lit(0)).alias("row_count"),
            typed(F.col("page.total"), "int").alias("total"),
            "page.is_envelope",
            "page.is_full",
            (F.col("page.is_repaired") | _does_not_fit()).alias("is_repaired"),
            "page.run_id",
            "page.fetch_status",
            "page.fetch_reason",
            typed(F.col("page.fetched_at"), "timestamp").alias("fetched_at"),
            "page.playlist",
            "page.rows",
        )
    )


def place_pages(pages: DataFrame) -> DataFrame:
    """Return the pages without their rows, with `start`, the 0-based position of the first row.

    A page says where it starts; one that does not runs on behind the page before it, per playlist and object.
    """
    in_order = Window.partitionBy("object_no", "playlist_id").orderBy("page_no")
    before = in_order.rowsBetween(Window.unboundedPreceding, -1)
    rows_before = F.coalesce(F.sum("row_count").over(before), F.lit(0))
    # From the last page that said where it starts, rows run on without a gap.
    shift = F.last(F.when(F.col("offset").isNotNull(), F.col("offset") - F.col("rows_before")), ignorenulls=True)
    return (
        pages.drop("rows")
        .withColumn("rows_before", rows_before)
        .withColumn("start", (F.coalesce(shift.over(in_order), F.lit(0)) + F.col("rows_before")).cast("bigint"))
        .drop("rows_before")
    )


def _does_not_fit() -> Column:
    """Tell whether a value of the page or of its playlist, outside the rows, became null because of its type."""
    page = F.col("page")
    playlist = page["playlist"]
    offset = typed(page["offset"], "int")
    checks = [
        does_not_fit(page["total"], typed(page["total"], "int")),
        does_not_fit(page["offset"], F.when(offset.between(0, _LAST_OFFSET), offset)),
        does_not_fit(page["fetched_at"], typed(page["fetched_at"], "timestamp")),
        does_not_fit(playlist["public"], typed(playlist["public"], "boolean")),
        does_not_fit(playlist["collaborative"], typed(playlist["collaborative"], "boolean")),
        does_not_fit(playlist["followers"]["total"], typed(playlist["followers"]["total"], "bigint")),
        *(no_id(one["id"]) for one in (playlist, playlist["owner"])),
    ]
    return reduce(or_, checks)


def _playlist_id() -> Column:
    """Return the playlist object's id, else the one in the page's or the playlist's address, else the file's stem."""
    return F.coalesce(
        not_blank(F.col("page.playlist.id")),
        _in_href(F.col("page.href")),
        _in_href(F.col("page.playlist.href")),
        F.col("stem"),
    )


def _in_href(href: Column) -> Column:
    return not_blank(F.regexp_extract(href, _PLAYLIST_IN_HREF, 1))


def _offset() -> Column:
    stated = typed(F.col("page.offset"), "int")
    in_href = typed(not_blank(F.regexp_extract("page.href", _OFFSET_IN_HREF, 1)), "int")
    return F.coalesce(*(F.when(offset.between(0, _LAST_OFFSET), offset) for offset in (stated, in_href)))
