"""The bundled sample is the same everywhere, and everything that the README says is in it really is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from lambda_extract.handler import handle
from lambda_extract.spotify import SpotifyClient
from spotify_etl import sample
from spotify_etl.folder_store import FolderStore
from spotify_etl.sample import CLASSIC_KEY, EVENT, SAMPLE_NOW, playlists_on, snapshots, world
from spotify_etl.sample.weeks import AUTUMN, FISHING, KITCHEN, LONGEST, NIGHT, ODDITIES, STORY, SUMMER, VINYL
from spotify_etl.standin import ServedPlaylist, StandIn

MONDAYS = [date(2026, 8, 31) + timedelta(weeks=week) for week in range(13)]
NOW = SAMPLE_NOW.date()


@cache
def week(number: int) -> dict[str, ServedPlaylist]:
    return {playlist.playlist_id: playlist for playlist in playlists_on(MONDAYS[number])}


def rows(number: int, playlist_id: str) -> list[dict[str, Any]]:
    return week(number)[playlist_id].rows


def all_rows(number: int = 12) -> list[dict[str, Any]]:
    return [row for playlist in week(number).values() for row in playlist.rows]


def items(number: int = 12) -> list[dict[str, Any]]:
    return [row["item"] for row in all_rows(number) if row["item"]]


def tracks(number: int = 12) -> list[dict[str, Any]]:
    return [item for item in items(number) if item["type"] == "track" and item["id"]]


def uris(number: int, playlist_id: str) -> Counter[str]:
    return Counter(row["item"]["uri"] if row["item"] else "" for row in rows(number, playlist_id))


def test_the_same_bytes_in_every_process() -> None:
    script = (
        "import hashlib; from spotify_etl.sample import snapshots\n"
        "print(hashlib.sha256(repr(list(snapshots())).encode()).hexdigest())"
    )
    here = hashlib.sha256(repr(list(snapshots())).encode()).hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Seoul"},
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.strip() == here


def test_the_run_over_http_lands_what_the_earlier_weeks_look_like(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with StandIn(world()) as standin:
        for _ in range(2):
            spotify = SpotifyClient(standin.credentials, api_url=standin.api_url, token_url=standin.token_url)
            with spotify:
                result = handle(EVENT, None, config=sample.config(), store=store, spotify=spotify, clock=sample.now)
    assert result["outcomes"] == {"fetched": 8}
    assert result["landed"] == 0, "the second run finds nothing new"
    landed = {key: store.read(key) for key in store.keys("raw_data/")}
    assert landed == dict(sample._extracted(SAMPLE_NOW))
    assert result["rows"] == len(all_rows())
    assert len(standin.requests) == result["requests"]


def test_twelve_earlier_mondays_one_of_them_classic() -> None:
    objects = list(snapshots())
    keys = [key for key, _ in objects]
    assert len(keys) == len(set(keys))
    dates = sorted({match.group(1) for key in keys if (match := re.search(r"extract_date=([\d-]+)/", key))})
    assert dates == [day.isoformat() for day in MONDAYS[:12] if day != date(2026, 10, 5)]
    assert CLASSIC_KEY == "raw_data/to_be_processed/spotify_raw_2026-10-05 06:00:02.123456.json"
    assert [key for key in keys if "2026-10-05" in key] == [CLASSIC_KEY]
    by_date = {day: [key for key in keys if f"={day}/" in key] for day in dates}
    assert all(re.search(r"/run-\d{8}T060000Z\.json$", of_day[-1]) for of_day in by_date.values())
    assert sum(len(content) for _, content in objects) < 8_000_000


def test_the_classic_week_is_one_page_as_it_was_before_2026() -> None:
    page = json.loads(dict(snapshots())[CLASSIC_KEY])
    assert page["href"].startswith(
        f"https://api.spotify.com/v1/playlists/{KITCHEN.playlist_id}/tracks?offset=0&limit=100"
    )
    assert (len(page["items"]), page["total"], page["next"]) == (50, 50, None)
    assert all("item" not in row and isinstance(row["track"]["popularity"], int) for row in page["items"])
    assert all("is_playable" not in row["track"] and "available_markets" in row["track"] for row in page["items"])


def test_what_a_caller_changes_stays_his() -> None:
    world().playlists[ODDITIES.playlist_id].rows[0]["item"]["name"] = "changed"
    world().playlists.clear()
    assert "changed" not in json.dumps([row for playlist in playlists_on(NOW) for row in playlist.rows])


def test_days_outside_of_the_calendar_are_its_ends() -> None:
    assert playlists_on(date(2020, 1, 1)) == playlists_on(MONDAYS[0]) == playlists_on(date(2026, 9, 6))
    assert playlists_on(date(2030, 1, 1)) == playlists_on(NOW)


def test_playlists_of_all_sizes_that_overlap() -> None:
    sizes = {key: len(playlist.rows) for key, playlist in week(12).items()}
    assert len(sizes) == 8
    assert sizes[LONGEST.playlist_id] == 123
    assert sizes[KITCHEN.playlist_id] == 50
    assert 0 in sizes.values()
    assert all(re.fullmatch(r"[0-9A-Za-z]{22}", key) for key in sizes)
    there = Counter(uri for key in week(12) for uri in set(uris(12, key)))
    assert sum(count > 1 for uri, count in there.items() if uri) >= 5


def test_rows_that_are_no_songs() -> None:
    found = items()
    assert sum(item["type"] == "episode" for item in found) == 2
    assert "spotify:local:::recording_07:348" in {item["uri"] for item in found}
    assert sum(bool(item.get("is_local")) for item in found) == 3
    assert sum(row["is_local"] for row in all_rows()) == 3
    assert sum(row["item"] is None for row in all_rows()) == 3
    (null_track,) = [item for item in found if item["uri"] == "spotify:track:null"]
    assert null_track["id"] is None
    assert "is_local" not in null_track


def test_songs_that_are_gone_or_locked() -> None:
    hollow = [track for track in tracks() if track["name"] == ""]
    assert len({track["id"] for track in hollow}) == 3
    for track in hollow:
        assert (track["album"]["name"], track["album"]["release_date"], track["duration_ms"]) == ("", "0000", 0)
        assert track["artists"][0]["name"] == ""
    reasons = {track["restrictions"]["reason"] for track in tracks() if "restrictions" in track}
    assert reasons == {"market", "product", "explicit"}
    assert all(not track["is_playable"] for track in tracks() if "restrictions" in track)


def test_dates_of_all_kinds() -> None:
    dates = {
        (track["album"]["release_date"], track["album"]["release_date_precision"])
        for number in range(13)
        for track in tracks(number)
        if track["name"]
    }
    assert {("1985", "year"), ("1981-12", "month"), ("1981-12", "year"), ("0000", "year"), (None, None)} <= dates
    assert {precision for _, precision in dates} == {"day", "month", "year", None}


def test_artists() -> None:
    spellings: dict[str, set[str]] = {}
    for track in tracks():
        for artist in (*track["artists"], *track["album"]["artists"]):
            spellings.setdefault(artist["id"], set()).add(artist["name"])
    assert {"Mx. Marmalade", "MX. MARMALADE"} in spellings.values()
    assert {"Various Artists", ""} in spellings.values()
    assert any(len(track["artists"]) == 3 for track in tracks())
    compilations = [track for track in tracks() if track["album"]["artists"][0]["name"] == "Various Artists"]
    assert compilations
    assert all(track["album"]["album_type"] == "compilation" for track in compilations)
    assert any(track["artists"][0]["id"] != track["album"]["artists"][0]["id"] for track in compilations)


def test_names_of_all_scripts() -> None:
    text = "".join(
        name
        for number in range(13)
        for track in tracks(number)
        for name in (track["name"], track["album"]["name"], *(artist["name"] for artist in track["artists"]))
    )
    scripts = ("[가-힣]", "[\u0430-\u044f]", "[ء-ي]", "[ぁ-ん]", "🦊", "[\u201c\u201d\u2019]")
    for script in (*scripts, '"', ",", "'", r"\\", "\n", "<b>"):
        assert re.search(script, text), script


def test_a_song_twice_in_one_playlist() -> None:
    counts = uris(12, LONGEST.playlist_id)
    assert [count for count in counts.values() if count > 1] == [2]


def test_when_and_by_whom() -> None:
    added = {row["added_at"] for row in all_rows()}
    assert {None, "1970-01-01T00:00:00Z"} <= added
    assert len({moment[:4] for moment in added if moment}) >= 10
    by = {row["added_by"]["id"] if row["added_by"] else None for row in all_rows()}
    assert by == {None, "", "made.up.listener"}
    assert all(moment <= "2026-11-23T06:00:00Z" for moment in added if moment)


def test_shape_of_development_mode() -> None:
    text = json.dumps([playlist.rows for playlist in week(12).values()])
    for gone in ("popularity", "available_markets", "linked_from", '"genres"'):
        assert gone not in text
    assert all(set(row) >= {"item", "added_at", "added_by", "is_local"} and "track" not in row for row in all_rows())


def test_songs_come_and_go_every_week() -> None:
    for number in range(1, 13):
        before, after = uris(number - 1, LONGEST.playlist_id), uris(number, LONGEST.playlist_id)
        relinked = number == STORY.relinked[1]
        assert (before - after).total() == 1 + relinked
        assert (after - before).total() == 3 + relinked


def test_a_song_is_taken_down_another_locked_for_a_while() -> None:
    down, since = STORY.taken_down[0]
    names = [rows(number, LONGEST.playlist_id)[_place(down)]["item"]["name"] for number in range(13)]
    assert [bool(name) for name in names] == [number < since for number in range(13)]
    locked, start, end = STORY.locked[0]
    playable = [rows(number, LONGEST.playlist_id)[_place(locked)]["item"]["is_playable"] for number in range(13)]
    assert playable == [not start <= number < end for number in range(13)]


def test_a_song_is_renamed_and_one_relinked() -> None:
    song, renamed, name = STORY.renamed
    seen = [rows(number, LONGEST.playlist_id)[_place(song)]["item"] for number in range(13)]
    assert [item["name"] == name for item in seen] == [number >= renamed for number in range(13)]
    assert len({item["id"] for item in seen}) == 1
    song, relinked = STORY.relinked
    seen = [rows(number, LONGEST.playlist_id)[_place(song)]["item"] for number in range(13)]
    assert len({item["id"] for item in seen}) == 2
    assert seen[relinked - 1]["id"] != seen[relinked]["id"]
    assert len({item["external_ids"]["isrc"] for item in seen}) == 1


def test_a_playlist_is_only_reordered() -> None:
    before, after = rows(STORY.reordered_week - 1, NIGHT.playlist_id), rows(STORY.reordered_week, NIGHT.playlist_id)
    assert before != after
    assert before == after[::-1]


def test_a_playlist_is_emptied_one_deleted_one_new() -> None:
    there = {
        playlist: [playlist.playlist_id in week(number) for number in range(13)]
        for playlist in (SUMMER, FISHING, AUTUMN)
    }
    assert all(there[SUMMER])
    assert there[FISHING] == [number < STORY.deleted_week for number in range(13)]
    assert there[AUTUMN] == [number >= STORY.created_week for number in range(13)]
    emptied = [len(rows(number, SUMMER.playlist_id)) == 0 for number in range(13)]
    assert emptied == [number >= STORY.emptied_week for number in range(13)]


def test_a_snapshot_id_moves_with_the_playlist_and_only_with_it() -> None:
    def versions(playlist_id: str) -> int:
        return len({week(number)[playlist_id].metadata["snapshot_id"] for number in range(13)})

    assert versions(VINYL.playlist_id) == 1
    assert versions(NIGHT.playlist_id) == 2
    assert versions(LONGEST.playlist_id) == 13


def _place(song: int) -> int:
    """Where a song of the story is in the longest playlist: removals happen behind the story's songs."""
    first = rows(0, LONGEST.playlist_id)
    numbers = [str(row["item"]["external_ids"].get("isrc", "")) for row in first]
    return next(place for place, isrc in enumerate(numbers) if isrc.endswith(f"26{song:05}"))
