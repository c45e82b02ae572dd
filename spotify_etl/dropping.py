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
    for file, name in found:
        if not file.is_file() or not os.access(file, os.R_OK):
            raise RefusedError(f"{file} cannot be read. Check what it is and its permissions.")
        if not _is_utf8(name):
            raise RefusedError(f"{name!a} is no UTF-8 file name, which S3 and Spark cannot hold. Rename it.")
    return found


def drop(files: Iterable[tuple[Path, str]], raw: FolderStore) -> int:
    """Copy files into `raw_data/to_be_processed/` with their modification times and return how many.

    A name that is taken by another file or a folder is put into a numbered sub-folder: nothing that waits is replaced.
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
    if path == Path():
        raise RefusedError("--raw names no path. To load the working directory, name it whole.")
    if path.is_file():
        yield path, path.name
    elif path.is_dir():
        for folder, folders, files in os.walk(path, onerror=_unreadable):
            links = [name for name in sorted(folders) if Path(folder, name).is_symlink()]
            if links:
                raise RefusedError(
                    f"{Path(folder, links[0])} is a link to a folder. Name the folder itself with --raw."
                )
            folders.sort()
            yield from ((Path(folder, name), Path(folder, name).relative_to(path).as_posix()) for name in sorted(files))
    else:
        raise RefusedError(f"{path}, given with --raw, does not exist.")


def _unreadable(error: OSError) -> None:
    raise RefusedError(f"{error.filename} cannot be read: {error.strerror}.")


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _free_key(raw: FolderStore, file: Path, name: str) -> str:
    key, number = TO_BE_PROCESSED + name, 1
    while _is_taken(raw.root / key, file):
        number += 1
        key = f"{TO_BE_PROCESSED}{number}/{name}"
    return key


def _is_taken(target: Path, file: Path) -> bool:
    zone = Path(TO_BE_PROCESSED)
    above = [folder for folder in target.parents if zone.name in folder.parts]
    if target.is_dir() or any(folder.is_file() for folder in above):
        return True
    return target.exists() and not filecmp.cmp(file, target, shallow=False)
