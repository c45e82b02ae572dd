"""What the tests of the extract are made of: small playlists, a folder for a bucket, and one way to run it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lambda_extract.extract import Clock, OnProgress, ignore_progress
from lambda_extract.handler import handle
from lambda_extract.settings import MINE, ExtractConfig
from lambda_extract.spotify import SpotifyClient
from lambda_extract.storage import RawStore
from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import ServedPlaylist, StandIn, World

ME = "me"
NOW = datetime(2026, 11, 23, 6, 0, 2, 345678, tzinfo=UTC)
EVENT = {"time": "2026-11-23T06:00:00Z"}
DATE = "extract_date=2026-11-23"
PENDING = f"raw_data/to_be_processed/{DATE}/"
PROCESSED = f"raw_data/processed/{DATE}/"
RUN_ID = "20261123T060000Z"
MARKER = f"{PENDING}run-{RUN_ID}.json"


@dataclass
class FakeContext:
    aws_request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    function_name: str = "extract"
    memory_limit_in_mb: int = 256

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def playlist_id(letter: str) -> str:
    return letter * 22


def object_key(letter: str, zone: str = PENDING) -> str:
    return f"{zone}{playlist_id(letter)}-{RUN_ID}.jsonl"


def playlist(letter: str, rows: int, *, owner: str = ME, snapshot: str = "v1") -> ServedPlaylist:
    identity = playlist_id(letter)
    metadata = {
        "collaborative": False,
        "id": identity,
        "name": f"Playlist {letter}, “quoted” 🌙",
        "owner": {"id": owner},
        "snapshot_id": snapshot,
        "type": "playlist",
    }
    return ServedPlaylist(metadata, [row(letter, number) for number in range(rows)])


def row(letter: str, number: int) -> dict[str, Any]:
    item = {"id": f"{letter}{number}", "name": f"song {number}", "type": "track", "track": True, "episode": False}
    return {"added_at": "2026-01-01T00:00:00Z", "is_local": False, "item": item}


def world(*playlists: ServedPlaylist) -> World:
    return World(ME, {each.playlist_id: each for each in playlists})


def client(standin: StandIn, **arguments: Any) -> SpotifyClient:
    return SpotifyClient(standin.credentials, api_url=standin.api_url, token_url=standin.token_url, **arguments)


def extract(
    standin: StandIn,
    store: RawStore,
    letters: str,
    *,
    event: object = None,
    clock: Clock = lambda: NOW,
    on_progress: OnProgress = ignore_progress,
    sleep: Callable[[float], None] = lambda _: None,
    context: object = None,
    user: str | None = None,
    **config: Any,
) -> dict[str, Any]:
    """Run the handler on the playlists that the letters name, or on all that are mine; waits take no time."""
    playlists = MINE if letters == MINE else tuple(playlist_id(letter) for letter in letters)
    with client(standin, clock=clock) as spotify:
        return handle(
            EVENT if event is None else event,
            FakeContext() if context is None else context,
            config=ExtractConfig(playlists, **config),
            store=store,
            spotify=spotify,
            clock=clock,
            credentials=replace(standin.credentials, user_id=user),
            sleep=sleep,
            random=lambda: 0.5,
            on_progress=on_progress,
        )


def on_day(day: int, hour: int = 6) -> dict[str, Any]:
    """The arguments of a run on another day of that November: its event and its clock."""
    moment = NOW.replace(day=day, hour=hour)
    return {"event": {"time": f"{moment:%Y-%m-%dT%H:00:00Z}"}, "clock": lambda: moment}


def key_on(day: int, letter: str, zone: str = "raw_data/to_be_processed", hour: int = 6) -> str:
    return f"{zone}/extract_date=2026-11-{day:02}/{playlist_id(letter)}-202611{day:02}T{hour:02}0000Z.jsonl"


def status_of(store: RawStore, key: str) -> str:
    (status,) = {line["fetch_status"] for line in lines(store, key)}
    return str(status)


def lines(store: RawStore, key: str) -> list[dict[str, Any]]:
    content = store.read(key)
    assert content is not None, key
    assert content.endswith(b"\n")
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def document(store: RawStore, key: str) -> dict[str, Any]:
    (only,) = lines(store, key)
    return only


def everything(store: FolderStore) -> dict[str, tuple[bytes, int]]:
    """All objects with their bytes and the moment they were written."""
    return {key: ((path := store.root / key).read_bytes(), path.stat().st_mtime_ns) for key in store.keys("")}


def move(store: FolderStore, key: str, to: str) -> None:
    target: Path = store.root / to
    target.parent.mkdir(parents=True, exist_ok=True)
    (store.root / key).replace(target)
