"""What `status` and the summary of `run` say of an extract that has not read everything."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from spotify_etl import render
from spotify_etl.lake import Lake
from spotify_etl.pipeline import Outcome
from spotify_etl.sql import QueryResult
from spotify_etl.standin import StandIn, faults
from spotify_etl.status import Status, read_status
from tests.unit.extract.builders import NOW, extract, on_day, playlist, playlist_id, world

LETTERS = "abcdefghijklmnopqrst"


def shown(status: Status) -> str:
    console = Console(file=io.StringIO(), width=300)
    render.show_status(console, status)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_how_many_are_read_and_how_long_the_rest_takes(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with StandIn(world(*(playlist(letter, 1) for letter in LETTERS))) as standin:
        extract(standin, lake.raw, "mine", user="me", budget=6)
        first = read_status(lake, NOW)
        extract(standin, lake.raw, "mine", user="me", budget=6, **on_day(24))
        second = read_status(lake, NOW + timedelta(days=1))
    assert first.extract
    assert (first.extract.read, first.extract.playlists, first.extract.waiting) == (5, 20, 15)
    assert "5 of 20 playlists are there; 15 wait to be read, the rest in about 3 days" in shown(first)
    assert "6 of 6 requests within a day" in shown(first)
    assert "10 of 20 playlists are there; 10 wait to be read, the rest in about 2 days" in shown(second)


def test_why_the_run_stopped_asking(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with StandIn(world(playlist("a", 1))) as standin:
        extract(standin, lake.raw, "mine")
        standin.before = faults.on("/v1/", faults.quota_exceeded())
        extract(standin, lake.raw, "mine", **on_day(24))
    assert "quota_exceeded: Spotify answers 429 for your account" in shown(read_status(lake, NOW))


def test_a_lake_without_an_extract_says_nothing_of_one(tmp_path: Path) -> None:
    status = read_status(Lake(tmp_path), NOW)
    assert status.extract is None
    assert "extracted" not in shown(status)
    assert shown(replace(status, pending=["x"])) != shown(status)


def test_the_summary_of_a_run_names_what_was_not_read(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    served = world(playlist("a", 1), playlist("b", 1))
    with StandIn(served) as standin:
        extract(standin, lake.raw, "mine")
        served.playlists[playlist_id("c")] = playlist("c", 1)
        served.playlists[playlist_id("b")] = playlist("b", 2, snapshot="v2")
        standin.before = faults.in_turn(
            faults.on(playlist_id("c"), faults.forbidden()), faults.on(playlist_id("b"), faults.quota_exceeded())
        )
        result = extract(standin, lake.raw, "mine", user="me", **on_day(24))
    outcome = Outcome(lake.root, result, None, (), 0, {}, QueryResult((), (), []), notes=("Look out.",))
    console = Console(file=io.StringIO(), width=300)
    render.show_outcome(console, outcome)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Read   1 unchanged, 1 stale, 1 missing; 3 requests, 3 of 900 within a day" in said
    assert f"Not read {playlist_id('b')} (as of 2026-11-23): quota_exceeded: " in said
    assert f"Not read {playlist_id('c')} (never read): playlist_forbidden: " in said
    assert "Stopped quota_exceeded: Spotify answers 429" in said
    assert "Noticed Look out." in said
    assert not outcome.is_whole
