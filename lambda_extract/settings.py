"""What a run needs to know, and where the Lambda finds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from lambda_extract.errors import SecretError, SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

SPOTIFY_API_URL = "https://api.spotify.com/v1/"
SPOTIFY_TOKEN_URL = "https://accounts.spotify.com/api/token"  # noqa: S105  an address

MINE: Literal["mine"] = "mine"
"""All playlists that the account owns or collaborates on."""

DEFAULT_BUDGET = 900
"""Requests a day. What Spotify grants an app in development mode is about 1,000 and not published."""

CONSENT_DAYS = 182
"""A refresh token ends six months after the consent that it came from."""

_CLIENT_CREDENTIALS = "client_credentials"


@dataclass(frozen=True)
class ExtractConfig:
    """What one run reads, and how.

    Parameters
    ----------
    playlists
        `MINE`, or ids in the order in which their outcomes are told (`playlist_ids` makes them).
    full
        Read every playlist anew, whether it changed or not.
    budget
        Requests that all runs within a day may make together.
    keep_added_by
        Whether rows keep `added_by`, the accounts of other people; else it lands as null.

    Raises
    ------
    SettingsError
        If there is no playlist, or the budget is none.
    """

    playlists: tuple[str, ...] | Literal["mine"] = MINE
    full: bool = False
    budget: int = DEFAULT_BUDGET
    keep_added_by: bool = True

    def __post_init__(self) -> None:
        if not self.playlists:
            raise SettingsError("No playlist is configured. Give `mine`, or ids, URIs or URLs separated by commas.")
        if self.budget < 1:
            raise SettingsError(f"A budget of {self.budget} requests a day reads nothing. Give a number from 1.")


@dataclass(frozen=True)
class Credentials:
    """An app of Spotify's developer dashboard and, but for `refresh_token` None, one user's consent.

    Neither its repr nor its errors show a secret. `user_id` and `authorized_at` are what is known of the consent.
    """

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    user_id: str | None = field(default=None, repr=False)
    authorized_at: datetime | None = None

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Credentials:
        """Read what `as_json` writes; other keys are somebody else's. `source` names it in errors.

        `{"client_id", "client_secret", "refresh_token"}` are needed, `user_id` and `authorized_at` welcome. An app
        with extended quota may have `"grant": "client_credentials"` instead of a refresh token.

        Raises
        ------
        SecretError
            If it is no such JSON object. What was read is never repeated.
        """
        document = _json_object(text)
        if document is None:
            raise SecretError(f"{source} holds no JSON object with client_id, client_secret and refresh_token.")
        names = ["client_id", "client_secret"]
        if document.get("grant") != _CLIENT_CREDENTIALS:
            names.append("refresh_token")
        values = {name: str(document.get(name) or "").strip() for name in names}
        for name, value in values.items():
            # They travel in HTTP headers, where nothing but visible ASCII arrives whole.
            if not value or not value.isascii() or not value.isprintable():
                raise SecretError(f"{name} in {source} is missing, empty or no plain text. Fill it: spotify-etl auth.")
        return cls(
            client_id=values["client_id"],
            client_secret=values["client_secret"],
            refresh_token=values.get("refresh_token"),
            user_id=str(document["user_id"]) if document.get("user_id") else None,
            authorized_at=_moment(document.get("authorized_at")),
        )

    def as_json(self) -> dict[str, str]:
        """Return what is stored of the credentials."""
        told = {"client_id": self.client_id, "client_secret": self.client_secret}
        if self.refresh_token is None:
            return {**told, "grant": _CLIENT_CREDENTIALS}
        told["refresh_token"] = self.refresh_token
        if self.user_id:
            told["user_id"] = self.user_id
        if self.authorized_at:
            told["authorized_at"] = self.authorized_at.astimezone(UTC).isoformat(timespec="seconds")
        return told

    def consent_age(self, now: datetime) -> float | None:
        """Return the days since the consent, where that is known."""
        return (now - self.authorized_at).total_seconds() / 86_400 if self.authorized_at else None


@dataclass(frozen=True)
class LambdaSettings:
    """The Lambda's environment. `api_url` and `token_url` point to Spotify unless a stand-in is to be asked.

    `playlists` is as it was given: `playlist_ids.resolve` makes of it what `ExtractConfig` takes.
    """

    raw_bucket: str
    secret_id: str
    playlists: str = MINE
    budget: int = DEFAULT_BUDGET
    keep_added_by: bool = True
    api_url: str = SPOTIFY_API_URL
    token_url: str = SPOTIFY_TOKEN_URL

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> LambdaSettings:
        """Read RAW_BUCKET and SPOTIFY_SECRET_ID and, where set, PLAYLISTS, REQUEST_BUDGET, ADDED_BY and addresses.

        Raises
        ------
        SettingsError
            If one is missing or wrong, or an address would carry a token in the clear.
        """
        api_url, token_url = addresses(environment)
        return cls(
            raw_bucket=_required(environment, "RAW_BUCKET"),
            secret_id=_required(environment, "SPOTIFY_SECRET_ID"),
            playlists=environment.get("PLAYLISTS", "").strip() or MINE,
            budget=_budget(environment.get("REQUEST_BUDGET", "").strip()),
            keep_added_by=_keeps(environment.get("ADDED_BY", "").strip()),
            api_url=api_url,
            token_url=token_url,
        )


def addresses(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the addresses of the Web API and of its token endpoint: Spotify's, unless the environment names others.

    Raises
    ------
    SettingsError
        If an address would carry a token in the clear.
    """
    return (
        _address(environment, "SPOTIFY_API_URL", SPOTIFY_API_URL),
        _address(environment, "SPOTIFY_TOKEN_URL", SPOTIFY_TOKEN_URL),
    )


def read_credentials(client: SecretsManagerClient, secret_id: str) -> Credentials:
    """Read the Spotify credentials from Secrets Manager.

    Raises
    ------
    SecretError
        If the secret cannot be read or something is missing in it.
    """
    return Credentials.from_json(_secret_text(client, secret_id), source=f"the secret {secret_id}")


def save_refresh_token(client: SecretsManagerClient, secret_id: str, refresh_token: str) -> None:
    """Put a refresh token that Spotify exchanged into the secret; whatever else is in it stays.

    Raises
    ------
    SecretError
        If the secret cannot be read or written.
    """
    document = _json_object(_secret_text(client, secret_id)) or {}
    document["refresh_token"] = refresh_token
    try:
        client.put_secret_value(SecretId=secret_id, SecretString=json.dumps(document))
    except (BotoCoreError, ClientError) as error:
        raise SecretError(
            f"Spotify gave a new refresh token and the secret {secret_id} cannot be written: {_code(error)}. "
            "Allow the role secretsmanager:PutSecretValue, then: spotify-etl auth."
        ) from error


def is_loopback(url: str) -> bool:
    """Tell whether an address stays on this machine."""
    return urlsplit(url).hostname in {"127.0.0.1", "::1"}


def _secret_text(client: SecretsManagerClient, secret_id: str) -> str:
    try:
        return client.get_secret_value(SecretId=secret_id).get("SecretString", "")
    except (BotoCoreError, ClientError) as error:
        raise SecretError(
            f"Cannot read the secret {secret_id}: {_code(error)}. Check its name and the role."
        ) from error


def _code(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set. The Lambda needs it in its environment.")
    return value


def _budget(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal()):
        raise SettingsError(f"REQUEST_BUDGET is {text[:20]!a}, which is no number of requests a day.")
    return int(text or DEFAULT_BUDGET)


def _keeps(text: str) -> bool:
    if text not in {"", "keep", "drop"}:
        raise SettingsError(f"ADDED_BY is {text[:20]!a}. It is keep or drop.")
    return text != "drop"


def _address(environment: Mapping[str, str], name: str, default: str) -> str:
    url = environment.get(name, "").strip() or default
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url))):
        raise SettingsError(f"{name} has to be an https address (http only on 127.0.0.1): it is sent a token.")
    return url
