"""The Lambda as AWS runs it: environment, secret and bucket from (an emulated) AWS, Spotify from the stand-in."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambda_extract.errors import (
    AuthorisationError,
    EventTimeError,
    ExtractError,
    PlaylistIdError,
    PlaylistListError,
    PremiumRequiredError,
    SecretError,
    SettingsError,
    StorageError,
)
from lambda_extract.handler import lambda_handler
from spotify_etl.standin import StandIn, World, faults
from tests.unit.extract.builders import FakeContext, playlist, playlist_id, world

EVENTS = Path(__file__).parents[2] / "events"
SECRET = {"client_id": "stand-in-client", "client_secret": "stand-in-secret", "refresh_token": "stand-in-refresh"}


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="raw-bucket")
        boto3.client("secretsmanager").create_secret(Name="spotify", SecretString=json.dumps(SECRET))
        yield


@pytest.fixture
def served() -> World:
    return world(playlist("a", 60), playlist("b", 0))


@pytest.fixture
def standin(served: World, aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("RAW_BUCKET", "raw-bucket")
    monkeypatch.setenv("SPOTIFY_SECRET_ID", "spotify")
    monkeypatch.setenv(
        "PLAYLISTS",
        f"{playlist_id('a')}, https://open.spotify.com/playlist/{playlist_id('b')}?si=1\n{playlist_id('a')}",
    )
    with StandIn(served) as standin:
        monkeypatch.setenv("SPOTIFY_API_URL", standin.api_url)
        monkeypatch.setenv("SPOTIFY_TOKEN_URL", standin.token_url)
        yield standin


def objects() -> dict[str, bytes]:
    client = boto3.client("s3")
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket="raw-bucket").get("Contents", [])]
    return {key: client.get_object(Bucket="raw-bucket", Key=key)["Body"].read() for key in keys}


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize("name", ["scheduler", "eventbridge_rule"])
def test_a_scheduled_run_lands_on_s3(name: str) -> None:
    result = lambda_handler(event(name), FakeContext())
    folder = "raw_data/to_be_processed/extract_date=2026-11-23/"
    landed = objects()
    assert set(landed) == {
        f"{folder}{playlist_id('a')}-20261123T060000Z.jsonl",
        f"{folder}{playlist_id('b')}-20261123T060000Z.jsonl",
        f"{folder}run-20261123T060000Z.json",
        f"state/playlists/{playlist_id('a')}.json",
        f"state/playlists/{playlist_id('b')}.json",
        "state/last_run.json",
        "state/requests.json",
    }
    pages = landed[f"{folder}{playlist_id('a')}-20261123T060000Z.jsonl"].splitlines()
    assert [len(json.loads(page)["page"]["items"]) for page in pages] == [60]
    marker = json.loads(landed[f"{folder}run-20261123T060000Z.json"])
    assert {name: result[name] for name in marker} == marker
    assert json.loads(json.dumps(result)) == result
    assert result["request_id"] == FakeContext().aws_request_id


def test_delivered_twice_the_second_adds_nothing(standin: StandIn) -> None:
    lambda_handler(event("scheduler"), FakeContext())
    before, asked = objects(), len(standin.requests)
    assert lambda_handler(event("scheduler"), FakeContext())["landed"] == 0
    assert objects() == before
    assert len(standin.requests) == asked


@pytest.mark.usefixtures("standin")
def test_half_past_midnight_in_berlin_is_yesterday() -> None:
    result = lambda_handler(event("scheduler_berlin_half_past_midnight"), FakeContext())
    assert (result["run_id"], result["extract_date"]) == ("20261122T233000Z", "2026-11-22")


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize("given", [event("console_test"), None, "text", []])
def test_an_event_without_a_time_is_run_now(given: object) -> None:
    result = lambda_handler(given, FakeContext())
    assert result["run_id"][:4] == result["extracted_at"][:4]
    assert result["run_id"][:8] == result["extract_date"].replace("-", "")


@pytest.mark.usefixtures("standin")
def test_a_placeholder_that_nobody_replaced_is_named() -> None:
    with pytest.raises(EventTimeError, match=r"<aws\.scheduler\.scheduled-time>"):
        lambda_handler(event("scheduler_placeholder_not_replaced"), FakeContext())
    assert objects() == {}


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("RAW_BUCKET", "", SettingsError),
        ("RAW_BUCKET", "no-such-bucket", StorageError),
        ("PLAYLISTS", " ,\n", SettingsError),
        ("PLAYLISTS", "https://open.spotify.com/track/" + "a" * 22, PlaylistIdError),
        ("SPOTIFY_SECRET_ID", "no-such-secret", SecretError),
        ("SPOTIFY_API_URL", "http://api.example.com/v1/", SettingsError),
        ("SPOTIFY_TOKEN_URL", "ftp://127.0.0.1/", SettingsError),
    ],
)
def test_wrong_settings_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, error: type[ExtractError]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(error) as raised:
        lambda_handler(event("scheduler"), FakeContext())
    assert "\n" not in str(raised.value)
    assert objects() == {}


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("hunter2 is no JSON", "holds no JSON object"),
        ('["hunter2"]', "holds no JSON object"),
        (json.dumps({**SECRET, "refresh_token": None}), "refresh_token in the secret spotify is missing"),
        (json.dumps({**SECRET, "client_secret": "hünter2"}), "client_secret in the secret spotify"),
        (json.dumps({**SECRET, "client_id": "  "}), "client_id in the secret spotify"),
    ],
)
def test_a_secret_that_is_none_is_named_and_not_repeated(secret: str, says: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="spotify", SecretString=secret)
    with pytest.raises(SecretError, match=says) as raised:
        lambda_handler(event("scheduler"), FakeContext())
    assert "nter2" not in repr(raised.value)


@pytest.mark.usefixtures("standin")
@pytest.mark.parametrize("name", ["client_secret", "refresh_token"])
def test_a_secret_that_spotify_refuses_ends_the_run(name: str) -> None:
    boto3.client("secretsmanager").put_secret_value(
        SecretId="spotify", SecretString=json.dumps({**SECRET, name: "hunter2"})
    )
    with pytest.raises(AuthorisationError) as raised:
        lambda_handler(event("scheduler"), FakeContext())
    assert "hunter2" not in str(raised.value)
    assert raised.value.__suppress_context__
    assert objects() == {}


def test_no_secret_is_logged_at_any_level(standin: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    # As on a fresh Lambda: what an earlier test's run quietened talks again, and somebody asked for everything.
    for name in ("spotipy", "urllib3", "requests", "boto3", "botocore"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        lambda_handler(event("scheduler"), FakeContext())
    said = caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    assert "playlist aaaa" in said
    for secret in ("stand-in-secret", "stand-in-refresh", "stand-in-access-token", "Bearer", "Basic "):
        assert secret not in said


def test_the_outcome_of_each_playlist_is_logged(
    standin: StandIn, served: World, caplog: pytest.LogCaptureFixture
) -> None:
    del served.playlists[playlist_id("b")]
    with caplog.at_level(logging.INFO, logger="lambda_extract"):
        lambda_handler(event("scheduler"), FakeContext())
    said = [(record.levelname, record.getMessage().split(":")[0]) for record in caplog.records]
    assert ("INFO", f"playlist {playlist_id('a')} (1 of 2) fetched") in said
    assert ("WARNING", f"playlist {playlist_id('b')} (2 of 2) missing") in said


def _said(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def _metrics(printed: str) -> dict[str, Any]:
    (line,) = [document for document in _said(printed) if "_aws" in document]
    return line


@pytest.mark.usefixtures("standin")
def test_the_metrics_of_a_run_are_one_line_and_ten_at_the_most(
    served: World, capsys: pytest.CaptureFixture[str]
) -> None:
    old = {**SECRET, "authorized_at": (datetime.now(UTC) - timedelta(days=100)).isoformat()}
    boto3.client("secretsmanager").put_secret_value(SecretId="spotify", SecretString=json.dumps(old))
    del served.playlists[playlist_id("b")]
    lambda_handler(event("scheduler"), FakeContext())
    told = _metrics(capsys.readouterr().out)
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "SpotifyEtl"
    assert directive["Dimensions"] == [["FunctionName"]]
    assert len(directive["Metrics"]) <= 10
    assert {metric["Name"]: told[metric["Name"]] for metric in directive["Metrics"]} == {
        "RunsLanded": 1,
        "PlaylistsFetched": 1,
        "PlaylistsUnchanged": 0,
        "PlaylistsStale": 0,
        "PlaylistsMissing": 1,
        "Items": 60,
        "Requests": 2,
        "ThrottledSeconds": 0,
        "TokenAgeDays": pytest.approx(100, abs=0.01),
    }
    assert told["error_codes"] == {"playlist_not_found": 1}
    assert (told["run_id"], told["request_id"]) == ("20261123T060000Z", FakeContext().aws_request_id)


@pytest.mark.usefixtures("aws")
def test_a_run_that_fails_says_so_in_its_metrics_and_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with StandIn(World("me", premium=False)) as standin:
        for name, value in (("API", standin.api_url), ("TOKEN", standin.token_url)):
            monkeypatch.setenv(f"SPOTIFY_{name}_URL", value)
        monkeypatch.setenv("RAW_BUCKET", "raw-bucket")
        monkeypatch.setenv("SPOTIFY_SECRET_ID", "spotify")
        monkeypatch.delenv("PLAYLISTS", raising=False)
        with caplog.at_level(logging.INFO), pytest.raises(PremiumRequiredError):
            lambda_handler(event("scheduler"), FakeContext())
    told = _metrics(capsys.readouterr().out)
    assert (told["RunsLanded"], told["error_code"]) == (0, "premium_required")
    (line,) = [json.loads(line) for line in caplog.text.splitlines() if '"ERROR"' in line]
    assert line["error_code"] == "premium_required"
    assert (line["run_id"], line["request_id"]) == ("20261123T060000Z", FakeContext().aws_request_id)


@pytest.mark.usefixtures("standin")
def test_logs_are_json_with_the_run_and_the_request(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="lambda_extract"):
        lambda_handler(event("scheduler"), FakeContext())
    lines = [json.loads(line) for line in caplog.text.splitlines()]
    assert {line["run_id"] for line in lines} == {"20261123T060000Z"}
    assert {line["request_id"] for line in lines} == {FakeContext().aws_request_id}
    assert all({"timestamp", "level", "message", "logger"} <= set(line) for line in lines)


def test_neither_secrets_nor_other_people_are_in_any_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, aws: None
) -> None:
    for name in ("spotipy", "urllib3", "requests", "boto3", "botocore"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    shared, followed = playlist("a", 60, owner="another-person"), playlist("c", 1, owner="another-person")
    shared.metadata["collaborative"] = True
    for row in shared.rows:
        row["added_by"] = {"id": "another-person", "uri": "spotify:user:another-person"}
    with StandIn(world(shared, followed, playlist("d", 2))) as standin:
        standin.before = faults.in_turn(
            faults.on(playlist_id("a"), faults.expired_token(), times=1),
            faults.on(playlist_id("d"), faults.quota_exceeded()),
        )
        standin.refresh_answer = "rotated"
        monkeypatch.setenv("SPOTIFY_API_URL", standin.api_url)
        monkeypatch.setenv("SPOTIFY_TOKEN_URL", standin.token_url)
        monkeypatch.setenv("RAW_BUCKET", "raw-bucket")
        monkeypatch.setenv("SPOTIFY_SECRET_ID", "spotify")
        monkeypatch.delenv("PLAYLISTS", raising=False)
        with caplog.at_level(logging.DEBUG):
            result = lambda_handler(event("scheduler"), FakeContext())
        rotated = standin.refresh_token
    assert result["outcomes"] == {"fetched": 1, "missing": 1}
    said = caplog.text + capsys.readouterr().out + "".join(repr(record.__dict__) for record in caplog.records)
    assert "playlist aaaa" in said
    kept = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId="spotify")["SecretString"])
    assert kept == {**SECRET, "refresh_token": rotated}
    for secret in (*SECRET.values(), rotated, "stand-in-access-token", "Bearer", "Basic ", "another-person"):
        if secret != SECRET["client_id"]:
            assert secret not in said, secret


def test_a_list_of_playlists_on_s3(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = f"# mine\n{playlist_id('a')}  # the first\n\nspotify:playlist:{playlist_id('b')}\n"
    boto3.client("s3").put_object(Bucket="raw-bucket", Key="lists/playlists.txt", Body=listed.encode())
    monkeypatch.setenv("PLAYLISTS", "s3://raw-bucket/lists/playlists.txt")
    assert lambda_handler(event("scheduler"), FakeContext())["outcomes"] == {"fetched": 2}
    monkeypatch.setenv("PLAYLISTS", "s3://raw-bucket/lists/none.txt")
    with pytest.raises(PlaylistListError, match=r"s3://raw-bucket/lists/none.txt: NoSuchKey"):
        lambda_handler(event("scheduler"), FakeContext())
