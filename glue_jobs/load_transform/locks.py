"""One writer: who works on the lake holds it through an intent, on folders and on S3 alike.

A run claims the lake by its intent, then looks whether another one had claimed it before; while it works it renews a
sign of life. A lock left by a killed run is recognised: its process is gone, or it gave no sign for a minute. All times
are the store's, so that no two clocks are compared.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pyspark import InheritableThread

from load_transform.contract import LOAD_INTENTS
from load_transform.errors import LockedError, TakenOverError
from load_transform.filesystem import FileEntry, Files
from load_transform.intents import WORKING, Intent, read_intent, remove_intent, write_intent

logger = logging.getLogger(__name__)

BEAT_SECONDS = 10
_PROCESSES = Path("/proc")
_START_TIME = 18
"""The place of `starttime` behind the state in /proc/<pid>/stat: see proc(5)."""

LEASE_SECONDS = 60
"""A run that gave no sign of life for so long is dead."""


class Lock:
    """A lake that this run alone works on, and the intents of runs that did not end."""

    def __init__(self, files: Files, mine: Intent, unfinished: list[Intent]) -> None:
        self.unfinished = unfinished
        self._files = files
        self._mine = mine

    def announce(
        self,
        *,
        dates: Iterable[str] = (),
        delete: Iterable[str] = (),
        move: Iterable[tuple[str, str]] = (),
        forget: str | None = None,
    ) -> None:
        """Write down what is about to be changed: see `Intent`."""
        self._mine = replace(
            self._mine, state=WORKING, dates=tuple(dates), delete=tuple(delete), move=tuple(move), forget=forget
        )
        write_intent(self._files, self._mine)

    def leave(self) -> None:
        """Give the lake back after a failure: whoever comes next need not wait, and finishes what was announced."""
        if self._mine.dates or self._mine.forget:
            self._files.delete(self._mine.alive_key)
        else:
            remove_intent(self._files, self._mine.load_id)

    def check(self) -> None:
        """Make sure that nobody has taken this run for dead, as after hours of a laptop's sleep.

        Raises
        ------
        TakenOverError
            when another run has finished this one's work
        """
        if not self._files.exists(self._mine.key):
            raise TakenOverError(
                f"Load {self._mine.load_id} gave no sign of life for more than {LEASE_SECONDS} seconds, and another "
                "run has taken over. Nothing is lost. Run again when that one has ended."
            )


@contextmanager
def locked(files: Files, load_id: str) -> Iterator[Lock]:
    """Hold the lake. An intent that announced something stays when the run fails: the next run finishes it.

    Raises
    ------
    LockedError
        when another run is at work
    """
    mine = Intent(load_id, socket.gethostname(), os.getpid(), _born(os.getpid()))
    sign_of_life = json.dumps({"host": mine.host, "process": mine.process, "born": mine.born})
    try:
        files.write_text(mine.alive_key, sign_of_life)
        write_intent(files, mine)
        lock = Lock(files, mine, _others(files, mine))
        lock.announce()
    except BaseException:
        # Also when a put failed: its answer may be all that was lost, and the claim lies there.
        remove_intent(files, load_id)
        raise
    ended = threading.Event()
    beat = InheritableThread(target=_give_signs_of_life, args=(files, mine.alive_key, sign_of_life, ended), daemon=True)
    beat.start()
    try:
        yield lock
    except BaseException:
        ended.set()
        beat.join()
        lock.leave()
        raise
    ended.set()
    beat.join()
    remove_intent(files, load_id)


def _others(files: Files, mine: Intent) -> list[Intent]:
    """Return the intents of runs that are dead.

    A claim that was stored before mine goes first, and so does a run that works: it had looked before my claim was
    there, or it would have seen mine. Of two claims within one tick of the store's clock both give way.
    """
    entries = {files.key(entry.uri): entry for entry in files.files_below(LOAD_INTENTS)}
    now = entries[mine.alive_key].modified_ms
    unfinished = []
    for key in sorted(key for key in entries if key.endswith(".json") and key != mine.key):
        other = read_intent(files, key)
        if other is None:
            continue
        sign = entries.get(other.alive_key)
        if not _is_alive(other.host, other.process, other.born, sign, now):
            unfinished.append(other)
        elif other.state == WORKING or entries[key].modified_ms <= entries[mine.key].modified_ms:
            raise _locked_by(files, other, sign, now)
    _remove_lone_signs(files, entries, now)
    return unfinished


def _remove_lone_signs(files: Files, entries: Mapping[str, FileEntry], now: int) -> None:
    """Remove the signs of life of runs that were killed before they had claimed anything."""
    for key in entries:
        if key.endswith(".alive") and key.removesuffix(".alive") + ".json" not in entries:
            told = json.loads(files.read_text(key) or "{}") if files.exists(key) else {}
            who = told.get("host", ""), told.get("process", 0), told.get("born", 0)
            if not _is_alive(*who, entries[key], now):
                files.delete(key)


def _is_alive(host: str, process: int, born: int, sign: FileEntry | None, now: int) -> bool:
    if sign is None or now - sign.modified_ms > LEASE_SECONDS * 1000:
        return False
    return host != socket.gethostname() or _is_running(process, born)


def _is_running(process: int, born: int) -> bool:
    """Tell whether a process is there, and is not another one that was given its number since."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return _born(process) == born


def _born(process: int) -> int:
    """Return when a process was started, in ticks since the boot; 0 where that cannot be told, -1 when it has ended."""
    if not _PROCESSES.exists():
        return 0
    try:
        stat = (_PROCESSES / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return -1
    state, *numbers = stat.rpartition(")")[2].split()
    # A killed process is there, as a zombie, until its parent has looked.
    return -1 if state == "Z" else int(numbers[_START_TIME])


def _locked_by(files: Files, other: Intent, sign: FileEntry | None, now: int) -> LockedError:
    ago = max(0, now - sign.modified_ms) // 1000 if sign else 0
    return LockedError(
        f"{files.root} is in use by load {other.load_id} (process {other.process} on {other.host}, last sign of life "
        f"{ago} s ago). Nothing was changed. Run again when it has ended; if it was killed, in {LEASE_SECONDS} seconds."
    )


def _give_signs_of_life(files: Files, key: str, text: str, ended: threading.Event) -> None:
    while not ended.wait(BEAT_SECONDS):
        try:
            files.write_text(key, text)
        except Exception:  # the next beat may succeed; when none does, `check` tells
            logger.warning("no sign of life could be given", exc_info=True)
