"""Metrics in CloudWatch's embedded metric format: one line of JSON a run, nine numbers, none of them per playlist.

Error codes are properties of the line and no dimension: they can be searched for and cost no metric of their own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambda_extract.raw_zone import FETCHED, MISSING, STALE, UNCHANGED

NAMESPACE = "SpotifyEtl"

METRICS = {
    "RunsLanded": "Count",
    "PlaylistsFetched": "Count",
    "PlaylistsUnchanged": "Count",
    "PlaylistsStale": "Count",
    "PlaylistsMissing": "Count",
    "Items": "Count",
    "Requests": "Count",
    "ThrottledSeconds": "Seconds",
    "TokenAgeDays": "None",
}
"""Every metric with its unit. `RunsLanded` is 1 for a run whose marker landed and 0 for one that failed."""

_OUTCOMES = {
    FETCHED: "PlaylistsFetched",
    UNCHANGED: "PlaylistsUnchanged",
    STALE: "PlaylistsStale",
}


def of_result(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a run that landed, from what `handler.handle` returned.

    What an earlier delivery of the run has landed was counted by that one.
    """
    landed = Counter(result["landed_outcomes"])
    return {
        "RunsLanded": 1,
        **{metric: landed[outcome] for outcome, metric in _OUTCOMES.items()},
        "PlaylistsMissing": result["outcomes"].get(MISSING, 0),
        "Items": result["landed_rows"],
        "Requests": result["requests_made"],
        "ThrottledSeconds": result["throttled_seconds"],
    }


def error_codes(result: Mapping[str, Any]) -> dict[str, int]:
    """Return how many playlists each fault has hit, by its code."""
    reasons = (entry["reason"] for entry in result["playlists"] if entry["reason"])
    return dict(Counter(reason.partition(":")[0] for reason in reasons))


def line(
    values: Mapping[str, float | None], *, function: str, now: datetime, properties: Mapping[str, Any] | None = None
) -> str:
    """Return the line that CloudWatch makes metrics of; values that are None are left out."""
    known = {name: value for name, value in values.items() if value is not None}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["FunctionName"]],
        "Metrics": [{"Name": name, "Unit": METRICS[name]} for name in known],
    }
    document = {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        "FunctionName": function,
        **(properties or {}),
        **known,
    }
    return json.dumps(document, ensure_ascii=False)
