"""Trino, the engine that Athena's engine version 3 is made of, as far as the tests need it.

Maven Central has its server as one archive of 821 MB, with a connector for everything. Kept are the server and the
Hive connector: 340 MB in `.cache/trino`. Athena does not tell which version of Trino it runs and takes fixes from later
ones; 476 is the newest on Maven Central. It runs on Java 24 or newer, which `.venv-trino` has.

    python tools/trino_server.py     fetch it, print the folder
"""

from __future__ import annotations

import shutil
import sys
import tarfile
from pathlib import Path

from tools.fetch import MAVEN_CENTRAL, FetchError, fetch

VERSION = "476"
SHA256 = "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f"
ARCHIVE = f"{MAVEN_CENTRAL}/io/trino/trino-server/{VERSION}/trino-server-{VERSION}.tar.gz"
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "trino"

_KEPT = ("lib/", "plugin/hive/")
_NOT_NEEDED = "plugin/hive/hdfs/"


class TrinoMissingError(Exception):
    """The server is not there and cannot be fetched."""


def trino_server(cache: Path = CACHE, *, archive: str = ARCHIVE, sha256: str = SHA256) -> Path:
    """Return the folder of the unpacked server, which has `lib` and `plugin`; fetched unless it is there.

    Raises
    ------
    TrinoMissingError
        when Maven Central cannot be reached, or the archive is not the one that is pinned
    """
    folder = cache / VERSION
    if folder.exists():
        return folder
    fetched = cache / "archive"
    unpacked = cache / "unpacked.part"
    try:
        fetch(archive, sha256, fetched)
        shutil.rmtree(unpacked, ignore_errors=True)
        _unpack(fetched, unpacked)
        # The name only ever stands for all of it.
        unpacked.rename(folder)
    except FetchError as error:
        raise TrinoMissingError(f"Trino {VERSION} is not there: {error}") from error
    except (OSError, tarfile.TarError) as error:
        raise TrinoMissingError(f"Trino {VERSION} could not be unpacked into {cache}: {error}") from error
    finally:
        fetched.unlink(missing_ok=True)
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack what is kept. A jar that several connectors share is in the archive once; the others are links to it."""
    with tarfile.open(archive) as tar:
        members = {member.name.partition("/")[2]: member for member in tar.getmembers() if not member.isdir()}
        for name, member in members.items():
            if not name.startswith(_KEPT) or name.startswith(_NOT_NEEDED):
                continue
            content = tar.extractfile(members[member.linkname.partition("/")[2]] if member.islnk() else member)
            if content is None:
                raise tarfile.TarError(f"{member.name} is no file")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{trino_server()}\n")
    except TrinoMissingError as error:
        sys.exit(str(error))
