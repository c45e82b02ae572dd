"""One file of Maven Central that is pinned by its SHA-256."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

MAVEN_CENTRAL = "https://repo1.maven.org/maven2"

_TIMEOUT_SECONDS = 60
_CHUNK_BYTES = 1 << 20


class FetchError(Exception):
    """A file that cannot be fetched, or is not the one that is pinned; the text is for people."""


def fetch(url: str, sha256: str, target: Path) -> None:
    """Download a file so that its name only ever holds all of it.

    Raises
    ------
    FetchError
        when it cannot be fetched or is another than the pinned one; nothing is kept then
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{os.getpid()}")
    found = hashlib.sha256()
    try:
        with urlopen(url, timeout=_TIMEOUT_SECONDS) as answer, half.open("wb") as file:  # noqa: S310  our own scheme
            while chunk := answer.read(_CHUNK_BYTES):
                found.update(chunk)
                file.write(chunk)
        if found.hexdigest() != sha256:
            raise FetchError(f"{url} is not the file that is pinned: its SHA-256 is another. Nothing was kept.")
        half.replace(target)
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise FetchError(f"{url} cannot be fetched ({reason}). Check the network, then run again.") from error
    finally:
        half.unlink(missing_ok=True)
