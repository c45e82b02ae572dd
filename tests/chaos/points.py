"""The points at which a run can be killed: one before every call that changes the lake, in the order of the calls.

The job's file system calls are watched where it hands them to Hadoop, so that a text that is half written and an
object that is copied and not yet deleted are points as well. Spark's own writes, as one, and the publication follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from pyspark import SparkContext

from load_transform import partitions
from load_transform.filesystem import Files
from spotify_etl import catalog

_CHANGES = ("create", "rename", "delete")
_FACES = ("write_text", "move", "delete", "delete_folder")

Reach = Callable[[str], None]
"""Called with a point's name before what it names is done."""


class Numbered:
    """Numbers the points from 1 and passes each on, one at a time: moves come from several threads at once."""

    def __init__(self, reached: Callable[[int, str], None]) -> None:
        self._reached = reached
        self._lock = Lock()
        self._number = 0

    def __call__(self, name: str) -> None:
        """Pass on the next point."""
        with self._lock:
            self._number += 1
            self._reached(self._number, name)


def kind(name: str) -> str:
    """Return what a point's name says without the object: `move to processed`, `append songs_data`."""
    face, _, rest = name.partition(" ")
    key = rest.partition(": ")[0].removeprefix("raw_data/")
    zone = key.partition("/")[0]
    return {"move": f"move to {zone}", "publish": "publish"}.get(face, f"{face} {zone}")


@contextmanager
def watched(reach: Reach, *, copying: bool = False) -> Iterator[None]:
    """Call `reach` before every change that the job or the publication makes.

    Parameters
    ----------
    copying
        Moves are a copy and a delete, each a point, and give the object a new time: so S3 moves.
    """
    here = local()
    alive: set[str] = set()

    def watching(face: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(files: Files, *arguments: Any) -> Any:
            here.place = f"{face} {arguments[1] if face == 'move' else arguments[0]}"
            here.copying = copying and face == "move"
            # A thread renews the sign of life by the clock: such points would have another number each time.
            here.silent = here.place in alive
            if here.place.endswith(".alive"):
                alive.add(here.place)
            try:
                return function(files, *arguments)
            finally:
                del here.place, here.copying, here.silent

        return called

    start, append, publish = Files.__init__, partitions.append, catalog.write_atomically

    def started(files: Files, *arguments: Any, **named: Any) -> None:
        start(files, *arguments, **named)
        files._fs = _Watched(files, here, reach)
        files._calls = _WatchedCalls(files, here, reach)

    def appended(files: Files, dataset: Any, *arguments: Any) -> None:
        reach(f"append {dataset.name}")
        append(files, dataset, *arguments)

    def published(path: Any, text: str) -> None:
        reach(f"publish {path.name}")
        publish(path, text)

    faces: dict[str, Any] = {face: watching(face, getattr(Files, face)) for face in _FACES}
    with (
        patch.multiple(Files, **{**faces, "__init__": started}),
        patch.object(partitions, "append", appended),
        patch.object(catalog, "write_atomically", published),
    ):
        yield


class _Watched:
    """Hadoop's file system, except that a point is reached before what changes it."""

    def __init__(self, files: Files, here: local, reach: Reach) -> None:
        self._files, self._here, self._reach = files, here, reach
        self._fs = files._fs

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._fs, name)
        if name not in _CHANGES:
            return method

        def called(*arguments: Any) -> Any:
            if not getattr(self._here, "silent", False):
                self._reach(f"{self._place(arguments[0])}: {name}")
            return method(*arguments)

        return called

    def _place(self, path: Any) -> str:
        """Return the call of the job that is under way, with its key."""
        return getattr(self._here, "place", None) or f"file {path.toString()}"


class _WatchedCalls:
    """What the job has in the JVM, except that a point is reached before an object is moved."""

    def __init__(self, files: Files, here: local, reach: Reach) -> None:
        self._files, self._here, self._reach = files, here, reach
        self._calls = files._calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._calls, name)

    def move(self, source: str, target: str) -> Any:
        if self._here.copying:
            return self._copy_and_delete(source, target)
        self._reach(f"{self._here.place}: rename")
        return self._calls.move(source, target)

    def _copy_and_delete(self, source: str, target: str) -> Any:
        files, context = self._files, SparkContext._active_spark_context
        assert context is not None
        assert context._jvm is not None
        self._reach(f"{self._here.place}: copy")
        if self._calls.at(target):
            return "taken"
        # A copy on S3 is there whole or not at all, so it is made beside the bucket and gets its name in one go.
        beside = f"{files.root.rstrip('/')}.copying/{uuid4().hex}"
        copied, hadoop = files._path(source), files._fs._fs
        context._jvm.org.apache.hadoop.fs.FileUtil.copy(
            hadoop, copied, hadoop, files._path(beside), False, hadoop.getConf()
        )
        outcome = self._calls.move(beside, target)
        self._reach(f"{self._here.place}: delete the copied")
        return outcome if outcome == "moved" and hadoop.delete(copied, False) else "failed"
