"""Moving raw objects: to `processed/` when their rows are in Parquet, to `quarantine/` when they cannot be read.

Raw bytes are never dropped. A source is deleted only where the same bytes already lie under its target.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from load_transform.filesystem import Files, in_parallel
from load_transform.intake import Refusal
from load_transform.objects import REASON_SUFFIX


def move_to_processed(files: Files, moves: Iterable[tuple[str, str]]) -> None:
    """Move objects to their keys, several at a time. Objects that share a key are the same bytes: one stays."""
    sources: dict[str, list[str]] = {}
    for source, target in moves:
        sources.setdefault(target, []).append(source)

    def settle(target: str) -> None:
        for source in sources[target]:
            _move_or_drop_copy(files, source, target)

    in_parallel(settle, sorted(sources))


def beside_others(files: Files, refused: Iterable[Refusal]) -> list[Refusal]:
    """Return the refusals with targets that are free, or hold the same bytes: those of a move that was cut off."""

    def settle(refusal: Refusal) -> Refusal:
        while files.exists(refusal.target) and not files.same_bytes(refusal.item.key, refusal.target):
            refusal = replace(refusal, others=refusal.others + 1)
        return refusal

    return in_parallel(settle, refused)


def quarantine(files: Files, refused: Iterable[Refusal], load_id: str, at: datetime) -> None:
    """Move refused objects to quarantine, each with a `.reason.json` beside it that was written first."""

    def settle(refusal: Refusal) -> None:
        reason = {
            "object": refusal.item.key,
            "reason": refusal.reason,
            "message": refusal.message,
            "bytes": refusal.item.length,
            "quarantined_at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "load_id": load_id,
        }
        files.write_text(refusal.target + REASON_SUFFIX, json.dumps(reason, ensure_ascii=False, indent=1) + "\n")
        _move_or_drop_copy(files, refusal.item.key, refusal.target)

    in_parallel(settle, refused)


def _move_or_drop_copy(files: Files, source: str, target: str) -> None:
    """Move an object; where its bytes lie under the target already, as after a copy without its delete, delete it."""
    if files.exists(target) and files.same_bytes(source, target):
        files.delete(source)
    else:
        files.move(source, target)
