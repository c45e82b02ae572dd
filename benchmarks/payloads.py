"""Raw payloads of any size: many playlists of made-up music, with the repetition that real playlists have.

    python -m benchmarks.payloads FOLDER --rows 1000000 --playlists 10000            2 GB, one day
    python -m benchmarks.payloads FOLDER --rows 10000 --playlists 1                  one long playlist
    python -m benchmarks.payloads FOLDER --rows 250000 --playlists 50000             50,000 small files
    python -m benchmarks.payloads FOLDER --rows 1000000 --playlists 1000 --dates 30 --shape classic

`extract` objects are those of this project's extract: a file of lines per playlist and date (pages of 100, then of 50
rows), and a marker that ends each date's run. `classic` are those of other pipelines before 2026: of every second
playlist one object with all its `tracks`, of the others a file per page of 100 rows. The folder holds what belongs
below `raw_data/to_be_processed/`. Equal arguments give equal bytes, with any number of processes.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import accumulate, pairwise
from pathlib import Path

from benchmarks import music
from benchmarks.music import Music
from lambda_extract.raw_zone import FETCHED, Outcome, json_line, marker, marker_name, object_name
from lambda_extract.runs import Run, utc_text

EXTRACT, CLASSIC = "extract", "classic"
SHAPES = (EXTRACT, CLASSIC)

_LAST_RUN = datetime(2026, 11, 23, 6, tzinfo=UTC)
_FIRST_PAGE, _PAGE = 100, 50
_BETWEEN = timedelta(milliseconds=10)
_LIMIT = {EXTRACT: _PAGE, CLASSIC: _FIRST_PAGE}
_AT_ONCE = 100


@dataclass(frozen=True)
class Payload:
    """What to write: `rows` items in all, in `playlists` playlists that are there on each of `dates` days."""

    rows: int
    playlists: int
    dates: int = 1
    shape: str = EXTRACT
    seed: int = 1

    @property
    def name(self) -> str:
        """Name the payload, as a folder."""
        return f"{self.shape}-{self.rows}-{self.playlists}-{self.dates}-{self.seed}"

    @cached_property
    def music(self) -> Music:
        """The library that the playlists are filled from: a song is in four rows on average, or in some more."""
        return Music(self.seed, max(100, self.rows // self.dates // 4), is_new=self.shape == EXTRACT)

    @cached_property
    def sizes(self) -> list[int]:
        """The rows of each playlist, the same on all dates: a few are long, many are short."""
        chance = random.Random(f"{self.seed}:sizes")  # noqa: S311
        upto = list(accumulate(chance.lognormvariate(0, 1) for _ in range(self.playlists)))
        a_date = self.rows // self.dates
        ends = [int(a_date * end / upto[-1]) for end in upto[:-1]] + [a_date]
        return [end - start for start, end in zip([0, *ends], ends, strict=False)]

    def run(self, day: int) -> Run:
        """Return the extract's run of a date, the last of which is 2026-11-23."""
        return Run.of({}, _LAST_RUN - timedelta(days=self.dates - 1 - day))


def write(payload: Payload, folder: Path, processes: int = 1) -> None:
    """Write the payload into a new folder, which is not there before it is whole."""
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for day in range(payload.dates):
        (unfinished / f"extract_date={payload.run(day).extract_date}").mkdir(parents=True)
    starts = [(day, start) for day in range(payload.dates) for start in range(0, payload.playlists, _AT_ONCE)]
    task = partial(_write_some, payload, unfinished)
    if processes == 1:
        for one in starts:
            task(one)
    else:
        with ProcessPoolExecutor(processes) as pool:
            list(pool.map(task, starts))
    if payload.shape == EXTRACT:
        for day in range(payload.dates):
            _write_marker(payload, unfinished, day)
    unfinished.rename(folder)


def _write_some(payload: Payload, folder: Path, first: tuple[int, int]) -> None:
    day, start = first
    for number in range(start, min(start + _AT_ONCE, payload.playlists)):
        for name, content in _objects(payload, day, number):
            (folder / name).write_bytes(content)


def _objects(payload: Payload, day: int, number: int) -> Iterator[tuple[str, bytes]]:
    rows = _rows(payload, day, number)
    head = music.playlist(payload.seed, number)
    playlist_id, _ = music.made_up(payload.seed, "playlist", number)
    if payload.shape == EXTRACT:
        yield object_name(payload.run(day), playlist_id), _lines(payload, day, number, rows).encode()
    elif number % 2 == 0:
        body = _page(payload, playlist_id, rows, 0, len(rows))
        yield _classic_name(payload, day, number, 0), f'{head},"tracks":{body}}}'.encode()
    else:
        for start in range(0, len(rows) or 1, _FIRST_PAGE):
            body = _page(payload, playlist_id, rows, start, start + _FIRST_PAGE)
            yield _classic_name(payload, day, number, start), body.encode()


def _classic_name(payload: Payload, day: int, number: int, start: int) -> str:
    at = _read_at(payload, day, number) + timedelta(microseconds=start // _FIRST_PAGE)
    return f"extract_date={payload.run(day).extract_date}/spotify_raw_{at:%Y-%m-%d_%H-%M-%S.%f}.json"


def _lines(payload: Payload, day: int, number: int, rows: list[str]) -> str:
    at = utc_text(_read_at(payload, day, number))
    start = (
        f'{{"schema_version":1,"run_id":"{payload.run(day).run_id}","extracted_at":"{at}","fetch_status":"{FETCHED}",'
        f'"fetch_reason":null,"fetched_at":"{at}","carried_from":null,'
        f'"playlist":{music.playlist(payload.seed, number)}}},"page":'
    )
    playlist_id, _ = music.made_up(payload.seed, "playlist", number)
    ends = [0, *range(_FIRST_PAGE, max(len(rows), _FIRST_PAGE), _PAGE), max(len(rows), 1)]
    pages = (_page(payload, playlist_id, rows, *both) for both in pairwise(ends))
    return "".join(f"{start}{page}}}\n" for page in pages)


def _page(payload: Payload, playlist_id: str, rows: list[str], start: int, end: int) -> str:
    def address(offset: int) -> str:
        return f'"{music.href(playlist_id, offset, _LIMIT[payload.shape], is_new=payload.shape == EXTRACT)}"'

    return (
        f'{{"href":{address(start)},"items":[{",".join(rows[start:end])}],"limit":{_LIMIT[payload.shape]},'
        f'"next":{address(end) if end < len(rows) else "null"},"offset":{start},'
        f'"previous":{address(max(0, start - _LIMIT[payload.shape])) if start else "null"},"total":{len(rows)}}}'
    )


def _rows(payload: Payload, day: int, number: int) -> list[str]:
    """Return a playlist's rows. Of 200 one is a file of the listener's own, one an episode, and one empty."""
    # The songs are the same on all dates but for those that came in since.
    chance = random.Random(f"{payload.seed}:{number}")  # noqa: S311
    library, uniform, field = payload.music, chance.random, "item" if payload.shape == EXTRACT else "track"
    before = [f'{{"added_at":"{moment}","added_by":' for moment in _MOMENTS]
    middle = f'{music.user(number // 20)},"is_local":'
    after = ',"video_thumbnail":{"url":null}}'
    rows = []
    for position in range(payload.sizes[number]):
        kind = int(uniform() * 200)
        if kind == 0:
            inner = music.local_file(position)
        elif kind == 1:
            inner = music.episode(payload.seed, position % 1000)
        elif kind == 2:  # noqa: PLR2004
            inner = "null"
        else:
            # A playlist's last songs change from day to day.
            known = music.zipf(uniform(), library.tracks)
            drawn = known if position % 10 else (known + day) % library.tracks
            inner = library.track(drawn, number % 2)
        is_local = "true" if kind == 0 else "false"
        begins = before[int(uniform() * len(before))]
        rows.append(f'{begins}{middle}{is_local},"primary_color":null,"{field}":{inner}{after}')
    return rows


_MOMENTS = tuple(
    f"{datetime(2015, 1, 1, tzinfo=UTC) + timedelta(seconds=347_891 * number):%Y-%m-%dT%H:%M:%SZ}"
    for number in range(1_000)
)


def _read_at(payload: Payload, day: int, number: int) -> datetime:
    return _LAST_RUN - timedelta(days=payload.dates - 1 - day) + number * _BETWEEN


def _write_marker(payload: Payload, folder: Path, day: int) -> None:
    run = payload.run(day)
    ids = (music.made_up(payload.seed, "playlist", number)[0] for number in range(payload.playlists))
    told = [
        Outcome(one, FETCHED, object=f"raw_data/to_be_processed/{object_name(run, one)}", rows=size)
        for one, size in zip(ids, payload.sizes, strict=True)
    ]
    ended = utc_text(_read_at(payload, day, payload.playlists))
    said = marker(run, extracted_at=ended, requests=sum(size // _PAGE + 1 for size in payload.sizes), playlists=told)
    (folder / marker_name(run)).write_bytes(json_line(said))


def main() -> None:
    """Write what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--playlists", type=int, default=500)
    parser.add_argument("--dates", type=int, default=1)
    parser.add_argument("--shape", choices=SHAPES, default=EXTRACT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    payload = Payload(given.rows, given.playlists, given.dates, given.shape, given.seed)
    write(payload, given.folder, given.processes)
    size = sum(path.stat().st_size for path in given.folder.rglob("*.json*"))
    sys.stdout.write(f"{given.folder}: {size / 1e6:,.0f} MB, {size / max(1, given.rows):,.0f} bytes a row\n")


if __name__ == "__main__":
    main()
