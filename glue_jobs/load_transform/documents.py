"""Raw objects to documents, documents to pages: every shape that a user may have, brought into one.

Grain: `read_texts` one row per object; `split_documents` one per JSON document; `parse_documents` the same, with the
document's pages as an array and, where it cannot be read, the reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from load_transform import reasons
from load_transform.contract import CONTRACT_VERSION
from load_transform.filesystem import one_spelling_column
from load_transform.objects import MAX_OBJECT_BYTES
from load_transform.parsing import (
    STRICT,
    document_text,
    elements,
    flat,
    is_array,
    is_document,
    is_object,
    lenient,
    let,
    marked,
    the_one,
)
from load_transform.parsing import parse_document as parse_strictly
from load_transform.schemas import ENVELOPE, PAGE, PLAYLIST, ROWS
from load_transform.values import typed

_ROW_KEYS = ("item", "track")
# What a document may hold without its arrays outgrowing the memory that its text took: two bytes may be a row, which
# Spark copies a dozen times. Values that are no texts and texts are counted apart: the longest playlist that there is,
# 11,000 rows with two lists of 185 markets each, stays below both.
MAX_VALUES = 1_000_000
MAX_TEXTS = 5_000_000
MAX_DOCUMENTS = 1_000_000

# Jackson 2.16 and later (Spark 4) refuse longer keys.
_LONG_KEY = r'"[^"\\]{50001}[^"\\]*+"\s*+:'

_PAGING = ("href", "offset", "total", "limit", "items")


def read_texts(spark: SparkSession, prefixes: Iterable[str], uris: DataFrame) -> DataFrame:
    """Return `uri, text, sha256` of the listed objects (`uris`: one column, `uri`) below the prefixes, a row an object.

    Whole objects, since one may be a single document over many lines. Prefixes, not paths: a path with brackets or
    colons would have to be escaped for Hadoop's glob, which then trips over the colons. What arrived after the listing
    is left out again; what is too large is not opened.
    """
    return (
        spark.read.text(list(prefixes), wholetext=True, recursiveFileLookup=True, pathGlobFilter="{*.json,*.jsonl}")
        .where(F.col("_metadata.file_size") <= MAX_OBJECT_BYTES)
        .select(one_spelling_column(F.col("_metadata.file_path")).alias("uri"), F.col("value").alias("text"))
        .join(F.broadcast(uris), on="uri", how="left_semi")
        .withColumn("sha256", F.sha2(F.col("text").cast("binary"), 256))
    )


def split_documents(texts: DataFrame) -> DataFrame:
    """Return `uri, sha256, reason, document_no, text`: one row per JSON document, or one per object without any.

    An object is one document, pretty-printed or not, or one document a line; `document_no` is 1-based, in its order.
    """
    text = F.when(F.col("text").startswith("\ufeff"), F.substring("text", 2, MAX_OBJECT_BYTES)).otherwise(F.col("text"))
    # Java looks for one character without a pattern, which is a good deal faster on whole objects.
    pieces = F.split("text", "\n", MAX_DOCUMENTS + 3)
    lines = F.filter("pieces", lambda line: ~_is_blank(line))
    # Bytes that are no UTF-8 come back changed when the text is put together again.
    is_utf8 = F.array_join("pieces", "\n") == F.col("text")
    reason = (
        F.when(F.hex(F.substring(F.col("text").cast("binary"), 1, 2)) == "1F8B", reasons.GZIP)
        .when(~is_utf8, reasons.NOT_UTF8)
        .when(F.size("lines") == 0, reasons.EMPTY_FILE)
        .when(F.size("lines") > MAX_DOCUMENTS, reasons.TOO_MANY_VALUES)
    )
    first, second = (F.get("lines", F.lit(index)) for index in (0, 1))
    # No document has a brace that closes before one that opens: these lines are two. Nothing has to be parsed for it.
    are_several = (first.endswith("}") | first.endswith("}\r")) & second.startswith("{")
    is_one_document = (F.size("lines") <= 1) | (~are_several & is_document(F.col("text")))
    documents = F.when(F.col("reason").isNotNull() | is_one_document, F.array("text")).otherwise(F.col("lines"))
    return (
        texts.withColumn("text", text)
        .withColumn("pieces", pieces)
        .withColumn("lines", lines)
        .withColumn("reason", reason)
        .select("uri", "sha256", "reason", F.posexplode(documents).alias("position", "text"))
        .select(
            "uri",
            "sha256",
            F.coalesce("reason", F.when(_has_too_many_values(), reasons.TOO_MANY_VALUES)).alias("reason"),
            (F.col("position") + 1).alias("document_no"),
            "text",
        )
    )


def parse_documents(documents: DataFrame) -> DataFrame:
    """Return `uri, sha256, document_no, reason, run_id, extracted_at, outcomes, pages`, one row per document.

    `pages` holds `schemas.PAGE`; `outcomes` what a run's marker says of its playlists; `reason` is a code where the
    document cannot be read. A line that the extract wrote is parsed once, straight into its schema. Anything else, and
    a line with a value that does not fit, goes the long way: as texts, level by level.
    """
    return (
        documents.withColumn("read", F.when(F.col("reason").isNull(), marked(F.col("text"), ENVELOPE)))
        .withColumn("fast", F.when(F.get("read", F.lit(0))["schema_version"].isNotNull(), the_one(F.col("read"))))
        .withColumn("document", F.when(F.col("fast").isNull() & F.col("reason").isNull(), document_text(F.col("text"))))
        .withColumn("top", flat(F.col("document"), ("schema_version", "error")))
        .withColumn("line", _line())
        .withColumn("foreign", F.when(F.col("line").isNull(), _foreign_pages(F.col("document"))))
        .select(
            "uri",
            "sha256",
            "document_no",
            F.coalesce("reason", F.when(F.col("line").isNotNull(), _line_reason()).otherwise(_foreign_reason())).alias(
                "reason"
            ),
            "line.run_id",
            "line.extracted_at",
            F.when(_is_marker(), F.col("line.playlists")).alias("outcomes"),
            F.when(_is_marker(), F.array().cast(f"array<{PAGE.simpleString()}>"))
            .when(F.col("line").isNotNull(), F.array(_line_page()))
            .otherwise(F.transform("foreign", _foreign_page))
            .alias("pages"),
        )
    )


def _has_too_many_values() -> Column:
    """Tell it by the commas, which is nearly true and needs no parser; a value and its comma are two bytes or more."""
    text = F.col("text")
    commas, texts = (
        (F.octet_length(text) - F.octet_length(F.replace(text, F.lit(end), F.lit("")))) / len(end)
        for end in (",", '",')
    )
    return (F.octet_length(text) > 2 * MAX_VALUES) & ((commas - texts > MAX_VALUES) | (texts > MAX_TEXTS))


def _line() -> Column:
    """Return the document as a line of the extract: parsed fast, or value by value when something in it did not fit."""
    is_line = F.col("top.schema_version").isNotNull()
    return F.coalesce("fast", F.when(is_line, lenient(F.col("document"), ENVELOPE)))


def _line_reason() -> Column:
    version = typed(F.col("line.schema_version"), "int")
    return F.when(version.isNull() | (version != CONTRACT_VERSION), reasons.NEWER_SCHEMA).when(
        ~_is_marker() & F.col("line.page.items").isNull(), reasons.NO_ROWS
    )


def _is_marker() -> Column:
    """Tell a run's marker from a page: whatever holds rows is read as a page."""
    line = F.col("line")
    says_so = (line["kind"] == "run") & line["playlists"].isNotNull() & line["page"]["items"].isNull()
    return F.coalesce(says_so, F.lit(False))


def _foreign_reason() -> Column:
    """Why a document that the extract did not write cannot be read; null where it can."""
    text = F.col("text")
    # Spark's lenient reader is content with the first document of a line: where it finds one, there is more behind it.
    has_first = (
        F.from_json(text, "map<string,string>", STRICT).isNotNull()
        | F.from_json(text, "array<string>", STRICT).isNotNull()
    )
    malformed = (
        F.when(is_document(text) | text.rlike(_LONG_KEY), reasons.BEYOND_LIMITS)
        .when(has_first, reasons.SEVERAL_DOCUMENTS)
        .when(text.rlike(r"^\s*[{\[]") & ~text.rlike(r"[}\]]\s*\z"), reasons.TRUNCATED)
        .otherwise(reasons.NOT_JSON)
    )
    pages = F.col("foreign")
    readable = (F.size(pages) > 0) & F.forall(pages, _holds_rows)
    return (
        F.when(F.col("document").isNull(), malformed)
        .when(F.coalesce(readable, F.lit(False)), F.lit(None))
        .when(F.col("top.error").isNotNull(), reasons.API_ERROR)
        .otherwise(reasons.NO_ROWS)
    )


def _line_page() -> Column:
    line, page = F.col("line"), F.col("line.page")
    return _page(
        is_envelope=F.lit(True),
        is_repaired=F.col("fast").isNull(),
        **{name: line[name] for name in ("run_id", "fetch_status", "fetch_reason", "fetched_at", "playlist")},
        **{name: page[name] for name in ("href", "offset", "total")},
        rows=page["items"],
    )


def _foreign_pages(document: Column) -> Column:
    """Return the page-like parts of a foreign document, still as texts: `playlist, href, offset, total, limit, items`.

    The document is such a part itself, or an array of rows, or an array of parts. `playlist` is the text of the
    playlist object that the page came in.
    """

    def parts_of(parts: Column) -> Column:
        is_list = F.coalesce(F.size(parts) > 0, F.lit(False)) & ~F.exists(parts, _is_row)
        return F.transform(F.when(is_list, parts).otherwise(F.array(document)), _foreign_part)

    return let(elements(document), parts_of)


def _foreign_part(part: Column) -> Column:
    def paging(values: Column, playlist: Column) -> Column:
        return F.struct(playlist.alias("playlist"), *(values[name].alias(name) for name in _PAGING))

    nothing = F.lit(None).cast("string")
    bare = F.struct(nothing.alias("playlist"), *(nothing.alias(name) for name in _PAGING[:-1]), part.alias("items"))

    def page_or_playlist(values: Column) -> Column:
        # Where both are there, `items` are the rows and `tracks` are not read.
        body = F.when(is_object(values["items"]), values["items"]).otherwise(values["tracks"])
        return F.when(is_array(values["items"]), paging(values, nothing)).when(
            is_object(body), let(flat(body, _PAGING), lambda inner: paging(inner, part))
        )

    return F.when(is_array(part), bare).otherwise(let(flat(part, (*_PAGING, "tracks")), page_or_playlist))


def _holds_rows(page: Column) -> Column:
    """Tell whether a part holds rows of a playlist, or is the empty page of one."""
    is_paging = F.coalesce(page["playlist"], page["total"], page["offset"], page["limit"]).isNotNull()
    is_other_list = page["href"].rlike(r"/(?:me|users/[^/]+)/playlists(?:\?|$)")
    may_be_empty = is_paging & ~F.coalesce(is_other_list, F.lit(False))

    def check(rows: Column) -> Column:
        return F.coalesce(F.exists(rows, _is_row) | ((F.size(rows) == 0) & may_be_empty), F.lit(False))

    return let(elements(page["items"]), check)


def _is_row(element: Column) -> Column:
    """Tell whether an element has an `item` or a `track` that is an object or null: a boolean of that name is none."""

    def has_inner(name: str, keys: Column, values: Column) -> Column:
        return F.array_contains(keys, name) & (values[name].isNull() | is_object(values[name]))

    def check(values: Column) -> Column:
        keys = F.json_object_keys(element)
        return has_inner("item", keys, values) | has_inner("track", keys, values)

    return F.coalesce(F.when(is_object(element), let(flat(element, _ROW_KEYS), check)), F.lit(False))


def _foreign_page(part: Column) -> Column:
    fast = F.struct(
        F.from_json(part["items"], ROWS, STRICT).alias("rows"),
        parse_strictly(part["playlist"], PLAYLIST).alias("playlist"),
    )
    return let(
        fast,
        lambda strict: _page(
            is_full=part["playlist"].isNotNull(),
            is_repaired=strict["rows"].isNull() | (strict["playlist"].isNull() & part["playlist"].isNotNull()),
            **{name: part[name] for name in ("href", "offset", "total")},
            playlist=F.coalesce(strict["playlist"], lenient(part["playlist"], PLAYLIST)),
            rows=F.coalesce(strict["rows"], lenient(part["items"], ROWS)),
        ),
    )


def _page(**known: Column) -> Column:
    """Return a `schemas.PAGE` of what is known; flags that are not named are false, other fields null."""
    absent = {"is_envelope": F.lit(False), "is_full": F.lit(False), "is_repaired": F.lit(False)}
    fields = ((field, known.get(field.name, absent.get(field.name, F.lit(None)))) for field in PAGE)
    return F.struct(*(column.cast(field.dataType).alias(field.name) for field, column in fields))


def _is_blank(text: Column) -> Column:
    """Tell it by the first bytes, and only for a text that begins with many blanks by all of it."""
    beginning = F.substring(text.cast("binary"), 1, 16).cast("string")
    return ~beginning.rlike(r"\S") & ~text.rlike(r"\S")


def row_texts(text: Column, most: int) -> Column:
    """Return the first rows of every page in a document, each as JSON text: an array, null when `text` is none.

    `most` bounds what one page gives.
    """

    def first(items: Column) -> Column:
        return F.slice(elements(items), 1, most)

    def rows_of(document: Column) -> Column:
        page = flat(document, ("page",))["page"]
        own = let(page, lambda body: let(flat(body, ("items",))["items"], first))
        pages = F.transform(_foreign_pages(document), lambda part: F.coalesce(first(part["items"]), F.array()))
        return F.coalesce(own, F.flatten(pages))

    return let(document_text(text), rows_of)


def object_facts(parsed: DataFrame) -> DataFrame:
    """Return one row per object: whether and why it cannot be read, and what its envelopes say.

    `reason` is that of the first unreadable document and `document_no` its number; `documents` counts them.
    `is_extract` is true where every document is an envelope or a run's marker; `run_id` is a marker's, since a run
    without one did not end and says nothing about the playlists that it did not reach.
    """
    page = F.get("pages", F.lit(0))
    is_line = page["is_envelope"] | F.col("outcomes").isNotNull()
    by_playlist = parsed.groupBy("uri", page["playlist"]["id"].alias("playlist_id")).agg(
        F.first("sha256").alias("sha256"),
        F.count("*").alias("documents"),
        F.min(F.when(F.col("reason").isNotNull(), F.struct("document_no", "reason"))).alias("unreadable"),
        F.min(F.coalesce(is_line, F.lit(False))).alias("is_extract"),
        F.max("extracted_at").alias("extracted_at"),
        F.max(F.when(F.col("outcomes").isNotNull(), F.col("run_id"))).alias("run_id"),
        F.sum(F.when(page["is_envelope"], F.size(page["rows"]))).alias("rows"),
        F.max(F.when(page["is_envelope"], typed(page["total"], "int"))).alias("total"),
    )
    # An envelope is complete by its own word; one that was cut at the end of a line would look like songs removed.
    page_missing = F.max(F.coalesce(F.col("rows") < F.col("total"), F.lit(False)))
    return (
        by_playlist.groupBy("uri")
        .agg(
            F.first("sha256").alias("sha256"),
            F.sum("documents").alias("documents"),
            F.min("unreadable").alias("unreadable"),
            F.min("is_extract").alias("is_extract"),
            F.max("extracted_at").alias("extracted_at"),
            F.max("run_id").alias("run_id"),
            page_missing.alias("page_missing"),
        )
        .select(
            *("uri", "sha256", "documents", "is_extract", "extracted_at", "run_id"),
            F.coalesce("unreadable.reason", F.when(F.col("page_missing"), reasons.PAGE_MISSING)).alias("reason"),
            F.col("unreadable.document_no").alias("document_no"),
        )
    )
