"""The lakes that are killed and the orders under which they are: each is made anew from a number, the same every time.

Number 0 is made by hand to hold every case; any other number is drawn from the strategies that the job's own tests use.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from load_transform.contract import LOAD_REPORTS, PARTITION, PROCESSED, QUARANTINE, TO_BE_PROCESSED
from tests.builders import (
    DATE,
    MORNING,
    Dropped,
    ExtractRun,
    dropped,
    extracted,
    page,
    playlist,
    put,
    row,
    rows,
    track,
)
from tests.chaos.deaths import StrangeDeathError, run_victim
from tests.chaos.orders import Order, carry_out
from tests.strategies import GeneratedLake, lakes

EVENING, NEXT_MORNING = ExtractRun(MORNING + timedelta(hours=12)), ExtractRun(MORNING + timedelta(days=1))
NEXT_DATE = "2026-08-04"
GONE_DATE = "2025-12-24"
"""A date that was loaded from two objects, of which somebody has deleted one since."""

NO_TIME = dropped(f"extract_date={DATE}/no time.json", playlist(rows("d"), playlist_id="playlist2"))
BROKEN = dropped("broken.json", b'{"items": [', MORNING)
CURED = dropped("cured later.json", b'{"items": [{', MORNING)
CURE = playlist(rows("z", "y"), playlist_id="playlist4")
GONE = dropped(f"extract_date={GONE_DATE}/gone.json", playlist(rows("x"), playlist_id="playlist5"))
KEPT = dropped(f"extract_date={GONE_DATE}/kept.json", playlist(rows("v"), playlist_id="playlist5"), MORNING)
LATE = dropped(f"extract_date={GONE_DATE}/late.json", playlist(rows("w"), playlist_id="playlist6"))

Load: Order = ()


@dataclass(frozen=True)
class Inputs:
    """What lies in a lake: what an earlier load has loaded, and what comes then."""

    earlier: list[Dropped]
    later: list[Dropped]


@dataclass(frozen=True)
class Scenario:
    """A lake, and what is done to it when the kill comes.

    `prepare` makes the lake in an empty folder and returns the orders. `copying` is as in `points.watched`; of a
    scenario that `forgets` not every raw object is to be found in the end.
    """

    name: str
    prepare: Callable[[Path, int], list[Order]]
    copying: bool = False
    forgets: bool = False


def inputs(number: int) -> Inputs:
    """Return the inputs of a number."""
    if number == 0:
        return _made_by_hand()
    objects = _drawn(number).objects
    order = random.Random(number)  # noqa: S311 - repeatable, not secret
    shuffled = order.sample(objects, len(objects))
    half = len(shuffled) // 2
    return Inputs(shuffled[:half], shuffled[half:])


def _made_by_hand() -> Inputs:
    first = ExtractRun()
    classic = [row(track("c", name="Classic"), shape="track")]
    earlier = [
        extracted(first, rows("a", "b", "c")),
        dropped(first.marker_name, first.marker(("playlist1", "fetched", None), ("never", "missing", "forbidden"))),
        NO_TIME,
        dropped(f"spotify_raw_{NEXT_DATE} 20:12:33.123456.json", page(classic, playlist_id="classic")),
    ]
    later = [
        extracted(EVENING, rows("a", "e")),
        dropped(EVENING.marker_name, EVENING.marker(("playlist1", "fetched", None))),
        extracted(NEXT_MORNING, rows("h")),
        dropped(f"extract_date={DATE}/late.json", playlist(rows("f", "g"), playlist_id="playlist3", shape="tracks")),
        # The same file once more, and the same name with other bytes.
        NO_TIME,
        dropped(f"spotify_raw_{NEXT_DATE} 20:12:33.123456.json", page(classic[:0], playlist_id="classic")),
        BROKEN,
        dropped("_hidden.json", playlist(rows("i"))),
    ]
    return Inputs(earlier, later)


def _drawn(number: int) -> GeneratedLake:
    found: list[GeneratedLake] = []

    @seed(number)
    @settings(
        max_examples=8,
        database=None,
        derandomize=False,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(lakes(2))
    def draw(lake: GeneratedLake) -> None:
        found.append(lake)

    draw()
    return found[-1]


def _first(root: Path, number: int) -> list[Order]:
    given_ = inputs(number)
    _drop(root, [*given_.earlier, *given_.later])
    return [Load]


def _second(root: Path, number: int) -> list[Order]:
    """Prepare a lake that is loaded again; of one date an input is gone, and an object comes late."""
    given_ = inputs(number)
    _drop(root, [*given_.earlier, GONE, KEPT])
    carry_out(root, [Load])
    (gone,) = (root / "raw" / PROCESSED).rglob(Path(GONE.name).name)
    gone.unlink()
    _drop(root, [*given_.later, LATE])
    return [Load]


def _repair(root: Path, number: int) -> list[Order]:
    """Prepare a lake whose last load was killed on its way, really, before one more object came."""
    orders = _second(root, number)
    # Somewhere from the first table on: what comes before is the intent.
    point = random.Random(number).randrange(12, 24)  # noqa: S311 - repeatable, not secret
    if not run_victim(root, orders, kill_at=point).killed:
        raise StrangeDeathError(f"{root}: the load that is to be repaired was over before point {point}.")
    _drop(root, [dropped(f"extract_date={_dates(root)[-1]}/even later.json", playlist(rows("j")))])
    return [Load]


def _loaded(root: Path, number: int) -> list[str]:
    given_ = inputs(number)
    for objects in (given_.earlier, given_.later):
        _drop(root, objects)
        carry_out(root, [Load])
    return _dates(root)


def _reprocess(root: Path, number: int) -> list[Order]:
    """Prepare a lake with a table that is to be rebuilt, since its files of a date are gone, and with a new object."""
    dates = _loaded(root, number)
    for file in (root / "transformed" / "songs_data" / f"{PARTITION}={dates[0]}").glob("*.parquet"):
        file.unlink()
    _drop(root, [dropped(f"extract_date={dates[0]}/waits.json", playlist(rows("j")))])
    return [("--action", "reprocess", "--from_date", dates[0], "--to_date", dates[-1])]


def _requeue(root: Path, number: int) -> list[Order]:
    """Prepare a lake with objects in quarantine, of which one was repaired there by hand."""
    given_ = inputs(number)
    _drop(root, [*given_.earlier, *given_.later, BROKEN, CURED])
    carry_out(root, [Load])
    (cured,) = (root / "raw" / QUARANTINE).glob(f"*/{CURED.name}")
    put(cured, dropped("", CURE).content, CURED.modified)
    return [("--action", "requeue", "--objects", "all")]


def _forget(root: Path, number: int) -> list[Order]:
    return [("--action", "forget", "--before_date", _loaded(root, number)[-1])]


def _accept(root: Path, number: int) -> list[Order]:
    """Prepare a lake with a date that is to be rebuilt from what is left, then with what came late for it."""
    _second(root, number)
    carry_out(root, [Load])
    return [("--action", "reprocess", "--accept_dates", GONE_DATE), ("--action", "requeue", "--objects", "all")]


def _drop(root: Path, objects: Iterable[Dropped]) -> None:
    for folder in ("transformed", f"raw/{TO_BE_PROCESSED}"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for one in objects:
        put(root / "raw" / TO_BE_PROCESSED / one.name, one.content, one.modified)


def _dates(root: Path) -> list[str]:
    """Return the dates that loads have reported, oldest first."""
    folders = (root / "transformed" / LOAD_REPORTS).glob(f"{PARTITION}=*")
    return sorted(folder.name.removeprefix(f"{PARTITION}=") for folder in folders)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("first load", _first),
        Scenario("second load", _second, copying=True),
        Scenario("repair", _repair),
        Scenario("reprocess", _reprocess),
        Scenario("requeue", _requeue, copying=True),
        Scenario("forget", _forget, forgets=True),
        Scenario("accept", _accept),
    )
}
