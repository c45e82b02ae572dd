"""Which events start or tell what: each rule with the payloads of tests/events that it must and must not match."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.infra.stack_templates import ACCOUNT, REGION, properties

EVENTS = Path(__file__).parents[1] / "events"

_NAMES = {
    "RootStackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/spotify-etl/1",
    "JobName": "dev-spotify_load_transform",
    "AlbumCrawler": "dev-spotify_album_crawler",
    "ArtistCrawler": "dev-spotify_artist_crawler",
    "SongCrawler": "dev-spotify_song_crawler",
}

RULES = {
    ("orchestrate", "RawObjectRule"): {"s3_marker", "s3_dropped_file", "s3_dropped_big_file", "s3_dropped_in_folder"},
    ("orchestrate", "StackChangedRule"): {"cloudformation_created", "cloudformation_updated"},
    ("monitoring", "JobFailedRule"): {"glue_job_failed", "glue_job_timeout", "glue_job_stopped"},
    ("monitoring", "CrawlerFailedRule"): {"glue_crawler_failed"},
}
"""The payloads that each rule matches; it matches no other of `PAYLOADS`."""

PAYLOADS = sorted(
    path.stem for path in EVENTS.glob("*.json") if path.stem.startswith(("s3_", "cloudformation_", "glue_"))
)


def payload(name: str) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def rule(template: str, logical_id: str) -> dict[str, Any]:
    """Return a rule's properties as CloudFormation makes them for the stack of which the payloads tell."""
    made: dict[str, Any] = properties(template, logical_id, **_NAMES)
    return made
