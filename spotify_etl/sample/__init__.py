"""The bundled sample: made-up playlists with a past, as raw objects and as a world for the stand-in of the Web API.

The sample has its own calendar. Its present is `SAMPLE_NOW`; whoever runs it later finds nothing new, and every run of
every machine lands the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from lambda_extract.handler import handle
from lambda_extract.raw_zone import TO_BE_PROCESSED
from lambda_extract.settings import ExtractConfig
from lambda_extract.spotify import PAGE_SIZE
from spotify_etl.sample.weeks import KITCHEN, LAST_WEEK, OWNER, monday, playlists_on
from spotify_etl.standin import EMBEDDED_ROWS, World, items_page

__all__ = ["CLASSIC_KEY", "EVENT", "SAMPLE_NOW", "config", "now", "playlists_on", "snapshots", "world"]

SAMPLE_NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)

EVENT = {"time": "2026-11-23T06:00:00Z"}
"""The scheduler's event of the sample's run."""

CLASSIC_WEEK = date(2026, 10, 5)
CLASSIC_KEY = f"{TO_BE_PROCESSED}spotify_raw_2026-10-05 06:00:02.123456.json"
"""The one earlier week that the pipeline of the tutorials wrote: one page of one playlist, spaces and colons."""


def now() -> datetime:
    """Return the sample's present: the clock of its run."""
    return SAMPLE_NOW


def world() -> World:
    """Return what the stand-in of the Web API serves at `SAMPLE_NOW`; a new copy each time."""
    return _world(SAMPLE_NOW.date())


def config() -> ExtractConfig:
    """Return what the sample's extract reads: all playlists of the made-up listener."""
    return ExtractConfig()


def snapshots() -> Iterator[tuple[str, bytes]]:
    """Yield the raw objects of the twelve Mondays before `SAMPLE_NOW`, as (key in the raw bucket, content).

    Per week they come as the extract wrote them: an object per playlist, the marker last. One week is in the classic
    shape instead, see `CLASSIC_KEY`.
    """
    for week in range(LAST_WEEK):
        if monday(week).date() == CLASSIC_WEEK:
            yield CLASSIC_KEY, _classic_page()
        else:
            yield from _extracted(monday(week))


def _world(day: date) -> World:
    return World(OWNER, {playlist.playlist_id: playlist for playlist in playlists_on(day)})


def _extracted(moment: datetime) -> Iterator[tuple[str, bytes]]:
    """Run the extract itself on a past week, without HTTP, and yield what it landed."""
    past, store = _world(moment.date()), _Memory()
    handle(
        {"time": moment.isoformat()},
        None,
        config=config(),
        store=store,
        spotify=_Direct(past),
        clock=lambda: moment,
    )
    return ((key, content) for key, content in store.objects.items() if key.startswith(TO_BE_PROCESSED))


class _Memory:
    """A bucket for a moment; its objects are in the order in which they were put."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def keys(self, prefix: str) -> set[str]:
        return {key for key in self.objects if key.startswith(prefix)}

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        self.objects[key] = content if isinstance(content, bytes) else content.read()

    def read(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def lines(self, key: str) -> Iterator[bytes] | None:
        content = self.objects.get(key)
        return None if content is None else iter(content.splitlines(keepends=True))


class _Direct:
    """Asks a world what `SpotifyClient` asks the Web API."""

    def __init__(self, past: World) -> None:
        self._world = past

    def connect(self) -> None:
        """Nothing is needed."""

    def disconnect(self) -> None:
        """Nothing is held."""

    def me(self) -> dict[str, Any]:
        return {"id": self._world.user_id}

    def my_playlists(self, offset: int) -> dict[str, Any]:
        entries = [
            {**playlist.metadata, "items": {"total": len(playlist.rows)}} for playlist in self._world.playlists.values()
        ]
        return {"items": entries[offset : offset + PAGE_SIZE], "offset": offset, "total": len(entries)}

    def playlist(self, playlist_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        playlist = self._world.playlists[playlist_id]
        return playlist.metadata, items_page(playlist, limit=EMBEDDED_ROWS, offset=0)

    def metadata(self, playlist_id: str) -> dict[str, Any]:
        return self._world.playlists[playlist_id].metadata

    def snapshot_id(self, playlist_id: str) -> str | None:
        return str(self.metadata(playlist_id)["snapshot_id"])

    def page(self, playlist_id: str, offset: int) -> dict[str, Any]:
        return items_page(self._world.playlists[playlist_id], limit=PAGE_SIZE, offset=offset)


def _classic_page() -> bytes:
    """Return what the tutorials' Lambda wrote: `json.dumps` of the one page it read, in the shape before 2026."""
    playlist = next(p for p in playlists_on(CLASSIC_WEEK) if p.playlist_id == KITCHEN.playlist_id)
    page = items_page(playlist, limit=100, offset=0)
    address = f"https://api.spotify.com/v1/playlists/{playlist.playlist_id}/tracks"
    page["href"] = f"{address}?offset=0&limit=100&additional_types=track"
    page["items"] = [_classic_row(row, position) for position, row in enumerate(page["items"])]
    return json.dumps(page).encode()


def _classic_row(row: dict[str, Any], position: int) -> dict[str, Any]:
    track = {name: value for name, value in row["item"].items() if name not in {"is_playable", "restrictions"}}
    markets = ["DE", "GB", "KR"] if row["item"]["is_playable"] else []
    album = {name: value for name, value in track["album"].items() if name != "is_playable"}
    track.update(
        album={**album, "available_markets": markets},
        available_markets=markets,
        popularity=(position * 37) % 101,
        preview_url=None,
    )
    return {**{name: value for name, value in row.items() if name != "item"}, "track": track}
