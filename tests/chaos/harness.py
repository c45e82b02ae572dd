"""`make chaos`: kill the job at every point of every scenario and at random moments, and compare.

    python -m tests.chaos.harness [--jobs 2] [--only 'second load/0/17'] [--most 20]

Each kill is a line in `.cache/chaos/<version of the code>/kills.jsonl` when it is done: stopped and started again, it
goes on where it was. `docs/reliability/kills.json` says what came of those that are done. The lake of a kill after
which something differs is kept beside the lines. Exit code 1: there is one, or some kill could not be carried out.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeVar

from load_transform import CODE_VERSION
from spotify_etl.java import java_home
from tests.chaos.deaths import StrangeDeathError
from tests.chaos.kills import DRAWN, LAKES, RANDOM, Kill, Killed, Outcome, Slaughterhouse
from tests.chaos.orders import JobError
from tests.chaos.points import kind
from tests.chaos.scenarios import SCENARIOS
from tests.conftest import SPARK_SETTINGS

PROJECT = Path(__file__).parents[2]
FIGURES = PROJECT / "docs" / "reliability" / "kills.json"
CODE = ("glue_jobs/**/*.py", "spotify_etl/catalog.py", "athena/**/*.sql", "tests/chaos/*.py", "tests/*.py")

RANDOM_MOMENTS = 8
"""Kills at a random moment, per scenario."""

_T = TypeVar("_T")


def main(argv: Sequence[str]) -> int:
    """Run the kills that are still to be done, and say what came of all of them."""
    options = _options(argv)
    logging.basicConfig(level=logging.WARNING)
    code = _fingerprint()
    folder = PROJECT / ".cache" / "chaos" / code
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "kills.jsonl"
    with _spark(folder):
        slaughterhouse = Slaughterhouse(folder)
        try:
            kills = [_named(options.only)] if options.only else plan(slaughterhouse)
        except (StrangeDeathError, JobError) as error:
            _say(f"A lake could not be prepared: {error}")
            return 1
        done = [] if options.only else _read(results)
        names = {one["kill"] for one in done}
        waiting = [kill for kill in kills if kill.name not in names][: options.most]
        _say(f"{len(kills)} kills of code {code}: {len(names)} are done, {len(waiting)} follow.")
        for outcome in _outcomes(slaughterhouse, waiting, options.jobs):
            done.append(asdict(outcome))
            if not options.only:
                with results.open("a", encoding="utf-8") as kept:
                    kept.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
            _say(f"{len(done)}/{len(kills)} {outcome.kill}: before {outcome.before}, {outcome.seconds} s")
            for difference in outcome.differences:
                _say(f"    {difference}")
    missing = len({kill.name for kill in kills} - {one["kill"] for one in done})
    _report(done, planned=len(kills), write=not options.only)
    _say(f"{missing} kills are still to be done: start it again." if missing else "All are done.")
    is_wrong = any(one["differences"] or one["lost"] or one["doubled"] for one in done)
    return int(is_wrong or (missing > 0 and not options.most))


def _report(done: Sequence[dict[str, Any]], *, planned: int, write: bool) -> None:
    """Print the figures, and how each kill that went wrong is repeated; write them where the docs take them from."""
    text = json.dumps({"planned": planned, **summary(done)}, indent=2, ensure_ascii=False) + "\n"
    _say(text)
    for one in done:
        if one["differences"]:
            _say(f"Wrong: {one['kill']}. Repeat it: make chaos CHAOS_ARGS=\"--only '{one['kill']}'\"")
    if write:
        FIGURES.parent.mkdir(parents=True, exist_ok=True)
        FIGURES.write_text(text, encoding="utf-8")


def plan(slaughterhouse: Slaughterhouse) -> list[Kill]:
    """Return all kills, ordered so that a run which is stopped early has seen each kind of them."""
    points = [
        [Kill(name, 0, str(point)) for point in _kinds_first(slaughterhouse.prepared(name, 0).points)]
        for name in SCENARIOS
    ]
    moments = [Kill(name, 100 + number, RANDOM) for number in range(RANDOM_MOMENTS) for name in SCENARIOS]
    drawn = [Kill(name, 1 + number, DRAWN) for number in range(LAKES) for name in SCENARIOS]
    return list(_in_turn([_in_turn(points), moments, drawn]))


def summary(done: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of finished kills."""
    done = list(done)
    return {
        "kills": len(done),
        "at_points": sum(not one["random"] for one in done),
        "at_random_moments": sum(one["random"] for one in done),
        "by_scenario": dict(Counter(one["scenario"] for one in done)),
        "before": dict(sorted(Counter(one["kind"] for one in done).items())),
        "lost": sum(one["lost"] for one in done),
        "doubled": sum(one["doubled"] for one in done),
        "differences": sum(bool(one["differences"]) for one in done),
        "code_version": CODE_VERSION,
        "date": datetime.now(UTC).date().isoformat(),
        "command": "make chaos",
    }


def _outcomes(slaughterhouse: Slaughterhouse, kills: Iterable[Kill], jobs: int) -> Iterator[Outcome]:
    """Carry out kills, so many victims at a time. One that could not be is told, and tried again at the next start."""
    running: set[Future[Killed]] = set()
    waiting = iter(kills)
    with ThreadPoolExecutor(jobs) as pool:
        while True:
            for kill in islice(waiting, jobs - len(running)):
                lake = slaughterhouse.prepared(kill.scenario, kill.lake)
                longest = slaughterhouse.prepared(kill.scenario, 0).seconds if kill.where == RANDOM else 0.0
                running.add(pool.submit(slaughterhouse.strike, kill, lake, longest))
            if not running:
                return
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                try:
                    yield slaughterhouse.examine(future.result())
                except StrangeDeathError as error:
                    _say(f"Not carried out: {error}")


@contextmanager
def _spark(folder: Path) -> Iterator[None]:
    """Have a Spark in this process, which the entry script then finds: only victims need one that can die."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - the environment comes first

    # Java decodes file names by the locale.
    os.environ.update(JAVA_HOME=str(java_home()), LC_ALL="C.UTF-8")
    builder = SparkSession.builder.master("local[2]").appName("chaos")
    for name, value in {**SPARK_SETTINGS, "spark.sql.warehouse.dir": str(folder / "warehouse")}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    try:
        yield
    finally:
        session.stop()


def _kinds_first(points: Sequence[str]) -> list[int]:
    """Return the points' numbers: the first of every kind, then the second of every kind, and so on."""
    by_kind: dict[str, list[int]] = {}
    for number, name in enumerate(points, 1):
        by_kind.setdefault(kind(name), []).append(number)
    return list(_in_turn(by_kind.values()))


def _in_turn(lists: Iterable[Iterable[_T]]) -> Iterator[_T]:
    """Yield the first of each list, then the second of each, until all are empty."""
    nothing = object()
    for together in zip_longest(*lists, fillvalue=nothing):
        yield from (one for one in together if one is not nothing)  # type: ignore[misc]


def _read(results: Path) -> list[dict[str, Any]]:
    """Return the finished kills. The last line may have been cut off with the harness."""
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True) if results.exists() else []
    whole = [line for line in lines if line.endswith("\n")]
    if len(whole) < len(lines):
        results.write_text("".join(whole), encoding="utf-8")
    return [json.loads(line) for line in whole]


def _named(name: str) -> Kill:
    scenario, number, where = name.split("/")
    return Kill(scenario, int(number), where)


def _fingerprint() -> str:
    """Return what changes with the code that is killed and with the code that kills."""
    files = sorted(path for pattern in CODE for path in PROJECT.glob(pattern))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description="Kill the job everywhere, and compare.")
    parser.add_argument("--jobs", type=int, default=1, help="victims at a time (1)")
    parser.add_argument("--only", metavar="KILL", help="repeat this kill, such as 'second load/0/17'")
    parser.add_argument("--most", type=int, metavar="N", help="stop after so many kills; the next start goes on")
    return parser.parse_args(argv)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
