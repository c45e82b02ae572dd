"""Moving raw objects: to `processed/` when their rows are in Parquet, to `quarantine/` when they cannot be read.

Raw bytes are never dropped. A source is deleted only where the same bytes already lie under its target.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from load_transform.contract import PROCESSED, QUARANTINE, TO_BE_PROCESSED
from load_transform.errors import OrderError, TakenError
from load_transform.filesystem import Files, in_parallel
from load_transform.intake import Refusal
from load_transform.objects import REASON_SUFFIX, RawObject, extract_date, extraction_time, requeue_key


def move_to_processed(files: Files, moves: Iterable[tuple[RawObject, str]]) -> set[str]:
    """Move objects to their keys, several at a time, and return the keys of those that were left where they are.

    Objects that share a key are the same bytes: one stays. One that was replaced after it had been listed is another
    one, which nobody has read: it is left for the next run.
    """
    sources: dict[str, list[RawObject]] = {}
    for item, target in moves:
        sources.setdefault(target, []).append(item)

    def settle(target: str) -> list[str]:
        left = []
        for item in sources[target]:
            if _is_as_listed(files, item):
                _move_or_drop_copy(files, item.key, target)
            else:
                left.append(item.key)
        return left

    return {key for left in in_parallel(settle, sorted(sources)) for key in left}


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


def quarantined(files: Files) -> dict[str, str | None]:
    """Return the keys of the quarantined objects, each with the key that it came from; None where no reason tells."""
    keys = {files.key(entry.uri) for entry in files.files_below(QUARANTINE)}

    def origin(key: str) -> tuple[str, str | None]:
        if key + REASON_SUFFIX not in keys:
            return key, None
        try:
            told = json.loads(files.read_text(key + REASON_SUFFIX))["object"]
        except (ValueError, KeyError, TypeError):
            return key, None
        return key, told if isinstance(told, str) and told.startswith((TO_BE_PROCESSED, PROCESSED)) else None

    return dict(in_parallel(origin, sorted(key for key in keys if not _is_reason(key, keys))))


def choose(objects: Mapping[str, str | None], names: Collection[str]) -> list[str]:
    """Return the keys that the names mean: a key, the key that the object came from, or its file name. No name: all.

    Raises
    ------
    OrderError
        when a name means none of them
    """
    if not names:
        return sorted(objects)
    meant = {key: {key, origin or key, PurePosixPath(origin or key).name} for key, origin in objects.items()}
    for name in names:
        if not any(name in called for called in meant.values()):
            raise OrderError(f"{name} is not in quarantine. `spotify-etl status` names what is.")
    return sorted(key for key, called in meant.items() if called & set(names))


def put_back(files: Files, objects: Mapping[str, str | None], keys: Iterable[str]) -> list[tuple[str, str]]:
    """Move quarantined objects back to where the next load takes them from, and return what went where.

    The reason goes last: a run that is killed before leaves it alone, and the next one removes it.
    """

    def settle(key: str) -> tuple[str, str]:
        target = requeue_key(key, objects[key])
        _move_or_drop_copy(files, key, target)
        files.delete(key + REASON_SUFFIX)
        return key, target

    return in_parallel(settle, keys)


def remove_lone_reasons(files: Files) -> None:
    """Remove reasons of objects that were put back by a run which was killed then."""
    keys = {files.key(entry.uri) for entry in files.files_below(QUARANTINE)}
    in_parallel(files.delete, sorted(key for key in keys if _is_reason(key, keys) and _object_of(key) not in keys))


def _is_reason(key: str, keys: Collection[str]) -> bool:
    """Tell whether the job wrote it as a reason: quarantined files of such names lie in folders of their own."""
    is_own_folder = key.removeprefix(QUARANTINE).partition("/")[0].endswith("-reasons")
    return key.endswith(REASON_SUFFIX) and (_object_of(key) in keys or not is_own_folder)


def _object_of(reason_key: str) -> str:
    return reason_key.removesuffix(REASON_SUFFIX)


def count_by_date(refused: Iterable[Refusal]) -> Counter[str]:
    """Count the refused objects by the date that they would have belonged to, by their names."""
    return Counter(_date_of(refusal) for refusal in refused)


def as_json(refused: Iterable[Refusal], date: str | None = None) -> list[dict[str, str]]:
    """Return what is told of refused objects, of one date or of all."""
    return [
        {
            "object": refusal.item.key,
            "moved_to": refusal.target,
            "reason": refusal.reason,
            "message": refusal.message,
        }
        for refusal in refused
        if date is None or _date_of(refusal) == date
    ]


def _date_of(refusal: Refusal) -> str:
    return extract_date(refusal.item, extraction_time(refusal.item, None))


def _is_as_listed(files: Files, item: RawObject) -> bool:
    found = files.entry(item.key)
    # Some S3 servers list milliseconds, but answer for one object in whole seconds, as HTTP's headers have them.
    times = {item.modified_ms, item.modified_ms // 1000 * 1000}
    return found is None or (found.length == item.length and found.modified_ms in times)


def _move_or_drop_copy(files: Files, source: str, target: str) -> None:
    """Move an object; where its bytes lie under the target already, as after a copy without its delete, delete it."""
    try:
        files.move(source, target)
    except TakenError:
        if not files.same_bytes(source, target):
            raise
        files.delete(source)
