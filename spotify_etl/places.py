"""Where credentials are stored: the file of this user, or a secret that the Lambda reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from lambda_extract.errors import SecretError
from lambda_extract.settings import Credentials, save_refresh_token
from spotify_etl import credentials as kept
from spotify_etl.credentials import Keep
from spotify_etl.errors import CommandError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_NOT_THERE = "ResourceNotFoundException"


class Place(Protocol):
    """Holds the credentials of one user. Methods raise `RefusedError`, one line that says what to do."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def is_secret(self) -> bool:
        """Whether it is for the Lambda."""

    def document(self) -> dict[str, Any]:
        """Return what is stored, nothing where nothing is."""

    def save(self, credentials: Credentials) -> None:
        """Store the credentials; other keys stay."""


class FilePlace:
    """The user's file."""

    is_secret = False

    def __init__(self, path: Path) -> None:
        kept.refuse_work_tree(path)
        self._path = path

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self._path)

    def document(self) -> dict[str, Any]:
        """Return what the file holds."""
        return kept.read_document(self._path)

    def save(self, credentials: Credentials) -> None:
        """Write the file."""
        kept.save(credentials, self._path)


class SecretPlace:
    """A secret in Secrets Manager, which may not be there yet."""

    is_secret = True

    def __init__(self, secret_id: str) -> None:
        self._id = secret_id
        try:
            self._client: SecretsManagerClient = boto3.client("secretsmanager")
        except BotoCoreError as error:
            _refuse(error, secret_id)

    @property
    def name(self) -> str:
        """The secret's name."""
        return f"the secret {self._id}"

    def document(self) -> dict[str, Any]:
        """Return what the secret holds."""
        text = self._text()
        if not text:
            return {}
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            # Whoever mistyped a name must not lose another application's secret.
            raise RefusedError(
                f"{self.name} holds something else than a JSON object. Put {{}} into it or name another."
            )
        return document

    def save(self, credentials: Credentials) -> None:
        """Write the secret, or create it."""
        text = json.dumps(kept.merged(self.document(), credentials))
        try:
            self._client.put_secret_value(SecretId=self._id, SecretString=text)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NOT_THERE:
                _refuse(error, self._id)
            self._create(text)
        except BotoCoreError as error:
            _refuse(error, self._id)

    def load(self) -> tuple[Credentials, Keep]:
        """Return the credentials in the secret, and how to keep a new refresh token there."""
        text = self._text()
        if not text:
            raise RefusedError(f"{self.name} is not there or empty. Fill it: spotify-etl auth --secret-id {self._id}")
        try:
            return Credentials.from_json(text, source=self.name), self._keep
        except SecretError as error:
            raise RefusedError(str(error)) from None

    def _text(self) -> str | None:
        try:
            return self._client.get_secret_value(SecretId=self._id).get("SecretString", "")
        except ClientError as error:
            # Also what a secret answers that was created without a value.
            if error.response["Error"]["Code"] == _NOT_THERE:
                return None
            _refuse(error, self._id)
        except BotoCoreError as error:
            _refuse(error, self._id)

    def _create(self, text: str) -> None:
        try:
            self._client.create_secret(
                Name=self._id, SecretString=text, Description="Spotify credentials of spotify-etl"
            )
        except (BotoCoreError, ClientError) as error:
            _refuse(error, self._id)

    def _keep(self, refresh_token: str) -> None:
        try:
            save_refresh_token(self._client, self._id, refresh_token)
        except SecretError as error:
            raise CommandError(str(error)) from error


def place(secret_id: str | None, path: Path) -> Place:
    """Return where credentials are to be stored: in a secret where one is named."""
    return SecretPlace(secret_id) if secret_id else FilePlace(path)


def _refuse(error: BotoCoreError | ClientError, secret_id: str) -> NoReturn:
    if isinstance(error, NoRegionError):
        raise RefusedError("AWS knows no region here. Set AWS_DEFAULT_REGION, or run: aws configure") from None
    if isinstance(error, NoCredentialsError):
        raise RefusedError("AWS finds no credentials here. Set AWS_PROFILE, or run: aws configure") from None
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        action = "secretsmanager:" + error.operation_name
        if code == "AccessDeniedException":
            raise RefusedError(f"AWS does not let you do {action} on the secret {secret_id}.") from None
        raise RefusedError(f"AWS answers {code} to {action} on the secret {secret_id}.") from None
    raise RefusedError(f"AWS could not be asked for the secret {secret_id} ({type(error).__name__}).") from None
