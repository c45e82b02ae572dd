"""What people see: progress while a run works, its summary, a lake's status, and answers as table, CSV or JSON."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shlex
from collections import Counter
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Protocol

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.status import Status as Spinner
from rich.table import Table

import athena
from lambda_extract.raw_zone import ABSENT
from load_transform.orders import REPROCESS
from spotify_etl.pipeline import QUESTION, Outcome
from spotify_etl.sql import QueryResult
from spotify_etl.status import ExtractStatus, Status

_SHOWN = 10
_FIRST = 5
_OUTCOMES = {
    "fetched": "anew",
    "unchanged": "unchanged",
    "stale": "stale",
    "missing": "missing",
    "absent": "gone",
}
EXAMPLE = '"SELECT * FROM playlist_changes"'


class Contents(Protocol):
    """What a lake and a stack's buckets have in common: see `Status`."""

    @property
    def pending(self) -> list[str]: ...  # noqa: D102
    @property
    def processed(self) -> int: ...  # noqa: D102
    @property
    def quarantined(self) -> list[dict[str, Any]]: ...  # noqa: D102
    @property
    def held(self) -> list[str]: ...  # noqa: D102
    @property
    def unfinished_loads(self) -> list[str]: ...  # noqa: D102
    @property
    def loads(self) -> list[dict[str, Any]]: ...  # noqa: D102
    @property
    def extract(self) -> ExtractStatus | None: ...  # noqa: D102


class Progress:
    """Tells how a run goes on: a line a step, and on a terminal a spinner with the details."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner: Spinner | None = console.status("") if console.is_terminal else None
        self._step = ""

    def __enter__(self) -> Progress:
        if self._spinner:
            self._spinner.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self._spinner:
            self._spinner.stop()

    def step(self, text: str) -> None:
        """Say that a step begins."""
        self._step = text
        self._console.print(f"[dim]→[/dim] {escape(text)}")
        self.detail("")

    def detail(self, text: str) -> None:
        """Say how far the step is; only a terminal shows it."""
        if self._spinner:
            self._spinner.update(escape(f"{self._step}  {text}".strip()))


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print what a run did and what the lake answers now."""
    load = outcome.load
    if load and load["forgotten"]:
        span = _span({"first_date": load["forgotten"][0], "last_date": load["forgotten"][-1]})
        dates = f"{len(load['forgotten'])} dates" if len(load["forgotten"]) > 1 else "1 date"
        _line(console, f"\n[bold]Forgot[/bold] {dates} ({span}), raw and curated")
    if load is None or not (load["pending"] or load["dates"] or load["forgotten"]):
        _line(console, "\n[bold]Nothing is new:[/bold] no raw object waits, the tables are as they were.")
    elif load["pending"] or load["dates"]:
        _line(console, f"\n{_loaded(load)}")
    _show_extract(console, outcome)
    _show_quarantined(console, outcome.quarantined)
    _show_drift(console, (load or {}).get("dates", []))
    for message in outcome.held:
        _line(console, f"[red]Held[/red]   {escape(message)}")
    as_of = f", the views as of {', '.join(outcome.as_of)}" if outcome.as_of else ""
    _line(console, f"[bold]Lake[/bold]   {escape(str(outcome.lake))}: {outcome.dates} dates{as_of}")
    counts = ", ".join(f"{rows:,} {view.replace('_', ' ')}" for view, rows in outcome.rows.items())
    _line(console, f"[bold]Holds[/bold]  {counts}")
    if outcome.answer.rows:
        _line(console, f"[bold]Asked[/bold]  {athena.question(QUESTION)}")
        console.print(table(_first(outcome.answer)))
    if outcome.report:
        _line(console, f"[bold]Report[/bold] {escape(str(outcome.report))}")
    elif outcome.report_fault:
        _line(console, f"[yellow]No report[/yellow] {escape(outcome.report_fault)}")
    lake = escape(shlex.quote(str(outcome.lake)))
    _line(console, f"Ask it more: [bold].venv/bin/spotify-etl query {EXAMPLE} --lake {lake}[/bold]")


def _show_extract(console: Console, outcome: Outcome) -> None:
    """Print how the extract went, and each playlist that could not be read with the reason."""
    extract = outcome.extract
    if extract is None:
        return
    read = ", ".join(f"{count} {_OUTCOMES[name]}" for name, count in extract["outcomes"].items())
    budget = extract["budget"]
    _line(
        console,
        f"[bold]Read[/bold]   {read or 'no playlist'}; {extract['requests_made']} requests, "
        f"{budget['used']} of {budget['limit']} within a day",
    )
    _show_not_read(console, outcome.not_read)
    for playlist in (entry for entry in extract["playlists"] if entry["outcome"] == ABSENT):
        _line(console, f"[yellow]Gone[/yellow]   {playlist['playlist_id']}: {escape(playlist['reason'])}")
    if extract["library_fault"]:
        fault = extract["library_fault"]
        _line(
            console,
            f"[yellow]Not read[/yellow] your list of playlists: {fault['code']}: {escape(fault['message'])} "
            "The playlists of the run before were taken; new ones are not among them.",
        )
    if extract["halted"]:
        _line(console, f"[yellow]Stopped[/yellow] {extract['halted']['code']}: {escape(extract['halted']['message'])}")
    for note in outcome.notes:
        _line(console, f"[yellow]Noticed[/yellow] {escape(note)}")


def _show_not_read(console: Console, entries: list[Mapping[str, Any]]) -> None:
    """Print what could not be read and why, each reason once: a quota hits all playlists alike."""
    alike: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        how = f"as of {entry['carried_from']}" if entry["object"] else "never read"
        alike.setdefault((how, entry["reason"] or ""), []).append(entry["playlist_id"])
    for (how, reason), ids in list(alike.items())[:_SHOWN]:
        who = ids[0] if len(ids) == 1 else f"{len(ids)} playlists"
        _line(console, f"[yellow]Not read[/yellow] {who} ({how}): {escape(reason)}")
    _show_rest(console, len(alike))


def show_preview(console: Console, action: str, would: list[dict[str, Any]]) -> None:
    """Print what an operator's order would do."""
    _line(console, f"\n[bold]{action}[/bold] would take {len(would) or 'nothing'}{':' if would else '.'}")
    for one in would:
        what = str(one.get("extract_date") or one["object"])
        rest = {name: value for name, value in one.items() if value != what}
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in rest.items())
        _line(console, f"  {escape(what)}: {escape(told)}")
    _line(console, "Nothing was changed.")


def show_status(console: Console, status: Status) -> None:
    """Print a lake's state."""
    _line(console, f"[bold]{escape(status.lake)}[/bold], source: {status.source}")
    as_of = f", the latest views as of {', '.join(status.as_of)}" if status.as_of else ""
    _line(console, f"published   {status.published_dates} dates{as_of}")
    show_contents(console, status)


def show_contents(console: Console, status: Contents) -> None:
    """Print what waits, what lies where, and how the last runs went."""
    _line(console, f"pending     {len(status.pending)} objects")
    for key in status.pending[:_SHOWN]:
        _line(console, f"            {escape(key)}")
    _show_rest(console, len(status.pending))
    _line(console, f"processed   {status.processed} objects")
    _line(console, f"quarantined {len(status.quarantined)} objects")
    _show_quarantined(console, status.quarantined)
    for message in status.held:
        _line(console, f"[red]held[/red]        {escape(message)}")
    for load_id in status.unfinished_loads:
        _line(console, f"[yellow]unfinished[/yellow]  load {load_id}: the next run repairs it")
    _show_extract_status(console, status.extract)
    for load in status.loads:
        dates = f"{load['dates']} dates" if load["dates"] != 1 else "1 date"
        rows = f"{load['rows_in']:,} rows in = {load['rows_out']:,} out + {load['rows_superseded']:,} superseded"
        objects = f"{load['objects_new']} new objects, {load['objects_quarantined']} quarantined"
        _line(console, f"loaded      {load['loaded_at'][:19]}Z  {dates} ({_span(load)}): {objects}, {rows}")


def _show_extract_status(console: Console, extract: ExtractStatus | None) -> None:
    if extract is None:
        return
    told = ", ".join(f"{count} {_OUTCOMES.get(name, name)}" for name, count in extract.outcomes.items())
    _line(console, f"extracted   run {extract.run_id}: {told}")
    rest = ""
    if extract.waiting:
        days = "today" if extract.days_left == 0 else f"in about {extract.days_left} day{'s'[: extract.days_left > 1]}"
        rest = f"; {extract.waiting} wait to be read, the rest {days}"
    _line(console, f"            {extract.read} of {extract.playlists} playlists are there{rest}")
    _line(console, f"            {extract.requests} of {extract.budget} requests within a day")
    if extract.halted:
        _line(console, f"[yellow]stopped[/yellow]     {extract.halted['code']}: {escape(extract.halted['message'])}")


def table(result: QueryResult, *, title: str | None = None, whole: Collection[str] = ()) -> Table:
    """Return an answer as a table for a terminal; the columns in `whole` are never cut or broken."""
    shown = Table(title=title)
    for column, kind in zip(result.columns, result.types, strict=True):
        justify: JustifyMethod = "right" if kind in {"bigint", "integer", "double"} else "left"
        shown.add_column(escape(column), justify=justify, no_wrap=column in whole)
    for row in result.rows:
        shown.add_row(*("[dim]NULL[/dim]" if value is None else escape(_text(value)) for value in row))
    return shown


def as_csv(result: QueryResult) -> str:
    """Return an answer as CSV with a header; NULL is an empty field, an array is JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows(["" if value is None else _text(value) for value in row] for row in result.rows)
    return out.getvalue()


def as_json(result: QueryResult) -> str:
    """Return an answer as a JSON array of objects; columns of one name are told apart by their place."""
    names = [
        column if result.columns.count(column) == 1 else f"{column}_{n}" for n, column in enumerate(result.columns)
    ]
    return to_json([dict(zip(names, row, strict=True)) for row in result.rows])


def to_json(value: Any) -> str:
    """Return JSON for machines: times in ISO 8601, decimals as text, every character as it is."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n"


def _loaded(load: Mapping[str, Any]) -> str:
    lines = [line for line in load["dates"] if line["rebuilt"]]
    if not lines:
        return "[bold]Loaded[/bold] nothing: no date could be built."
    span = _span({"first_date": lines[0]["extract_date"], "last_date": lines[-1]["extract_date"]})
    total = {
        name: sum(line[name] for line in lines) for name in ("objects_new", "rows_in", "rows_out", "rows_superseded")
    }
    into = f"{len(lines)} dates" if len(lines) > 1 else "1 date"
    begin = f"[bold]Loaded[/bold] {total['objects_new']} new objects into"
    if load["action"] == REPROCESS:
        begin = "[bold]Rebuilt[/bold]"
    return (
        f"{begin} {into} ({span}): {total['rows_in']:,} rows in = "
        f"{total['rows_out']:,} rows out + {total['rows_superseded']:,} superseded"
    )


def _span(load: Mapping[str, Any]) -> str:
    first, last = load["first_date"], load["last_date"]
    return str(first) if first == last else f"{first} … {last}"


def _first(answer: QueryResult) -> QueryResult:
    """Return the first rows of an answer, without the columns of ids."""
    kept = [number for number, column in enumerate(answer.columns) if not column.endswith("_id")]
    return QueryResult(
        tuple(answer.columns[number] for number in kept),
        tuple(answer.types[number] for number in kept),
        [tuple(row[number] for number in kept) for row in answer.rows[:_FIRST]],
    )


def _line(console: Console, text: str) -> None:
    """Print a line that the terminal wraps, not we: it may be copied."""
    console.print(text, soft_wrap=True, highlight=False)


def _show_quarantined(console: Console, quarantined: list[Any]) -> None:
    for refused in quarantined[:_SHOWN]:
        name = escape(str(refused["object"] or refused["moved_to"]))
        _line(console, f"[yellow]Quarantined[/yellow] {name} ({refused['reason']}): {escape(refused['message'])}")
    _show_rest(console, len(quarantined))


def _show_drift(console: Console, lines: list[Any]) -> None:
    """Name what was not as expected in the data, over all dates of a load."""
    notices = {
        "values_not_fitting": "did not fit the type and are null",
        "unknown_fields": "unknown fields, kept in the raw zone only",
    }
    for name, meaning in notices.items():
        found = sum((Counter(line.get(name, {})) for line in lines), Counter[str]())
        if found:
            told = ", ".join(f"{escape(field)} ({count})" for field, count in sorted(found.items()))
            _line(console, f"[yellow]Noticed[/yellow] {meaning}: {told}")
    for line in lines:
        for warning in line.get("warnings", ()):
            _line(console, f"[yellow]Noticed[/yellow] {line['extract_date']} is much smaller: {escape(warning)}")


def _show_rest(console: Console, count: int) -> None:
    if count > _SHOWN:
        _line(console, f"            … and {count - _SHOWN} more (--json lists all)")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(_plain(value))


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal | dt.timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
