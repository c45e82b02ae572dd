"""From the listing to what is read: every listed object is accepted whole or refused whole, with the reason.

The decisions are plain Python over one small row per object; Spark only reads and parses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, count
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from load_transform import documents, reasons
from load_transform.contract import PROCESSED
from load_transform.filesystem import Files
from load_transform.objects import (
    FILE_TIME,
    ObjectTime,
    RawObject,
    extract_date,
    extraction_time,
    playlist_stem,
    processed_key,
    quarantine_key,
    unreadable,
)
from load_transform.pages import OBJECT_SCHEMA


@dataclass(frozen=True)
class Refusal:
    """An object that is not read: its reason code and a sentence for people.

    `others` is how many objects of its name and time, with other bytes, are in quarantine already.
    """

    item: RawObject
    reason: str
    message: str
    others: int = 0

    @property
    def target(self) -> str:
        """The key under which the object lies when the run has ended."""
        return quarantine_key(self.item, self.others)


@dataclass(frozen=True)
class Accepted:
    """An object that is read: its date, its time, its content's SHA-256 and the key that it ends under.

    `run_id` is that of the run whose marker the object is, else None.
    """

    item: RawObject
    date: str
    time: ObjectTime
    sha256: str
    target: str
    run_id: str | None

    @property
    def final_key(self) -> str:
        """The key under which the object lies when the load has ended."""
        return self.item.key if self.item.key.startswith(PROCESSED) else self.target


@dataclass(frozen=True)
class Batch:
    """Objects of one place: their documents as text and, computed once, parsed, and the verdict on every object."""

    documents: DataFrame | None
    parsed: DataFrame | None
    accepted: list[Accepted]
    refused: list[Refusal]


def listed(files: Files, prefix: str) -> list[RawObject]:
    """Return every object below a prefix of the raw bucket."""
    return [
        RawObject(entry.uri, files.key(entry.uri), entry.length, datetime.fromtimestamp(entry.modified_ms / 1000, UTC))
        for entry in files.files_below(prefix)
    ]


def read_batch(spark: SparkSession, root: str, prefixes: Iterable[str], items: Iterable[RawObject]) -> Batch:
    """Parse the objects and decide on each. What was read is reconciled with the listing, not with what Spark gave."""
    by_name = [(item, unreadable(item)) for item in items]
    refused = [Refusal(item, reason, reasons.SENTENCES[reason]) for item, reason in by_name if reason]
    readable = [item for item, reason in by_name if not reason]
    if not readable:
        return Batch(None, None, [], refused)
    uris = _local_rows(spark, [{"uri": item.uri} for item in readable], "uri: string")
    texts = documents.read_texts(spark, [root + prefix for prefix in prefixes], uris)
    split = documents.split_documents(texts)
    # Parsed once and cut off from how: Spark would otherwise plan the whole parsing again with every dataset.
    parsed = documents.parse_documents(split).localCheckpoint()
    facts = {row["uri"]: row.asDict() for row in documents.object_facts(parsed).collect()}
    verdicts = [_verdict(item, facts.get(item.uri)) for item in readable]
    accepted = [verdict for verdict in verdicts if isinstance(verdict, Accepted)]
    refused += [verdict for verdict in verdicts if isinstance(verdict, Refusal)]
    return Batch(split, parsed, accepted, refused)


def _verdict(item: RawObject, facts: Mapping[str, Any] | None) -> Accepted | Refusal:
    reason = facts["reason"] if facts else reasons.NOT_RETURNED
    if reason or not facts:
        return Refusal(item, reason, _sentence(reason, facts))
    time = extraction_time(item, facts["extracted_at"])
    date = extract_date(item, time)
    own = item.has_own_name and facts["is_extract"]
    target = processed_key(item, date, time, facts["sha256"], own=own)
    return Accepted(item, date, time, facts["sha256"], target, facts["run_id"])


def _sentence(reason: str, facts: Mapping[str, Any] | None) -> str:
    sentence = reasons.SENTENCES[reason]
    if facts and facts["document_no"] and facts["documents"] > 1:
        return f"Line {facts['document_no']} of {facts['documents']}: {sentence}"
    return sentence


def beside_other_bytes(candidate: Accepted, contents: Mapping[str, str]) -> Accepted:
    """Give an object another place when its key holds other bytes already; `contents` is the SHA-256 of each key."""
    if contents.get(candidate.target, candidate.sha256) == candidate.sha256:
        return candidate
    dropped = processed_key(candidate.item, candidate.date, candidate.time, candidate.sha256, own=False)
    folder, _, name = dropped.rpartition("/")
    numbered = (f"{folder}/{number}/{name}" for number in count(1))
    free = next(key for key in chain([dropped], numbered) if contents.get(key, candidate.sha256) == candidate.sha256)
    return replace(candidate, target=free)


def read_once(objects: Iterable[Accepted]) -> list[Accepted]:
    """Return the objects to read: one of those that end under one key, and one of equal files without a time.

    The same object lies in two places after a crash, and the same file may be dropped twice. Without a time of its own
    the first one that came counts, as if the other had never come.
    """
    by_target: dict[str, Accepted] = {}
    for accepted in objects:
        by_target.setdefault(accepted.target, accepted)
    by_content: dict[tuple[str, str, str], Accepted] = {}
    others = []
    for accepted in by_target.values():
        if accepted.time.rank != FILE_TIME:
            others.append(accepted)
            continue
        content = (accepted.date, accepted.sha256, accepted.item.relative_name)
        earlier = by_content.get(content)
        if earlier is None or accepted.time.at < earlier.time.at:
            by_content[content] = accepted
    return others + list(by_content.values())


def object_rows(spark: SparkSession, objects: Iterable[Accepted], new_uris: set[str]) -> DataFrame:
    """Return the accepted objects as a DataFrame of `pages.OBJECT_SCHEMA`."""
    rows = [
        {
            "uri": accepted.item.uri,
            "object_no": number,
            "extract_date": accepted.date,
            "time_rank": accepted.time.rank,
            "extracted_at": accepted.time.at.isoformat(),
            "object_name": accepted.item.relative_name,
            "sha256": accepted.sha256,
            "stem": playlist_stem(accepted.item.name),
            "is_new": accepted.item.uri in new_uris,
        }
        for number, accepted in enumerate(sorted(objects, key=lambda one: one.item.uri))
    ]
    return _local_rows(spark, rows, OBJECT_SCHEMA)


def _local_rows(spark: SparkSession, rows: list[dict[str, Any]], schema: str) -> DataFrame:
    """Return rows as a DataFrame without a Python worker, which `createDataFrame` would start.

    The condition is there since Spark would take apart what is constant when it plans, and send the rows to every task
    as objects, one by one.
    """
    text = F.when(F.col("id") == 0, F.lit(json.dumps(rows)))
    return spark.range(1).select(F.inline(F.from_json(text, f"array<struct<{schema}>>")))
