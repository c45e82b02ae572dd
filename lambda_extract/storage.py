"""Where raw objects go. The extract knows `RawStore`; in the cloud it is a bucket, on a laptop a folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NoReturn, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from lambda_extract.errors import PlaylistListError, StorageError

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 64 * 1024


class RawStore(Protocol):
    """A bucket, as far as the extract needs one. Keys are whole keys, `/` between their parts."""

    def keys(self, prefix: str) -> set[str]:
        """Return all keys that begin with `prefix`; what a moment ago was put is there."""

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Write an object, whole or not at all; one of that name is replaced."""

    def read(self, key: str) -> bytes | None:
        """Return an object's bytes, or None if there is none."""

    def lines(self, key: str) -> Iterator[bytes] | None:
        """Return an object's lines, one in memory at a time, or None if there is no such object."""


class S3Store:
    """A bucket on S3. Needs ListBucket, GetObject and PutObject; without ListBucket S3 says 403 for a missing object.

    Raises
    ------
    StorageError
        From every method, when S3 refuses or cannot be reached.
    """

    def __init__(self, bucket: str, client: S3Client) -> None:
        self._bucket = bucket
        self._client = client

    def keys(self, prefix: str) -> set[str]:
        """Return the keys of all objects that begin with `prefix`; one that ends in `/` is a folder and no object."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        try:
            keys = (entry["Key"] for page in pages for entry in page.get("Contents", []))
            return {key for key in keys if not key.endswith("/")}
        except (BotoCoreError, ClientError) as error:
            self._failed("list", prefix, error)

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Write an object; S3 shows it when it is complete."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content)
        except (BotoCoreError, ClientError) as error:
            self._failed("write", key, error)

    def read(self, key: str) -> bytes | None:
        """Return an object's bytes, or None if there is none."""
        body = self._open(key)
        try:
            return None if body is None else body.read()
        except (BotoCoreError, ClientError) as error:
            self._failed("read", key, error)

    def lines(self, key: str) -> Iterator[bytes] | None:
        """Return an object's lines as they come over the wire, or None if there is no such object."""
        body = self._open(key)
        return None if body is None else self._stream(body, key)

    def _open(self, key: str) -> StreamingBody | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        except self._client.exceptions.NoSuchKey:
            return None
        except (BotoCoreError, ClientError) as error:
            self._failed("read", key, error)

    def _stream(self, body: StreamingBody, key: str) -> Iterator[bytes]:
        try:
            yield from body.iter_lines(chunk_size=_CHUNK_BYTES)
        except (BotoCoreError, ClientError) as error:
            self._failed("read", key, error)

    def _failed(self, doing: str, key: str, error: Exception) -> NoReturn:
        raise StorageError(
            f"Cannot {doing} s3://{self._bucket}/{key}: {_code(error)}. "
            "Check the bucket's name, its region and what the role may do."
        ) from error


def read_list(client: S3Client, address: str) -> str:
    """Return the text of a list of playlists on S3.

    Raises
    ------
    PlaylistListError
        If it cannot be read.
    """
    bucket, _, key = address[len("s3://") :].partition("/")
    try:
        return client.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8")
    except (BotoCoreError, ClientError) as error:
        raise PlaylistListError(
            f"Cannot read the list of playlists {address}: {_code(error)}. "
            "Check the address, the credentials and what they may do."
        ) from error
    except UnicodeDecodeError:
        raise PlaylistListError(f"The list of playlists {address} is no UTF-8 text.") from None


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
