"""What a lake looks like from outside, and how a lake that was killed and repaired differs from one that never was."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

import athena
from load_transform.contract import (
    DATASETS,
    LOAD_DETAILS,
    LOAD_INTENTS,
    LOAD_REPORTS,
    PARTITION,
    PROCESSED,
    QUARANTINE,
    TO_BE_PROCESSED,
)
from spotify_etl import catalog
from tests.builders import Row, contents, read_table

_KEYS = {dataset.name.removesuffix("_data"): dataset.key for dataset in DATASETS}
"""The keys of the views that show the newest of each dataset."""

_REPORTED = ("objects_read", "rows_in", "rows_out", "rows_superseded", "rows")
"""What a date's newest report must say, however many runs it took to write it."""


@dataclass(frozen=True)
class Picture:
    """A lake as its users see it, apart from what tells one run from another."""

    tables: dict[str, list[Row]]
    views: dict[str, list[str]]
    keys: dict[str, Counter[tuple[Any, ...]]]
    loads: dict[str, set[str]]
    published: dict[str, Any]
    reports: dict[str, Any]
    raw: dict[str, bytes]
    reasons: dict[str, Any]
    leftovers: set[str]

    @property
    def kept(self) -> Counter[bytes]:
        """The bytes of the raw objects that a load has dealt with."""
        return Counter(content for key, content in self.raw.items() if key.startswith((PROCESSED, QUARANTINE)))

    @property
    def doubled_rows(self) -> int:
        """Rows of a key that is there already, over all datasets."""
        return sum(_doubled(self.tables[dataset.name], (PARTITION, *dataset.key)) for dataset in DATASETS)


def take(root: Path) -> Picture:
    """Look at a lake."""
    raw = contents(root / "raw")
    reasons = {key: json.loads(content) for key, content in raw.items() if _is_reason(key)}
    publication = catalog.published(root)
    return Picture(
        tables={dataset.name: read_table(root / "transformed", dataset.name) for dataset in DATASETS},
        views=_views(root),
        keys=_keys(root),
        loads=_loads(root / "transformed"),
        published={"latest": publication.latest_dates, "dates": publication.dates},
        reports=_reports(root / "transformed"),
        raw={key: content for key, content in raw.items() if not _is_reason(key)},
        reasons={key: (said["object"], said["reason"], said["message"]) for key, said in reasons.items()},
        leftovers=_leftovers(root),
    )


def differences(found: Picture, wanted: Picture) -> list[str]:
    """Return what differs, a sentence each; none for lakes that are the same to their users."""
    said = [
        f"{what} {name}: {_first_difference(ours.get(name), theirs.get(name))}"
        for what, ours, theirs in (
            ("table", found.tables, wanted.tables),
            ("view", found.views, wanted.views),
            ("publication", found.published, wanted.published),
            ("newest report of", found.reports, wanted.reports),
            ("raw object", found.raw, wanted.raw),
            ("reason", found.reasons, wanted.reasons),
        )
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]
    said += [f"{date} has rows of {len(loads)} loads" for date, loads in found.loads.items() if len(loads) > 1]
    return said + [f"left behind: {name}" for name in sorted(found.leftovers)]


def lost(found: Picture, wanted: Picture) -> int:
    """Return how many raw objects of an uninterrupted run are not in `processed/` or `quarantine/`."""
    return (wanted.kept - found.kept).total()


def doubled(found: Picture, wanted: Picture) -> int:
    """Return how many rows of one key, and raw objects, there are too many of."""
    return found.doubled_rows + (found.kept - wanted.kept).total()


def seen_wrong(root: Path, before: Picture, after: Picture) -> list[str]:
    """Return what is wrong in the views that readers have between a kill and the next run: a key twice, or a hole.

    A key that the views show before and after an uninterrupted run is to be seen at any time between.
    """
    try:
        now = _keys(root)
    except duckdb.Error as error:
        return [f"after the kill the views cannot be read: {error}"]
    said = []
    for name, counted in now.items():
        twice = [key for key, times in counted.items() if times > 1]
        missing = set(before.keys[name]) & set(after.keys[name]) - set(counted)
        said += [f"after the kill the view {name} shows {key} twice" for key in twice[:1]]
        said += [f"after the kill the view {name} has no {key}" for key in sorted(missing, key=repr)[:1]]
    return said


def _doubled(rows: list[Row], key: tuple[str, ...]) -> int:
    return len(rows) - len({tuple(row[name] for name in key) for row in rows})


def _is_reason(key: str) -> bool:
    return key.startswith(QUARANTINE) and key.endswith(".reason.json")


def _views(root: Path) -> dict[str, list[str]]:
    """Return every row of every view, in an order of their own."""
    with catalog.connect(root) as connection:
        return {name: sorted(map(repr, _without_load(connection, name))) for name in athena.VIEWS}


def _without_load(connection: duckdb.DuckDBPyConnection, view: str) -> list[tuple[Any, ...]]:
    shown = connection.execute(f"SELECT * FROM {view}")
    places = [place for place, column in enumerate(shown.description) if column[0] != "load_id"]
    return [tuple(row[place] for place in places) for row in shown.fetchall()]


def _keys(root: Path) -> dict[str, Counter[tuple[Any, ...]]]:
    with catalog.connect(root) as connection:
        return {
            name: Counter(connection.execute(f"SELECT {', '.join(key)} FROM {name}").fetchall())
            for name, key in _KEYS.items()
        }


def _loads(transformed: Path) -> dict[str, set[str]]:
    """Return the loads that each date's rows come from."""
    found: dict[str, set[str]] = {}
    for dataset in DATASETS:
        for row in read_table(transformed, dataset.name, load_id=True):
            found.setdefault(row[PARTITION], set()).add(row["load_id"])
    return found


def _reports(transformed: Path) -> dict[str, Any]:
    """Return, per date, what its newest report of rows says and the objects that it was built from."""
    found = {}
    for name, text in sorted(contents(transformed / LOAD_REPORTS).items()):
        line = json.loads(text)
        if line["rebuilt"]:
            details = json.loads((transformed / LOAD_DETAILS / name).read_bytes())
            found[name.partition("/")[0]] = {**{one: line[one] for one in _REPORTED}, "inputs": details["inputs"]}
    return found


def _leftovers(root: Path) -> set[str]:
    """Return what only a run that works may have: intents, and whatever is named to be hidden from readers."""
    transformed = root / "transformed"
    found = {path.relative_to(root).as_posix() for path in (transformed / LOAD_INTENTS).glob("*")}
    found |= {path.relative_to(root).as_posix() for path in transformed.rglob("[._]*")}
    zones = tuple(f"raw/{zone}" for zone in (TO_BE_PROCESSED, PROCESSED, QUARANTINE))
    raw = (path.relative_to(root).as_posix() for path in (root / "raw").rglob("[._]*"))
    return found | {name for name in raw if not name.startswith(zones)}


def _first_difference(found: Any, wanted: Any) -> str:
    """Say what there is and what there should be, in no more than a few lines."""
    if isinstance(found, list) and isinstance(wanted, list):
        added = [row for row in found if row not in wanted]
        gone = [row for row in wanted if row not in found]
        return f"{len(found)} rows for {len(wanted)}; too much: {_short(added[:1])}; missing: {_short(gone[:1])}"
    return f"{_short(found)} instead of {_short(wanted)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}…"
