"""Listing, moving and deleting through Hadoop's FileSystem, as Spark itself does: the same on S3 and on folders.

Addresses are encoded URIs, as `Path.toUri` prints them and as Spark reports the files it read, so that names with
blanks, colons, brackets and percent signs stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from urllib.parse import unquote
from uuid import uuid4

from pyspark import InheritableThread
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from load_transform.errors import MoveError, TakenError
from load_transform.jvm import file_calls

PARALLEL = 16
"""Moves and deletes under way at once: on S3 each is a round trip or two."""

_WRITING = ".writing/"
"""Where a text is written before it gets its name, on file systems whose names are not given with the last byte."""

_S3A = "S3AFileSystem"
_SCHEME = "^([A-Za-z0-9+.-]+):/+"

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True)
class FileEntry:
    """One file: its encoded URI, its size in bytes and its modification time in epoch milliseconds."""

    uri: str
    length: int
    modified_ms: int


class Files:
    """One bucket (or folder), addressed by keys relative to its root URI."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        jvm = spark.sparkContext._jvm
        if jvm is None:
            raise MoveError("Spark has no JVM: the session is stopped.")
        # Looked up once: Py4J asks for a class called `org`, then for `org.apache` and so on, each time in every jar.
        self._path: Any = jvm.org.apache.hadoop.fs.Path
        self._streams: Any = jvm.org.apache.commons.io.IOUtils
        self.root = root.rstrip("/") + "/"
        configuration = spark.sparkContext._jsc.hadoopConfiguration()
        self._fs: Any = self._path(self.root).getFileSystem(configuration)
        qualified = str(self._fs.makeQualified(self._path(self.root)).toUri().toString())
        self._encoded_root = one_spelling(qualified).rstrip("/") + "/"
        # There a put shows whole or not at all, a rename is a copy, and folders are only names.
        self._is_object_store = self._fs.getClass().getSimpleName() == _S3A
        self._calls = file_calls(jvm, self._fs, is_object_store=self._is_object_store)

    def key(self, uri: str) -> str:
        """Return the decoded key of an address below the root."""
        uri = one_spelling(uri)
        if not uri.startswith(self._encoded_root):
            raise MoveError(f"{unquote(uri)} does not lie below {self.root}.")
        return unquote(uri[len(self._encoded_root) :])

    def files_below(self, prefix: str) -> list[FileEntry]:
        """Return every file below a prefix, at any depth, in the order of the addresses. A missing prefix is empty."""
        entries = map(_entry, str(self._calls.below(self.root + prefix)).splitlines())
        return sorted((entry for entry in entries if not entry.uri.endswith("/")), key=lambda entry: entry.uri)

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders straight below a prefix. A missing prefix has none."""
        found = str(self._calls.folders(self.root + prefix)).splitlines()
        return sorted(unquote(uri.rstrip("/").rpartition("/")[2]) for uri in found)

    def exists(self, key: str) -> bool:
        """Tell whether a key holds an object."""
        return bool(self._fs.exists(self._path(self.root + key)))

    def entry(self, key: str) -> FileEntry | None:
        """Return what is known of an object now; None where there is none."""
        found = str(self._calls.at(self.root + key))
        return _entry(found.rstrip("\n")) if found else None

    def same_bytes(self, one: str, other: str) -> bool:
        """Tell whether two objects hold the same bytes. It reads both, unless their sizes differ."""
        paths = [self._path(self.root + key) for key in (one, other)]
        if len({self._fs.getFileStatus(path).getLen() for path in paths}) > 1:
            return False
        streams = [self._fs.open(path) for path in paths]
        try:
            return bool(self._streams.contentEquals(*streams))
        finally:
            for stream in streams:
                stream.close()

    def read_text(self, key: str) -> str:
        """Return a small text object whole."""
        stream = self._fs.open(self._path(self.root + key))
        try:
            return str(self._streams.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def write_text(self, key: str, text: str) -> None:
        """Write a small text object so that a reader sees all of it, or what was there before."""
        target = self._path(self.root + key)
        place = target if self._is_object_store else self._path(f"{self.root}{_WRITING}{uuid4().hex}")
        stream = self._fs.create(place, True)
        try:
            stream.write(bytearray(text.encode("utf-8", "surrogatepass")))
        finally:
            stream.close()
        if place is not target:
            self._fs.mkdirs(target.getParent())
            if not self._fs.rename(place, target):
                raise MoveError(f"{self.root}{key} could not be written. Check the permissions, then run again.")

    def remove_unwritten(self) -> None:
        """Remove the texts that a killed run had begun to write. For the only writer."""
        if not self._is_object_store:
            self.delete_folder(_WRITING)

    def move(self, source: str, target: str) -> None:
        """Move one object to another key. The target must be free: a rename would replace it without a word."""
        outcome = self._calls.move(self.root + source, self.root + target)
        if outcome == "taken":
            raise TakenError(
                f"{target} exists already, so {source} was left where it is. Move one of them away, then run again."
            )
        if outcome != "moved":
            raise MoveError(f"{source} could not be moved to {target}. Check the permissions, then run again.")

    def delete(self, key: str) -> None:
        """Delete one object. One that is gone already is no error: a repeated delete ends in the same state."""
        path = self._path(self.root + key)
        if not self._fs.delete(path, False) and self._fs.exists(path):
            raise MoveError(f"{key} could not be deleted. Check the permissions, then run again.")

    def delete_folder(self, prefix: str) -> None:
        """Delete everything below a prefix."""
        self._fs.delete(self._path(self.root + prefix), True)


def one_spelling(uri: str) -> str:
    """Return an address with one slash behind its scheme: Hadoop says file:/x where Spark says file:///x."""
    return re.sub(_SCHEME, r"\1:/", uri)


def one_spelling_column(uri: Column) -> Column:
    """Return what `one_spelling` returns, as a column."""
    return F.regexp_replace(uri, _SCHEME, "$1:/")


def in_parallel(function: Callable[[_T], _R], values: Iterable[_T]) -> list[_R]:
    """Call `function` on each value, a bounded number at a time; the first failure is raised after all have ended.

    PySpark's own threads, since each holds a connection to the JVM, which only they give back.
    """
    waiting = SimpleQueue[tuple[int, _T]]()
    for numbered in enumerate(values):
        waiting.put(numbered)
    results: dict[int, _R] = {}
    failures: list[Exception] = []

    def work() -> None:
        while True:
            try:
                number, value = waiting.get_nowait()
            except Empty:
                return
            try:
                results[number] = function(value)
            except Exception as error:  # noqa: BLE001  raised below, by the thread that called
                failures.append(error)

    threads = [InheritableThread(target=work) for _ in range(min(PARALLEL, waiting.qsize()))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [results[number] for number in sorted(results)]


def _entry(line: str) -> FileEntry:
    length, modified_ms, uri = line.split(" ", 2)
    return FileEntry(one_spelling(uri), int(length), int(modified_ms))
