"""Names and lines of the raw zone, version 1 of the data contract. Pure: no clock, no network, no disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lambda_extract.errors import SpotifyAnswerError
from lambda_extract.runs import Run

SCHEMA_VERSION = 1

TO_BE_PROCESSED = "raw_data/to_be_processed/"
PROCESSED = "raw_data/processed/"

FETCHED: Literal["fetched"] = "fetched"
"""Read in this run."""
UNCHANGED: Literal["unchanged"] = "unchanged"
"""Its snapshot_id did not move: the pages of its last complete extract land again."""
STALE: Literal["stale"] = "stale"
"""Failed or not reached: the pages of its last complete extract land again, with the reason."""
MISSING: Literal["missing"] = "missing"
"""Failed or not reached, and never read before: it is in the marker only."""
ABSENT: Literal["absent"] = "absent"
"""Spotify answered 404 in two runs in a row: it is gone, and in the marker only."""


@dataclass(frozen=True)
class Outcome:
    """What became of one playlist in a run. `object` is a key and `rows` a count where something landed.

    `waiting` are the requests that it will take, about, where the budget, the quota or the time did not reach it.
    """

    playlist_id: str
    outcome: str
    reason: str | None = None
    object: str | None = None
    rows: int | None = None
    carried_from: str | None = None
    waiting: int | None = None


@dataclass(frozen=True)
class Stamp:
    """What all lines of one object share: the run, its time, how the playlist was come by and why."""

    run: Run
    extracted_at: str
    fetch_status: str = FETCHED
    fetch_reason: str | None = None
    carried_from: str | None = None
    keep_added_by: bool = True


def folder(run: Run) -> str:
    """Name the run's folder, relative to either of `TO_BE_PROCESSED` and `PROCESSED`."""
    return f"extract_date={run.extract_date}/"


def object_name(run: Run, playlist_id: str) -> str:
    """Name the object of one playlist of one run, relative to either zone; a move keeps it."""
    return f"{folder(run)}{playlist_id}-{run.run_id}.jsonl"


def marker_name(run: Run) -> str:
    """Name the run's marker, relative to either zone."""
    return f"{folder(run)}run-{run.run_id}.json"


def page_line(stamp: Stamp, *, fetched_at: str, playlist: Mapping[str, Any], page: Mapping[str, Any]) -> bytes:
    """Write one line of an object: a page of the API verbatim, its playlist, and where both come from."""
    return json_line(
        {
            "schema_version": SCHEMA_VERSION,
            "run_id": stamp.run.run_id,
            "extracted_at": stamp.extracted_at,
            "fetch_status": stamp.fetch_status,
            "fetch_reason": stamp.fetch_reason,
            "fetched_at": fetched_at,
            "carried_from": stamp.carried_from,
            "playlist": playlist,
            "page": page if stamp.keep_added_by else _without_added_by(page),
        }
    )


def marker(run: Run, *, extracted_at: str, requests: int, playlists: list[Outcome], **told: Any) -> dict[str, Any]:
    """Build the list of every playlist's outcome; it lands last, so whoever sees it sees the whole run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "run",
        "run_id": run.run_id,
        "extracted_at": extracted_at,
        "requests": requests,
        **told,
        "playlists": [asdict(outcome) for outcome in playlists],
    }


def json_line(document: Mapping[str, Any]) -> bytes:
    r"""Write a document as one line of compact JSON in UTF-8, `\n` at its end.

    Raises
    ------
    SpotifyAnswerError
        If it holds a number that JSON has no word for (NaN, infinity): no reader would take the line.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        # Half a surrogate pair is legal in JSON's \u escapes but not in UTF-8; escaped again it keeps its content.
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    except ValueError:
        raise SpotifyAnswerError("Spotify's answer holds a number that JSON cannot hold (NaN or infinity).") from None


def _without_added_by(page: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{**row, "added_by": None} if isinstance(row, dict) and "added_by" in row else row for row in page["items"]]
    return {**page, "items": rows}
