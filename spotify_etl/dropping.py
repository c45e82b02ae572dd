"""The user's own files into the raw zone, as if somebody had dropped them into the bucket."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lambda_extract.raw_zone import TO_BE_PROCESSED
from spotify_etl.errors import RefusedError
from spotify_etl.folder_store import FolderStore


def files_to_drop(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """Return each file with its name below `to_be_processed/`: a folder's files keep their sub-folders.

    Raises
    ------
    RefusedError
        If a path is missing or cannot be read, or there is no file at all.
    """
    found = [pair for path in paths for pair in _files(path)]
    if not found:
        raise RefusedError("There is no file in what --raw names.")
    for file, _ in found:
        if not os.access(file, os.R_OK):
            raise RefusedError(f"{file} cannot be read. Check its permissions.")
    return found


def drop(files: Iterable[tuple[Path, str]], raw: FolderStore) -> int:
    """Copy files into `raw_data/to_be_processed/` with their modification times and return how many.

    A name that is taken by another file is put into a numbered sub-folder: nothing that waits is replaced.
    """
    count = 0
    for file, name in files:
        key = _free_key(raw, file, name)
        with file.open("rb") as content:
            raw.put(key, content)
        times = file.stat()
        os.utime(raw.root / key, ns=(times.st_atime_ns, times.st_mtime_ns))
        count += 1
    return count


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        yield path, path.name
    elif path.is_dir():
        yield from ((file, file.relative_to(path).as_posix()) for file in sorted(path.rglob("*")) if file.is_file())
    else:
        raise RefusedError(f"{path}, given with --raw, does not exist.")


def _free_key(raw: FolderStore, file: Path, name: str) -> str:
    key, number = TO_BE_PROCESSED + name, 1
    while (raw.root / key).exists() and not filecmp.cmp(file, raw.root / key, shallow=False):
        number += 1
        key = f"{TO_BE_PROCESSED}{number}/{name}"
    return key
