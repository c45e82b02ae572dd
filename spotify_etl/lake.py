"""A lake on this machine: two folders named as the buckets, what it is made from, and who works on it.

<root>/raw/raw_data/…       the raw bucket
<root>/transformed/…        the transformed bucket
<root>/lake.json            the lake's source: sample and real data never share a lake
<root>/published.json       what the views show
<root>/report.html          the page on it, made after each publication
<root>/.lock                held by the process that runs the job
<root>/job.log              what the job said last
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spotify_etl.catalog import write_atomically
from spotify_etl.errors import RefusedError
from spotify_etl.folder_store import FolderStore

SAMPLE, OWN = "sample", "own"

_WHAT = {SAMPLE: "the bundled sample", OWN: "your own playlists"}


@dataclass(frozen=True)
class Lake:
    """The places of one lake. Making it touches nothing."""

    root: Path

    @property
    def raw(self) -> FolderStore:
        """The raw bucket."""
        return FolderStore(self.root / "raw")

    @property
    def transformed(self) -> Path:
        """The transformed bucket's folder."""
        return self.root / "transformed"

    @property
    def log(self) -> Path:
        """The file that keeps what the job said last."""
        return self.root / "job.log"

    @property
    def source(self) -> str | None:
        """What the lake is made from, `sample` or `own`; None where there is no lake."""
        try:
            kept = json.loads((self.root / "lake.json").read_text(encoding="utf-8"))
            source = kept["source"]
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RefusedError(
                f"{self.root / 'lake.json'} cannot be read: {error}. Restore it or take another lake."
            ) from error
        return str(source)


def existing(root: Path) -> Lake:
    """Return the lake in a folder.

    Raises
    ------
    RefusedError
        If there is none.
    """
    lake = Lake(root)
    _check_path(root)
    if lake.source is None:
        raise RefusedError(
            f"There is no lake in {root}. `spotify-etl run` makes one of your playlists, "
            "`spotify-etl run --sample` one of the sample."
        )
    return lake


@contextmanager
def open_for_writing(root: Path, source: str) -> Iterator[tuple[Lake, int]]:
    """Give the lake and the open file that locks it, making the lake where there is none.

    The lock is the operating system's: it ends with the last process that holds the file open, however that ends. A
    job that is started with the file keeps the lake locked even when the command itself is killed.

    Raises
    ------
    RefusedError
        If the folder cannot be written, is no lake but not empty, is of another source, or is locked.
    """
    lake = Lake(root)
    _check_path(root)
    _check_source(lake, source)
    try:
        for folder in (lake.raw.root, lake.transformed):
            folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(root / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RefusedError(f"The lake in {root} cannot be written: {error.strerror}.") from error
    try:
        _lock(handle, root)
        if lake.source is None:
            write_atomically(root / "lake.json", json.dumps({"source": source}) + "\n")
        yield lake, handle
    finally:
        os.close(handle)


def _check_path(root: Path) -> None:
    """Refuse a place whose name DuckDB would take for a partition or for a pattern."""
    strange = [part for part in root.absolute().parts if "=" in part or "\\" in part]
    if strange:
        raise RefusedError(
            f"A lake cannot lie in a folder named {strange[0]}: no = and no \\. Take another with --lake."
        )


def _check_source(lake: Lake, source: str) -> None:
    there = lake.source
    if there is None and lake.root.exists():
        if not lake.root.is_dir():
            raise RefusedError(f"{lake.root} is a file; a lake is a folder.")
        if any(entry.name not in {".lock", "raw", "transformed"} for entry in lake.root.iterdir()):
            raise RefusedError(f"{lake.root} is not empty and no lake. Take another folder with --lake.")
    if there not in {None, source}:
        raise RefusedError(
            f"The lake in {lake.root} holds {_WHAT.get(there or '', there)}, not {_WHAT[source]}; the two never mix. "
            "Take another folder with --lake."
        )


def _lock(handle: int, root: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise RefusedError(
            f"The lake in {root} is in use by another run (process {holder}). Wait until it has ended."
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
