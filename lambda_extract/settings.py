"""What a run needs to know, and where the Lambda finds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from lambda_extract.errors import SecretError, SettingsError
from lambda_extract.playlist_ids import parse_playlist_ids

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

SPOTIFY_API_URL = "https://api.spotify.com/v1/"
SPOTIFY_TOKEN_URL = "https://accounts.spotify.com/api/token"  # noqa: S105  an address

_SECRET_KEYS = ("client_id", "client_secret", "refresh_token")


@dataclass(frozen=True)
class ExtractConfig:
    """What one run reads: ids of playlists (`parse_playlist_ids` makes them), in the order in which they are read.

    Raises
    ------
    SettingsError
        If there is none.
    """

    playlists: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.playlists:
            raise SettingsError("No playlist is configured. Give ids, URIs or URLs, separated by commas.")


@dataclass(frozen=True)
class Credentials:
    """An app of Spotify's developer dashboard and one user's consent. Neither its repr nor its errors show a value."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Credentials:
        """Read `{"client_id", "client_secret", "refresh_token"}`; other keys are somebody else's. `source` names it.

        Raises
        ------
        SecretError
            If it is no such JSON object. What was read is never repeated.
        """
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise SecretError(f"{source} holds no JSON object with client_id, client_secret and refresh_token.")
        values = {name: str(document.get(name) or "").strip() for name in _SECRET_KEYS}
        for name, value in values.items():
            # They travel in HTTP headers, where nothing but visible ASCII arrives whole.
            if not value or not value.isascii() or not value.isprintable():
                raise SecretError(f"{name} in {source} is missing, empty or no plain text.")
        return cls(**values)


@dataclass(frozen=True)
class LambdaSettings:
    """The Lambda's environment. `api_url` and `token_url` point to Spotify unless a stand-in is to be asked."""

    raw_bucket: str
    secret_id: str
    config: ExtractConfig
    api_url: str = SPOTIFY_API_URL
    token_url: str = SPOTIFY_TOKEN_URL

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> LambdaSettings:
        """Read RAW_BUCKET, SPOTIFY_SECRET_ID, PLAYLISTS and, where set, SPOTIFY_API_URL and SPOTIFY_TOKEN_URL.

        Raises
        ------
        SettingsError
            If one is missing, or an address would carry a token in the clear.
        """
        api_url, token_url = addresses(environment)
        return cls(
            raw_bucket=_required(environment, "RAW_BUCKET"),
            secret_id=_required(environment, "SPOTIFY_SECRET_ID"),
            config=ExtractConfig(parse_playlist_ids(_required(environment, "PLAYLISTS"))),
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
    try:
        text = client.get_secret_value(SecretId=secret_id).get("SecretString", "")
    except (BotoCoreError, ClientError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise SecretError(f"Cannot read the secret {secret_id}: {code}. Check its name and the role.") from error
    return Credentials.from_json(text, source=f"the secret {secret_id}")


def is_loopback(url: str) -> bool:
    """Tell whether an address stays on this machine."""
    return urlsplit(url).hostname in {"127.0.0.1", "::1"}


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set. The Lambda needs it in its environment.")
    return value


def _address(environment: Mapping[str, str], name: str, default: str) -> str:
    url = environment.get(name, "").strip() or default
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url))):
        raise SettingsError(f"{name} has to be an https address (http only on 127.0.0.1): it is sent a token.")
    return url
