"""Names and lines of the raw zone, version 1 of the data contract. Pure: no clock, no network, no disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lambda_extract.errors import SpotifyAnswerError
from lambda_extract.runs import Run

SCHEMA_VERSION = 1

TO_BE_PROCESSED = "raw_data/to_be_processed/"
PROCESSED = "raw_data/processed/"
STATE = "state/playlists/"

FETCHED = "fetched"
MISSING = "missing"


@dataclass(frozen=True)
class Outcome:
    """What became of one playlist in a run. `object` is a key and `rows` a count where something landed."""

    playlist_id: str
    outcome: str
    reason: str | None = None
    object: str | None = None
    rows: int | None = None


def folder(run: Run) -> str:
    """Name the run's folder, relative to either of `TO_BE_PROCESSED` and `PROCESSED`."""
    return f"extract_date={run.extract_date}/"


def object_name(run: Run, playlist_id: str) -> str:
    """Name the object of one playlist of one run, relative to either zone; a move keeps it."""
    return f"{folder(run)}{playlist_id}-{run.run_id}.jsonl"


def marker_name(run: Run) -> str:
    """Name the run's marker, relative to either zone."""
    return f"{folder(run)}run-{run.run_id}.json"


def state_key(playlist_id: str) -> str:
    """Name the object that remembers the last complete extract of a playlist."""
    return f"{STATE}{playlist_id}.json"


def page_line(run: Run, *, extracted_at: str, fetched_at: str, playlist: dict[str, Any], page: dict[str, Any]) -> bytes:
    """Write one line of an object: a page of the API verbatim, its playlist, and where both come from."""
    return json_line(
        {
            "schema_version": SCHEMA_VERSION,
            "run_id": run.run_id,
            "extracted_at": extracted_at,
            "fetch_status": FETCHED,
            "fetch_reason": None,
            "fetched_at": fetched_at,
            "carried_from": None,
            "playlist": playlist,
            "page": page,
        }
    )


def marker(run: Run, *, extracted_at: str, requests: int, playlists: Sequence[Outcome]) -> dict[str, Any]:
    """Build the list of every playlist's outcome; it lands last, so whoever sees it sees the whole run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "run",
        "run_id": run.run_id,
        "extracted_at": extracted_at,
        "requests": requests,
        "playlists": [asdict(outcome) for outcome in playlists],
    }


def state(run: Run, *, extracted_at: str, playlist: dict[str, Any], rows: int) -> dict[str, Any]:
    """Build what is remembered of a complete extract. `object` is relative to a zone, since the job will move it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "playlist_id": playlist["id"],
        "snapshot_id": playlist.get("snapshot_id"),
        "object": object_name(run, playlist["id"]),
        "run_id": run.run_id,
        "extracted_at": extracted_at,
        "rows": rows,
    }


def json_line(document: dict[str, Any]) -> bytes:
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
