"""A folder on disk that stands for a bucket: what `lambda_extract.storage.S3Store` is in the cloud."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lambda_extract.errors import KeyRefusedError, StorageError

_INCOMING = ".incoming"


class FolderStore:
    """Objects as files under `root`, a key's parts as folders. Names with spaces, colons or `%` are fine.

    An object appears whole or not at all: it is written to `root/.incoming/` and then renamed, so nobody who lists
    the zones ever meets half a file.

    Raises
    ------
    KeyRefusedError
        From every method, for a key that would leave `root` or that no file can be named by.
    StorageError
        If the disk does not do what is asked.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def keys(self, prefix: str) -> set[str]:
        """Return all keys that begin with `prefix`."""
        top = self._path(prefix.rpartition("/")[0]) if "/" in prefix else self.root
        found = (path.relative_to(self.root) for path in top.rglob("*") if path.is_file())
        return {path.as_posix() for path in found if path.parts[0] != _INCOMING and path.as_posix().startswith(prefix)}

    def put(self, key: str, content: bytes | BinaryIO) -> None:
        """Write an object; one of that name is replaced."""
        target = self._path(key)
        incoming = self.root / _INCOMING / uuid.uuid4().hex
        try:
            incoming.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with incoming.open("xb") as file:
                    if isinstance(content, bytes):
                        file.write(content)
                    else:
                        shutil.copyfileobj(content, file)
                incoming.replace(target)
            finally:
                incoming.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"Cannot write {target}: {error.strerror}.") from error

    def read(self, key: str) -> bytes | None:
        """Return an object's bytes, or None if there is none."""
        path = self._path(key)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"Cannot read {path}: {error.strerror}.") from error

    def lines(self, key: str) -> Iterator[bytes] | None:
        """Return an object's lines, one in memory at a time, or None if there is no such object."""
        path = self._path(key)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"Cannot read {path}: {error.strerror}.") from error
        return _stream(file)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in {"", ".", ".."} or "\0" in part for part in parts) or parts[0] == _INCOMING:
            raise KeyRefusedError(f"{key[:200]!a} is no key of an object in {self.root}.")
        try:
            path = self.root.joinpath(*parts)
            inside = path.resolve().is_relative_to(self.root.resolve())
        except (OSError, UnicodeError):
            inside = False
        if not inside:
            raise KeyRefusedError(f"{key[:200]!a} would lie outside of {self.root}.")
        return path


def _stream(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from file
