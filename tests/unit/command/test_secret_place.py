"""Credentials in Secrets Manager, as `--secret-id` puts and finds them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from lambda_extract.settings import Credentials
from spotify_etl.authorise import Authoriser, Road
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.places import SecretPlace
from spotify_etl.standin import StandIn
from spotify_etl.terminal import Terminal
from tests.unit.extract.builders import NOW, playlist, world

MINE = Credentials("an-id", "a-secret", "a-token", user_id="me", authorized_at=NOW)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def stored() -> dict[str, Any]:
    text = boto3.client("secretsmanager").get_secret_value(SecretId="spotify")["SecretString"]
    found: dict[str, Any] = json.loads(text)
    return found


def create(**value: Any) -> None:
    boto3.client("secretsmanager").create_secret(Name="spotify", **value)


def refuse(place: SecretPlace, monkeypatch: pytest.MonkeyPatch, method: str, operation: str, code: str) -> None:
    def refused(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "arn:aws:…:secret"}}, operation)

    monkeypatch.setattr(place._client, method, refused)


def test_a_secret_that_is_not_there_is_created() -> None:
    place = SecretPlace("spotify")
    with pytest.raises(RefusedError, match="spotify-etl auth --secret-id spotify"):
        place.load()
    place.save(MINE)
    assert stored() == MINE.as_json()
    credentials, keep = place.load()
    assert credentials.refresh_token == "a-token"
    keep("a-new-token")
    assert stored() == {**MINE.as_json(), "refresh_token": "a-new-token"}


def test_a_secret_without_a_value_is_filled() -> None:
    create()
    SecretPlace("spotify").save(MINE)
    assert stored() == MINE.as_json()


def test_other_keys_stay() -> None:
    create(SecretString=json.dumps({"note": "kept", "client_id": "old", "grant": "client_credentials"}))
    SecretPlace("spotify").save(MINE)
    assert stored() == {"note": "kept", **MINE.as_json()}


def test_what_is_somebody_elses_stays() -> None:
    create(SecretString="a-password")
    with pytest.raises(RefusedError, match="something else") as raised:
        SecretPlace("spotify").save(MINE)
    assert "a-password" not in str(raised.value)
    with pytest.raises(RefusedError):
        SecretPlace("spotify").load()
    assert boto3.client("secretsmanager").get_secret_value(SecretId="spotify")["SecretString"] == "a-password"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "AWS does not let you do secretsmanager:PutSecretValue on the secret spotify"),
        ("InternalServiceError", "AWS answers InternalServiceError to secretsmanager:PutSecretValue"),
    ],
)
def test_what_aws_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch, code: str, said: str) -> None:
    create(SecretString="{}")
    place = SecretPlace("spotify")
    refuse(place, monkeypatch, "put_secret_value", "PutSecretValue", code)
    with pytest.raises(RefusedError, match=said):
        place.save(MINE)


def test_reading_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    place = SecretPlace("spotify")
    refuse(place, monkeypatch, "get_secret_value", "GetSecretValue", "AccessDeniedException")
    with pytest.raises(RefusedError, match="secretsmanager:GetSecretValue"):
        place.document()


def test_a_token_that_cannot_be_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    create(SecretString=json.dumps(MINE.as_json()))
    place = SecretPlace("spotify")
    refuse(place, monkeypatch, "put_secret_value", "PutSecretValue", "AccessDeniedException")
    with pytest.raises(CommandError, match="PutSecretValue") as raised:
        place.load()[1]("a-new-token")
    assert "a-new-token" not in str(raised.value)


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(RefusedError, match="AWS_DEFAULT_REGION"):
        SecretPlace("spotify")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    place = SecretPlace("spotify")

    def none(**_: Any) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(place._client, "get_secret_value", none)
    with pytest.raises(RefusedError, match="AWS_PROFILE"):
        place.document()


class Conversation(Terminal):
    """Somebody who types the app, opens the address and pastes what the browser ends on."""

    def __init__(self, *typed: str) -> None:
        self.out = io.StringIO()
        self._typed = list(typed)
        super().__init__(io.StringIO(), self.out)

    def ask(self, question: str, *, hidden: bool = False) -> str:  # noqa: ARG002  the parent's
        if self._typed:
            return self._typed.pop(0)
        address = next(line for line in self.out.getvalue().splitlines() if "/authorize?" in line)
        return requests.get(address, allow_redirects=False, timeout=5).headers["Location"]


def test_the_whole_road_ends_in_the_secret() -> None:
    create(SecretString='{"note": "kept"}')
    with StandIn(world(playlist("a", 3))) as standin:
        environment = {"SPOTIFY_API_URL": standin.api_url, "SPOTIFY_TOKEN_URL": standin.token_url}
        terminal = Conversation("stand-in-client", "stand-in-secret")
        authoriser = Authoriser(terminal, environment, SecretPlace("spotify"), clock=lambda: NOW)
        authoriser.in_a_users_name(Road(headless=True))
        token = standin.credentials.refresh_token
    assert stored() == {
        "note": "kept",
        "client_id": "stand-in-client",
        "client_secret": "stand-in-secret",
        "refresh_token": token,
        "user_id": "me",
        "authorized_at": "2026-11-23T06:00:02+00:00",
    }
    told = terminal.out.getvalue()
    assert "the secret spotify" in told
    assert "SPOTIFY_SECRET_ID" in told
    assert "about 2027-05-24" in told
    assert not any(urlsplit(word).password for word in told.split())
    assert "stand-in-secret" not in told
    assert str(token) not in told
