"""The user's own files: every bad input of the book beside good ones, through the command, in one load."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command.conftest import spotify_etl


def playlist(playlist_id: str, *names: str) -> dict[str, Any]:
    rows = [
        {
            "added_at": "2024-05-01T10:00:00Z",
            "track": {
                "id": f"{playlist_id}{number}",
                "type": "track",
                "name": name,
                "duration_ms": 1000,
                "uri": f"spotify:track:{playlist_id}{number}",
                "artists": [{"id": "artist", "name": "Somebody"}],
                "album": {"id": "album", "name": "An Album", "release_date": "2001", "artists": []},
            },
        }
        for number, name in enumerate(names)
    ]
    return {"id": playlist_id, "name": playlist_id, "tracks": {"offset": 0, "total": len(rows), "items": rows}}


BAD = {
    "truncated.json": (b'{"id": "x", "tracks": {"items": [{"track": {"id": "1"', "truncated"),
    "page.html.json": (b"<html><body>502</body></html>", "not_json"),
    "empty.json": (b"", "empty_file"),
    "blank.json": (b" \n\t\n", "empty_file"),
    "packed.json": (gzip.compress(b"{}"), "gzip"),
    "error.json": (b'{"error": {"status": 404, "message": "Resource not found"}}', "api_error"),
    "playlists.json": (b'{"items": [{"id": "p", "name": "A list", "tracks": {"total": 3}}]}', "no_playlist_rows"),
    "one_bad_line.jsonl": (json.dumps(playlist("b", "x")).encode() + b'\n{"id": "c", "tra', "truncated"),
    "two_on_a_line.json": (json.dumps(playlist("d", "x")).encode() * 2, "several_documents_on_a_line"),
    "notes.txt": (b"remember the milk", "unsupported_name"),
    "_hidden.json": (json.dumps(playlist("e", "x")).encode(), "hidden_name"),
    ".hidden.json": (json.dumps(playlist("f", "x")).encode(), "hidden_name"),
}

GOOD = {
    "spotify_raw_2023-10-28 20:12:33.123456.json": playlist("classic", "Old & Gold"),
    "100% of [it] {all} 2024-01-02.json": playlist("percent", "50 % off", "#1"),
    "sub folder/ünïcode 音楽 2024-03-04T05:06:07Z.json": playlist("unicode", "노래", "Песня", "🎵"),
    "sub folder/deeper/plain_2024-03-04.json": playlist("deeper", "a", "b", "c", "d"),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw run")
    dropped = root / "my [old] files"
    for name, (content, _) in BAD.items():
        dropped.mkdir(parents=True, exist_ok=True)
        (dropped / name).write_bytes(content)
    for name, document in GOOD.items():
        (dropped / name).parent.mkdir(parents=True, exist_ok=True)
        (dropped / name).write_text(json.dumps(document, indent=2), encoding="utf-8")
    done = spotify_etl("run", "--raw", dropped, "--strict", "--json", cwd=root)
    (root / "done.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
    return root


def outcome(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.loads((root / "done.json").read_text())[1])
    return told


def ask(root: Path, statement: str) -> list[dict[str, Any]]:
    done = spotify_etl("query", statement, "--format", "json", cwd=root)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_bad_objects_are_named_with_their_reason_and_strict_exits_with_1(loaded: Path) -> None:
    code, _, _ = json.loads((loaded / "done.json").read_text())
    reasons = {
        refused["object"].split("to_be_processed/")[1]: refused["reason"]
        for refused in outcome(loaded)["load"]["quarantined"]
    }

    assert code == 1
    assert reasons == {name: reason for name, (_, reason) in BAD.items()}


def test_bad_objects_lie_in_quarantine_byte_for_byte(loaded: Path) -> None:
    quarantine = loaded / "lake/mine/raw/raw_data/quarantine"

    kept = {
        path.name: path.read_bytes()
        for path in quarantine.rglob("*")
        if path.is_file() and path.suffixes[-2:] != [".reason", ".json"]
    }
    assert {name: kept[name] for name in BAD} == {name: content for name, (content, _) in BAD.items()}


def test_status_tells_what_is_quarantined_and_why(loaded: Path) -> None:
    told = json.loads(spotify_etl("status", "--json", cwd=loaded).stdout)

    assert told["pending"] == []
    assert told["processed"] == len(GOOD)
    assert {refused["reason"] for refused in told["quarantined"]} == {reason for _, reason in BAD.values()}
    assert "Quarantined" in spotify_etl("status", cwd=loaded).stdout


def test_a_bad_line_is_named(loaded: Path) -> None:
    messages = {refused["object"]: refused["message"] for refused in outcome(loaded)["load"]["quarantined"]}

    assert messages["raw_data/to_be_processed/one_bad_line.jsonl"].startswith("Line 2 of 2: ")


def test_good_objects_beside_them_are_loaded_and_dated(loaded: Path) -> None:
    rows = ask(
        loaded, "SELECT playlist_id, extract_date, count(*) AS c FROM playlist_items_data GROUP BY 1, 2 ORDER BY 1"
    )

    assert [(row["playlist_id"], row["extract_date"], row["c"]) for row in rows] == [
        ("classic", "2023-10-28", 1),
        ("deeper", "2024-03-04", 4),
        ("percent", "2024-01-02", 2),
        ("unicode", "2024-03-04", 3),
    ]


def test_good_objects_are_moved_under_their_names(loaded: Path) -> None:
    processed = loaded / "lake/mine/raw/raw_data/processed"

    moved = {path.read_text(encoding="utf-8") for path in processed.rglob("*.json")}
    assert moved == {json.dumps(document, indent=2) for document in GOOD.values()}
    assert {path.name for path in processed.rglob("*.json")} == {Path(name).name for name in GOOD}


def test_the_same_files_again_give_the_same_tables(loaded: Path) -> None:
    asked = (
        "SELECT playlist_id, position, item_name, extracted_at, extract_date FROM playlist_items_data ORDER BY 1, 2, 5"
    )
    before = ask(loaded, asked)

    done = spotify_etl("run", "--raw", loaded / "my [old] files" / "sub folder", "--json", cwd=loaded)

    assert done.returncode == 0, done.stderr
    assert [line["extract_date"] for line in json.loads(done.stdout)["load"]["dates"]] == ["2024-03-04"]
    assert ask(loaded, asked) == before
