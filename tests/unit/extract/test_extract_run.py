"""One run of the extract: the real handler and real spotipy, over HTTP, against the stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count, cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_extract.errors import AuthorisationError, NothingLandedError
from lambda_extract.extract import Progress
from spotify_etl.folder_store import FolderStore
from spotify_etl.sample import _Memory
from spotify_etl.standin import Answer, Before, Request, StandIn, World, faults
from tests.unit.extract.builders import (
    DATE,
    MARKER,
    NOW,
    PENDING,
    PROCESSED,
    RUN_ID,
    document,
    everything,
    extract,
    lines,
    move,
    object_key,
    playlist,
    playlist_id,
    row,
    world,
)


def test_every_page_lands_verbatim_in_one_object(store: FolderStore) -> None:
    served = playlist("a", 123)
    with StandIn(world(served)) as standin:
        result = extract(standin, store, "a")

    landed = lines(store, object_key("a"))
    assert [len(line["page"]["items"]) for line in landed] == [100, 23]
    assert [item for line in landed for item in line["page"]["items"]] == served.rows
    assert all(line["playlist"] == served.metadata for line in landed)
    page = landed[1]["page"]
    assert {name: page[name] for name in ("limit", "offset", "total")} == {"limit": 50, "offset": 100, "total": 123}
    assert landed[0]["page"]["next"].startswith("https://api.spotify.com/v1/playlists/")
    assert result["rows"] == 123
    assert result["landed"] == 1
    assert result["outcomes"] == {"fetched": 1}
    json.dumps(result)


def test_a_line_is_what_the_contract_says_word_for_word(store: FolderStore) -> None:
    served = playlist("a", 0)
    with StandIn(world(served)) as standin:
        extract(standin, store, "a")
    metadata = json.dumps(served.metadata, ensure_ascii=False, separators=(",", ":"))
    here = f"https://api.spotify.com/v1/playlists/{playlist_id('a')}/items"
    assert (
        store.read(object_key("a"))
        == (
            '{"schema_version":1,"run_id":"20261123T060000Z","extracted_at":"2026-11-23T06:00:02.345Z",'
            '"fetch_status":"fetched","fetch_reason":null,"fetched_at":"2026-11-23T06:00:02.345Z","carried_from":null,'
            f'"playlist":{metadata},'
            f'"page":{{"href":"{here}?offset=0&limit=100&additional_types=track,episode","items":[],"limit":100,"next":null,'
            '"offset":0,"previous":null,"total":0}}\n'
        ).encode()
    )


def test_marker_and_state_tell_the_run(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 51, snapshot="v7"))) as standin:
        result = extract(standin, store, "az")

    assert store.keys("") == {
        object_key("a"),
        MARKER,
        f"state/playlists/{playlist_id('a')}.json",
        "state/last_run.json",
        "state/requests.json",
    }
    marker = document(store, MARKER)
    missing = marker["playlists"][1].pop("reason")
    assert missing.startswith("playlist_not_found: Spotify answers 404 for playlist zzzz")
    assert marker == {
        "schema_version": 1,
        "kind": "run",
        "run_id": RUN_ID,
        "extracted_at": "2026-11-23T06:00:02.345Z",
        "requests": 2,
        "selection": "list",
        "budget": {"limit": 900, "used": 2},
        "halted": None,
        "library_fault": None,
        "backlog": {"playlists": 0, "requests": 0},
        "playlists": [
            {
                "playlist_id": playlist_id("a"),
                "outcome": "fetched",
                "reason": None,
                "object": object_key("a"),
                "rows": 51,
                "carried_from": None,
                "waiting": None,
            },
            {
                "playlist_id": playlist_id("z"),
                "outcome": "missing",
                "object": None,
                "rows": None,
                "carried_from": None,
                "waiting": None,
            },
        ],
    }
    last_run = document(store, "state/last_run.json")
    assert last_run.pop("failed") == [playlist_id("z")]
    assert last_run == document(store, MARKER)
    assert result["requests"] == 2 == len(standin.requests)
    assert result["request_id"] == "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    assert result["extract_date"] == "2026-11-23"
    assert document(store, f"state/playlists/{playlist_id('a')}.json") == {
        "schema_version": 1,
        "playlist_id": playlist_id("a"),
        "snapshot_id": "v7",
        "name": "Playlist a, “quoted” 🌙",
        "object": f"{DATE}/{playlist_id('a')}-{RUN_ID}.jsonl",
        "run_id": RUN_ID,
        "extract_date": "2026-11-23",
        "extracted_at": "2026-11-23T06:00:02.345Z",
        "seen_at": "2026-11-23T06:00:02.345Z",
        "rows": 51,
        "not_found_run": None,
        "is_absent": False,
        "before": None,
    }


@pytest.mark.parametrize(
    ("rows", "pages", "requests"), [(0, 1, 1), (1, 1, 1), (100, 1, 1), (101, 2, 3), (150, 2, 3), (151, 3, 4)]
)
def test_pages_and_requests(store: FolderStore, rows: int, pages: int, requests: int) -> None:
    with StandIn(world(playlist("a", rows))) as standin:
        result = extract(standin, store, "a")
    assert len(lines(store, object_key("a"))) == pages
    assert result["requests"] == requests
    assert result["rows"] == rows


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 160), min_size=1, max_size=4))
def test_whatever_the_sizes_every_row_comes_once_and_in_order(sizes: list[int]) -> None:
    served = {letter: playlist(letter, size) for letter, size in zip("abcd", sizes, strict=False)}
    store = _Memory()
    with StandIn(world(*served.values())) as standin:
        extract(standin, store, "".join(served))
    for letter, expected in served.items():
        rows = [item for line in lines(store, object_key(letter)) for item in line["page"]["items"]]
        assert rows == expected.rows
    assert list(store.objects)[-1] == MARKER


def test_one_extracted_at_and_each_page_its_fetched_at(store: FolderStore) -> None:
    minute = iter(range(60))
    with StandIn(world(playlist("a", 160), playlist("b", 1))) as standin:
        extract(standin, store, "ab", clock=lambda: NOW.replace(minute=next(minute)))
    landed = [*lines(store, object_key("a")), *lines(store, object_key("b"))]
    assert len({line["extracted_at"] for line in landed}) == 1
    assert len({line["fetched_at"] for line in landed}) == 4


def test_unusual_text_arrives_whole_and_on_one_line(store: FolderStore) -> None:
    served = playlist("a", 0)
    names = ["half \ud83d pair", "line\u2028separator\u0085next", 'quote " back\\slash \n\r\t\0', "서울 عربي 🌙"]
    served.rows.extend({"item": {"name": name}} for name in names)
    with StandIn(world(served)) as standin:
        extract(standin, store, "a")
    (line,) = lines(store, object_key("a"))
    assert [item["item"]["name"] for item in line["page"]["items"]] == names


@pytest.mark.parametrize("moved", [False, True], ids=["still pending", "moved by the job"])
def test_second_delivery_asks_nothing_and_writes_nothing(store: FolderStore, moved: bool) -> None:
    with StandIn(world(playlist("a", 60), playlist("b", 0))) as standin:
        first = extract(standin, store, "ab")
        if moved:
            for key in store.keys(PENDING):
                move(store, key, key.replace(PENDING, PROCESSED))
        before, asked = everything(store), len(standin.requests)
        second = extract(standin, store, "ab", clock=lambda: NOW.replace(hour=9))
    assert everything(store) == before
    assert len(standin.requests) == asked
    assert second["landed"] == 0
    assert second["playlists"] == first["playlists"]


def test_second_delivery_adds_what_the_first_missed(store: FolderStore) -> None:
    served = world(playlist("a", 60))
    with StandIn(served) as standin:
        extract(standin, store, "ab")
        served.playlists[playlist_id("b")] = playlist("b", 3)
        asked = len(standin.requests)
        result = extract(standin, store, "ab")
        assert [request.path for request in standin.requests[asked:]] == [
            f"/v1/playlists/{playlist_id('b')}",
        ]
    assert result["outcomes"] == {"fetched": 2}
    assert document(store, MARKER)["playlists"] == result["playlists"]
    assert document(store, MARKER)["requests"] == len(standin.requests)


@pytest.mark.parametrize("zone", [PENDING, PROCESSED])
def test_a_run_that_stopped_before_its_marker_is_completed(store: FolderStore, zone: str) -> None:
    with StandIn(world(playlist("a", 60), playlist("b", 4))) as standin:
        whole = extract(standin, store, "ab")
        states = {key: value for key, (value, _) in everything(store).items() if key.startswith("state/playlists/")}
        (store.root / MARKER).unlink()
        (store.root / object_key("b")).unlink()
        move(store, object_key("a"), object_key("a", zone))
        asked = len(standin.requests)
        again = extract(standin, store, "ab")
        assert {request.path.split("/")[3] for request in standin.requests[asked:]} == {playlist_id("b")}
    assert again["playlists"] == whole["playlists"]
    assert {key: store.read(key) for key in store.keys("state/playlists/")} == states


def test_the_job_may_move_what_the_run_is_looking_at(tmp_path: Path) -> None:
    class MovedMeanwhile(FolderStore):
        def lines(self, key: str) -> Iterator[bytes] | None:
            if key in self.keys(PENDING):
                move(self, key, key.replace(PENDING, PROCESSED))
            return super().lines(key)

    store = MovedMeanwhile(tmp_path)
    with StandIn(world(playlist("a", 60))) as standin:
        first = extract(standin, store, "a")
        assert extract(standin, store, "a")["playlists"] == first["playlists"]
        (store.root / MARKER.replace(PENDING, PROCESSED)).unlink()
        assert extract(standin, store, "a")["playlists"] == first["playlists"]
        assert store.keys(PENDING) == {MARKER}


def test_an_object_that_the_marker_does_not_know_is_put_into_it(store: FolderStore) -> None:
    served = world(playlist("a", 1))
    with StandIn(served) as standin:
        extract(standin, store, "ab")
        stale = document(store, MARKER)
        served.playlists[playlist_id("b")] = playlist("b", 3)
        extract(standin, store, "ab")
        store.put(MARKER, json.dumps(stale).encode() + b"\n")  # as if the second run had stopped before its marker
        asked = len(standin.requests)
        result = extract(standin, store, "ab")
    assert len(standin.requests) == asked
    assert document(store, MARKER)["playlists"] == result["playlists"]
    assert result["outcomes"] == {"fetched": 2}


@pytest.mark.parametrize("call", range(1, 5))
def test_killed_at_any_point_no_part_of_a_playlist_lands(store: FolderStore, call: int) -> None:
    calls = iter(range(100))

    def clock() -> datetime:
        if next(calls) == call:
            raise KeyboardInterrupt
        return NOW

    with StandIn(world(playlist("a", 120), playlist("b", 70))) as standin:
        with pytest.raises(KeyboardInterrupt):
            extract(standin, store, "ab", clock=clock)
        for key in store.keys(PENDING):
            assert sum(len(line["page"]["items"]) for line in lines(store, key)) in {120, 70}
        assert MARKER not in store.keys("")
        assert extract(standin, store, "ab")["rows"] == 190


def _unreadable(status: int, reason: str = "") -> Before:
    error = {"status": status, "message": "Something", **({"reason": reason} if reason else {})}

    def before(request: Request) -> Answer | None:
        return Answer(status, {"error": error}) if playlist_id("b") in request.path else None

    return before


@pytest.mark.parametrize(
    ("answer", "code", "asked"),
    [
        (faults.forbidden(), "playlist_forbidden", 1),
        (faults.not_found(), "playlist_not_found", 1),
        (faults.server_error(500), "spotify_unavailable", 4),
        (faults.server_error(503), "spotify_unavailable", 4),
        (Answer(418, {"error": {"status": 418, "message": "Something"}}), "bad_answer", 1),
    ],
)
def test_one_playlist_that_fails_leaves_the_others_alone(
    store: FolderStore, answer: Answer, code: str, asked: int
) -> None:
    three = world(playlist("a", 1), playlist("b", 2), playlist("c", 3))
    with StandIn(three, before=faults.on(playlist_id("b"), answer)) as standin:
        result = extract(standin, store, "abc")
        tries = [request for request in standin.requests if playlist_id("b") in request.path]
    assert result["outcomes"] == {"fetched": 2, "missing": 1}
    assert result["playlists"][1]["reason"].startswith(f"{code}: ")
    assert "\n" not in result["playlists"][1]["reason"]
    assert len(tries) == asked
    assert store.keys(PENDING) == {object_key("a"), object_key("c"), MARKER}


def test_somebody_elses_playlist_is_forbidden(store: FolderStore) -> None:
    with StandIn(world(playlist("a", 1), playlist("b", 2, owner="somebody"))) as standin:
        result = extract(standin, store, "ab")
    assert result["playlists"][1]["reason"].startswith("playlist_forbidden: Spotify answers 403 for playlist bbbb")


def test_a_gateway_that_answers_nonsense_is_a_typed_fault(store: FolderStore) -> None:
    bodies = cycle([b"<html>Bad gateway</html>", b'{"error":"bad gateway"}', b"[]"])

    def before(request: Request) -> Answer | None:
        return None if playlist_id("a") in request.path else Answer(502, next(bodies))

    with StandIn(world(playlist("a", 1)), before=before) as standin:
        result = extract(standin, store, "abcd")
    assert [entry["reason"] and entry["reason"].split(":")[0] for entry in result["playlists"]] == [
        None,
        *["spotify_unavailable"] * 3,
    ]


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b"null", b'{"items":{},"total":1,"offset":0}', b'{"total":0}']
)
def test_an_answer_that_is_no_page_is_a_typed_fault(store: FolderStore, body: bytes) -> None:
    def before(request: Request) -> Answer | None:
        return Answer(200, body) if request.path == f"/v1/playlists/{playlist_id('b')}/items" else None

    with StandIn(world(playlist("a", 1), playlist("b", 102)), before=before) as standin:
        result = extract(standin, store, "ab")
    assert result["playlists"][1]["reason"].startswith("bad_answer: ")


def once(act: Callable[[Request], None]) -> Before:
    """Act on the first request that it is given."""
    left = [act]

    def before(request: Request) -> None:
        if left and request.query.get("offset") == "100":
            left.pop()(request)

    return before


def whole_playlist(answer: Answer) -> Before:
    """Answer what asks for a playlist with its first page."""

    def before(request: Request) -> Answer | None:
        return answer if "/items" not in request.path and "fields" not in request.query else None

    return before


def _added(served: World, _: int) -> None:
    served.playlists[playlist_id("b")].rows.append(row("b", 999))


def _swapped(served: World, number: int) -> None:
    edited = playlist("b", 150, snapshot=f"edit {number}")
    edited.rows.append(edited.rows.pop(0))
    served.playlists[playlist_id("b")] = edited


@pytest.mark.parametrize(
    ("change", "how"),
    [(_added, "it had 15"), (_swapped, "it has another snapshot_id than before")],
)
def test_a_playlist_edited_whenever_it_is_read_does_not_land(
    store: FolderStore, change: Callable[[World, int], None], how: str
) -> None:
    served = world(playlist("a", 1), playlist("b", 150))
    edits = count(1)

    def before(request: Request) -> None:
        if request.path == f"/v1/playlists/{playlist_id('b')}/items" and request.query["offset"] in {"50", "100"}:
            change(served, next(edits))

    with StandIn(served, before=before) as standin:
        result = extract(standin, store, "ab")
        begun = [request for request in standin.requests if request.path == f"/v1/playlists/{playlist_id('b')}"]
    reason = result["playlists"][1]["reason"]
    assert reason.startswith("playlist_changed: Playlist bbbb")
    assert how in reason
    assert len([request for request in begun if request.query.get("fields") != "snapshot_id"]) == 3
    assert store.keys(PENDING) == {object_key("a"), MARKER}
    assert store.keys("state/playlists/") == {f"state/playlists/{playlist_id('a')}.json"}


@pytest.mark.parametrize("change", [_added, _swapped])
def test_a_playlist_edited_once_is_read_again_and_lands_as_it_is_then(
    store: FolderStore, change: Callable[[World, int], None]
) -> None:
    served = world(playlist("b", 150))

    def edit(request: Request) -> None:
        if request.query.get("offset") == "100":
            change(served, 1)

    with StandIn(served, before=faults.on("/items", once(edit))) as standin:
        result = extract(standin, store, "b")
    landed = [item for line in lines(store, object_key("b")) for item in line["page"]["items"]]
    assert landed == served.playlists[playlist_id("b")].rows
    assert {line["playlist"]["snapshot_id"] for line in lines(store, object_key("b"))} == {
        served.playlists[playlist_id("b")].metadata["snapshot_id"]
    }
    assert result["outcomes"] == {"fetched": 1}


def test_an_embedded_page_that_does_not_fit_is_read_page_by_page(store: FolderStore) -> None:
    served = playlist("a", 130)
    odd = {**served.metadata, "items": {"items": served.rows[:100], "offset": 0, "total": 129}}
    with StandIn(world(served), before=whole_playlist(Answer(200, odd))) as standin:
        extract(standin, store, "a")
    landed = lines(store, object_key("a"))
    assert [len(line["page"]["items"]) for line in landed] == [50, 50, 30]


@pytest.mark.parametrize(("rows", "total"), [(2, 3), (3, 2), (0, 4)])
def test_rows_that_do_not_make_up_the_total_do_not_land(store: FolderStore, rows: int, total: int) -> None:
    def before(request: Request) -> Answer | None:
        if request.path == f"/v1/playlists/{playlist_id('b')}" and "fields" not in request.query:
            return Answer(200, playlist("b", 0).metadata)
        if not request.path.endswith(f"{playlist_id('b')}/items"):
            return None
        offset = int(request.query["offset"])
        items = [row("b", number) for number in range(rows)][offset:]
        return Answer(200, {"items": items, "offset": offset, "limit": 50, "total": total, "next": None})

    with StandIn(world(playlist("a", 1), playlist("b", 2)), before=before) as standin:
        result = extract(standin, store, "ab")
    assert f"{rows} of its {total} items came" in result["playlists"][1]["reason"]
    assert result["playlists"][1]["reason"].startswith("playlist_short: ")


def test_nothing_landed_is_an_error_and_leaves_nothing(store: FolderStore) -> None:
    failed = pytest.raises(
        NothingLandedError, match=r"None of 2 playlists could be landed. The first: playlist_not_found"
    )
    with StandIn(world()) as standin, failed:
        extract(standin, store, "ab")
    assert store.keys("raw_data/") == set()
    assert store.keys("state/playlists/") == set()


def test_a_token_that_is_not_accepted_ends_the_run_at_once(store: FolderStore) -> None:
    def before(request: Request) -> Answer:
        return Answer(401, {"error": {"status": 401, "message": "The access token expired"}})

    with StandIn(world(playlist("a", 1)), before=before) as standin:
        with pytest.raises(AuthorisationError):
            extract(standin, store, "abc")
        assert len(standin.requests) == 2, "a fresh token is asked for once"
        assert len(standin.token_requests) == 2


def test_progress_tells_the_way(store: FolderStore) -> None:
    told: list[Progress] = []
    with StandIn(world(playlist("a", 60))) as standin:
        extract(standin, store, "az", on_progress=told.append)
    seen = [(each.number, each.rows, each.total, each.outcome and each.outcome.outcome) for each in told]
    assert seen == [
        (1, 0, None, None),
        (1, 60, 60, None),
        (1, 60, 60, "fetched"),
        (2, 0, None, "missing"),
    ]
    assert {each.name for each in told if each.number == 1} == {"Playlist a, “quoted” 🌙"}
    assert {each.count for each in told} == {2}
