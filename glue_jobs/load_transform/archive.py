"""Moving raw objects: to `processed/` when their rows are in Parquet, to `quarantine/` when they cannot be read.

Raw bytes are never dropped. A source is deleted only where the same bytes already lie under its target.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from load_transform.filesystem import Files, in_parallel
from load_transform.intake import Refusal
from load_transform.objects import quarantine_key


def move_to_processed(files: Files, moves: Iterable[tuple[str, str]]) -> None:
    """Move objects to their keys, several at a time. Objects that share a key are the same bytes: one stays."""
    sources: dict[str, list[str]] = {}
    for source, target in moves:
        sources.setdefault(target, []).append(source)

    def settle(target: str) -> None:
        first, *copies = sources[target]
        if files.exists(target):
            copies = [first, *copies]
        else:
            files.move(first, target)
        for copy in copies:
            files.delete(copy)

    in_parallel(settle, sorted(sources))


def quarantine(files: Files, refused: Iterable[Refusal], load_id: str, at: datetime) -> None:
    """Move refused objects to quarantine, each with a `.reason.json` beside it that was written first."""

    def settle(refusal: Refusal) -> None:
        target = quarantine_key(refusal.item)
        reason = {
            "object": refusal.item.key,
            "reason": refusal.reason,
            "message": refusal.message,
            "bytes": refusal.item.length,
            "quarantined_at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "load_id": load_id,
        }
        files.write_text(f"{target}.reason.json", json.dumps(reason, ensure_ascii=False, indent=1) + "\n")
        files.move(refusal.item.key, target)

    in_parallel(settle, refused)
