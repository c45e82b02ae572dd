"""One kill: a copy of a prepared lake, a victim that dies on it, the next run, and a look at what came of it."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from load_transform.contract import TO_BE_PROCESSED
from tests.chaos import pictures
from tests.chaos.deaths import End, StrangeDeathError, run_victim
from tests.chaos.orders import JobError, Order, carry_out
from tests.chaos.pictures import Picture
from tests.chaos.points import kind, watched
from tests.chaos.scenarios import SCENARIOS, Scenario

ATTEMPTS = 5
"""How often a random moment is tried again, earlier each time, when the run was over before it came."""


DRAWN, RANDOM = "drawn", "random"

LAKES = 3
"""Per scenario, beside the one of which every point is tried: other inputs each."""


@dataclass(frozen=True)
class Kill:
    """Which lake to kill, and where: before its n-th change, before one that is drawn, or at a random moment."""

    scenario: str
    number: int
    where: str

    @property
    def lake(self) -> int:
        """The number of the lake: random moments share those of the points that are drawn."""
        return 1 + self.number % LAKES if self.where == RANDOM else self.number

    @property
    def name(self) -> str:
        """What repeats this kill."""
        return f"{self.scenario}/{self.number}/{self.where}"

    def point(self, points: Sequence[str]) -> int | None:
        """Return the number of the change before which to kill; None at a random moment."""
        if self.where == RANDOM:
            return None
        return self.dice.randrange(len(points)) + 1 if self.where == DRAWN else int(self.where)

    @property
    def dice(self) -> random.Random:
        """What this kill draws from, the same every time."""
        return random.Random(self.name)  # noqa: S311 - repeatable, not secret


@dataclass(frozen=True)
class Outcome:
    """What came of a kill. `before` is the point that was next, `after` the seconds since the first one."""

    kill: str
    scenario: str
    random: bool
    before: str
    kind: str
    after: float
    lost: int
    doubled: int
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Prepared:
    """A lake before a scenario's orders, and after a run of them that nothing interrupts; kept in a folder."""

    def __init__(self, scenario: Scenario, number: int, folder: Path) -> None:
        self.scenario, self.number, self.folder = scenario, number, folder
        self._told = folder / "told.json"

    def make(self) -> None:
        """Make both, unless they are there."""
        if self._told.exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        points: list[str] = []
        orders = self.scenario.prepare(self.folder / "before", self.number)
        shutil.copytree(self.folder / "before", self.folder / "after")
        with watched(points.append, copying=self.scenario.copying):
            carry_out(self.folder / "after", orders)
        self._check()
        self._told.write_text(json.dumps({"orders": orders, "points": points}), encoding="utf-8")

    def _check(self) -> None:
        """Check that the uninterrupted run is one to compare with."""
        wrong = pictures.differences(self.after, self.after)
        wrong += [f"waits: {key}" for key in self.after.raw if key.startswith(TO_BE_PROCESSED)]
        if not self.scenario.forgets:
            gone = set(self.before.raw.values()) - set(self.after.kept)
            wrong += [f"lost: {key}" for key, content in self.before.raw.items() if content in gone]
        if wrong or self.after.doubled_rows:
            raise StrangeDeathError(
                f"{self.folder}: after an uninterrupted run {wrong}; {self.after.doubled_rows} rows twice."
            )

    @property
    def orders(self) -> Sequence[Order]:
        """What is done to the lake."""
        return [tuple(order) for order in json.loads(self._told.read_text(encoding="utf-8"))["orders"]]

    @property
    def points(self) -> list[str]:
        """The points that the uninterrupted run reached, in their order."""
        return list(json.loads(self._told.read_text(encoding="utf-8"))["points"])

    @cached_property
    def before(self) -> Picture:
        """The lake before the orders."""
        return pictures.take(self.folder / "before")

    @cached_property
    def after(self) -> Picture:
        """The lake after an uninterrupted run of them."""
        return pictures.take(self.folder / "after")

    @cached_property
    def seconds(self) -> float:
        """How long a victim that nobody kills takes from its first point to its end."""
        kept = self.folder / "seconds.json"
        if not kept.exists():
            root = self.copy("unharmed")
            end = run_victim(root, self.orders, copying=self.scenario.copying)
            kept.write_text(json.dumps(end.seconds), encoding="utf-8")
            shutil.rmtree(root)
        return float(json.loads(kept.read_text(encoding="utf-8")))

    def copy(self, name: str) -> Path:
        """Return a copy of the lake before, times and all."""
        root = self.folder / name
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.folder / "before", root)
        return root


@dataclass(frozen=True)
class Killed:
    """A lake on which a victim has died, after `end.points`, `seconds` after it was asked for."""

    kill: Kill
    lake: Prepared
    root: Path
    end: End
    seconds: float


class Slaughterhouse:
    """Kills lakes in a folder, each scenario and number prepared once.

    What needs Spark is for the thread that Spark was started in; `strike` is for any.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prepared: dict[tuple[str, int], Prepared] = {}

    def prepared(self, scenario: str, number: int) -> Prepared:
        """Return the lake of a scenario, made."""
        place = self._folder / f"{scenario.replace(',', '').replace(' ', '-')}-{number}"
        lake = self._prepared.setdefault((scenario, number), Prepared(SCENARIOS[scenario], number, place))
        lake.make()
        return lake

    def strike(self, kill: Kill, lake: Prepared, longest: float) -> Killed:
        """Kill a victim on a copy of the lake; at a random moment it is one within the `longest` seconds."""
        begun = time.monotonic()
        point = kill.point(lake.points)
        after = None if point else kill.dice.random() * longest
        for attempt in range(ATTEMPTS):
            root = lake.copy(f"killed-{kill.number}-{kill.where}")
            earlier = after and after / 2**attempt
            end = run_victim(root, lake.orders, copying=lake.scenario.copying, kill_at=point, kill_after=earlier)
            if end.killed:
                return Killed(kill, lake, root, end, time.monotonic() - begun)
        raise StrangeDeathError(f"{kill.name}: the run was over before the kill; its points: {end.points}")

    def examine(self, killed: Killed) -> Outcome:
        """Run the orders again on a killed lake, and compare. The lake is kept where something differs."""
        begun = time.monotonic()
        kill, lake, root, end = killed.kill, killed.lake, killed.root, killed.end
        said = pictures.seen_wrong(root, lake.before, lake.after)
        try:
            with watched(lambda _: None, copying=lake.scenario.copying):
                carry_out(root, lake.orders)
        except JobError as error:
            said.append(f"the next run stopped: {error}")
        found = pictures.take(root)
        said += pictures.differences(found, lake.after)
        outcome = Outcome(
            kill=kill.name,
            scenario=kill.scenario,
            random=kill.where == RANDOM,
            before=end.points[-1],
            kind=kind(end.points[-1]),
            after=round(end.seconds, 3),
            lost=pictures.lost(found, lake.after),
            doubled=pictures.doubled(found, lake.after),
            differences=said,
            seconds=round(killed.seconds + time.monotonic() - begun, 1),
        )
        if not said:
            shutil.rmtree(root)
        return outcome
