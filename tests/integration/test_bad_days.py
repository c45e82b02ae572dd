"""A day on which a playlist cannot be read never looks like songs removed: from the extract to the views."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_extract.handler import handle
from lambda_extract.settings import ExtractConfig
from lambda_extract.spotify import SpotifyClient
from load_transform.job import run
from spotify_etl import catalog
from spotify_etl.folder_store import FolderStore
from spotify_etl.standin import ServedPlaylist, StandIn, World, faults
from tests.integration.test_both_ends import ask
from tests.unit.extract.test_limits import Ticking

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIRST = datetime(2026, 11, 23, 6, tzinfo=UTC)
THIRD = "c" * 22


def playlist(letter: str, number: int, *, snapshot: str) -> ServedPlaylist:
    rows = [
        {
            "added_at": "2026-01-01T00:00:00Z",
            "is_local": False,
            "item": {
                "id": f"{letter}{song}",
                "uri": f"spotify:track:{letter}{song}",
                "type": "track",
                "name": f"song {song}",
                "artists": [{"id": f"artist{letter}", "name": "Somebody"}],
                "album": {"id": f"album{letter}", "name": "An Album", "artists": []},
            },
        }
        for song in range(number)
    ]
    metadata = {
        "collaborative": False,
        "id": letter * 22,
        "name": f"Playlist {letter}",
        "owner": {"id": "me"},
        "snapshot_id": snapshot,
    }
    return ServedPlaylist(metadata, rows)


def five(number: int, snapshot: str) -> World:
    return World("me", {letter * 22: playlist(letter, number, snapshot=snapshot) for letter in "abcde"})


def extract(standin: StandIn, root: Path, day: int, **settings: Any) -> dict[str, Any]:
    moment = FIRST + timedelta(days=day)
    own = replace(standin.credentials, user_id="me")
    context = settings.pop("context", None)
    with SpotifyClient(own, api_url=standin.api_url, token_url=standin.token_url) as spotify:
        return handle(
            {"time": moment.isoformat()},
            context,
            config=ExtractConfig(**settings),
            store=FolderStore(root / "raw"),
            spotify=spotify,
            clock=lambda: moment,
            credentials=own,
            sleep=lambda _: None,
        )


def _fails(standin: StandIn) -> dict[str, Any]:
    standin.before = faults.on(THIRD, faults.server_error(503))
    return {}


def _has_no_budget(standin: StandIn) -> dict[str, Any]:
    # The list, two playlists of 200 items whole (itself, two pages, the check), and not enough for another.
    return {"budget": 1 + 2 * 4 + 1}


def _has_no_time(standin: StandIn) -> dict[str, Any]:
    # It runs down with each request, and is over before playlist 3 is read to its end.
    return {"context": Ticking(left=72, step=2)}


# Every other day something goes wrong for some of the five, and on the day after nothing does.
BAD_DAYS = {
    1: (_fails, "c", "spotify_unavailable"),
    3: (_has_no_budget, "cde", "budget_spent"),
    5: (_has_no_time, "cde", "out_of_time"),
}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of seven days. On each bad day every playlist has lost a song, which some cannot tell before tomorrow."""
    root = tmp_path_factory.mktemp("lake")
    with StandIn(five(200, "v0")) as standin:
        for day in range(7):
            standin.before = None
            if day in BAD_DAYS:
                standin.world = five(200 - day, f"v{day}")
            extract(standin, root, day, **(BAD_DAYS[day][0](standin) if day in BAD_DAYS else {}))
    (root / "transformed").mkdir()
    run(spark, (root / "raw").as_uri(), (root / "transformed").as_uri(), clock=lambda: FIRST)
    catalog.refresh(root)
    return root


def _date(day: int) -> str:
    return f"{FIRST + timedelta(days=day):%Y-%m-%d}"


@pytest.mark.parametrize("day", BAD_DAYS)
def test_the_date_holds_all_five_with_the_reason(lake: Path, day: int) -> None:
    _, stale, code = BAD_DAYS[day]
    told = ask(
        lake,
        "SELECT playlist_id, fetch_status, item_count, fetch_reason FROM playlists_data "
        f"WHERE extract_date = '{_date(day)}' ORDER BY 1",
    )
    before = 200 if day == 1 else 200 - (day - 2)
    assert [(str(row[0])[0], row[1], row[2]) for row in told] == [
        (letter, "stale", before) if letter in stale else (letter, "fetched", 200 - day) for letter in "abcde"
    ]
    assert {str(row[3]).partition(":")[0] for row in told if row[1] == "stale"} == {code}


@pytest.mark.parametrize("day", BAD_DAYS)
def test_nothing_was_removed_from_what_could_not_be_read(lake: Path, day: int) -> None:
    _, stale, _ = BAD_DAYS[day]
    removed = {
        change_day: {
            str(row[0])[0]
            for row in ask(
                lake,
                "SELECT playlist_id FROM playlist_changes WHERE change = 'removed' "
                f"AND change_date = DATE '{_date(change_day)}'",
            )
        }
        for change_day in (day, day + 1)
    }
    assert removed == {day: set("abcde") - set(stale), day + 1: set(stale)}
    assert ask(lake, "SELECT count(*) FROM playlist_changes WHERE change IN ('deleted', 'emptied', 'added')") == [(0,)]
