"""What people see of a stack: changes, costs, what is left, runs and status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from lambda_extract.settings import CONSENT_DAYS
from spotify_etl import render
from spotify_etl.stack import cost
from spotify_etl.stack.adopt import Leftovers
from spotify_etl.stack.change_sets import ADD, MODIFY, REMOVE, REPLACE, STATEFUL, ChangeSet
from spotify_etl.stack.links import Links

if TYPE_CHECKING:
    from spotify_etl.stack.operate import StackRun
    from spotify_etl.stack.remains import Remains
    from spotify_etl.stack.stack_status import StackStatus

_SIGNS = {ADD: "[green]+[/green]", MODIFY: "[yellow]~[/yellow]", REPLACE: "[red]±[/red]", REMOVE: "[red]-[/red]"}
_WORDS = {ADD: "to add", MODIFY: "to change", REPLACE: "to replace", REMOVE: "to remove"}


def line(console: Console, text: str) -> None:
    """Print a line of markup that the terminal wraps, not we: it may be copied."""
    console.print(text, soft_wrap=True, highlight=False)


def changes(console: Console, change_set: ChangeSet) -> None:
    """Print what a change set would do."""
    counts = Counter(change.action for change in change_set.changes)
    told = ", ".join(f"{counts[action]} {word}" for action, word in _WORDS.items() if counts[action])
    line(console, f"\n[bold]Changes:[/bold] {told}")
    for change in sorted(change_set.changes, key=lambda one: one.name):
        maybe = "" if change.is_certain else " [dim](perhaps: it takes what another resource will tell)[/dim]"
        line(console, f"  {_SIGNS[change.action]} {escape(change.name)} [dim]{escape(change.kind)}[/dim]{maybe}")
    for change in change_set.changes:
        if change.kind in STATEFUL and change.action in {REPLACE, REMOVE}:
            what = "may be replaced" if change.action == REPLACE else "leaves the stack"
            line(console, f"  [yellow]Note[/yellow] {escape(change.name)} {what}; what it holds stays where it is.")
    if not change_set.is_whole:
        line(console, "  [yellow]Note[/yellow] CloudFormation could not look into the nested stacks beforehand.")


def leftovers(console: Console, found: Leftovers) -> None:
    """Print what a new stack takes over."""
    by = f" the stack {found.stack}" if found.stack else " an earlier stack"
    line(console, f"\n[bold]Taken over[/bold] from what{by} left; nothing in it is changed:")
    for name in found.buckets.values():
        line(console, f"  bucket {escape(name)}")
    if found.secret:
        line(console, f"  secret {escape(found.secret)}")
    line(console, f"  key    {escape(found.key_arn)}")
    for name in found.missing.values():
        line(console, f"  [yellow]made anew:[/yellow] bucket {escape(name)}, which is not there")


def costs(console: Console, lines: Sequence[cost.Line]) -> None:
    """Print an estimate line by line."""
    line(console, "\n[bold]Estimated cost a month[/bold]")
    for one in lines:
        line(console, f"  ${one.dollars:>7.2f}  {one.what:<22} [dim]{escape(one.how)}[/dim]")
    line(console, f"  [bold]${cost.total(list(lines)):>7.2f}[/bold]  in all ({cost.SOURCE})")


def remains(console: Console, left: Remains, *, stack: str) -> None:
    """Print what a destroyed stack leaves behind, what that costs, and how to remove it."""
    line(console, "\n[bold]What stays[/bold]; a later `spotify-etl deploy` takes it over:")
    _list(console, left)
    lines = cost.kept(left.gigabytes, keys=1 if left.key_arn else 0, secrets=1 if left.secret else 0)
    told = ", ".join(f"{one.what} {one.how}" for one in lines)
    line(console, f"It costs about [bold]${cost.total(lines):.2f}[/bold] a month ({escape(told)}; {cost.SOURCE}).")
    line(console, f"To remove it for good: [bold]spotify-etl destroy --stack-name {escape(stack)} --delete-data[/bold]")


def losses(console: Console, found: Remains, *, stack: str) -> None:
    """Print what would be removed for good."""
    line(console, f"\n[bold red]To be deleted for good[/bold red], with the stack {escape(stack)}:")
    _list(console, found)


def last_remains(console: Console, left: Remains, *, key: str | None, gone: datetime | None, bootstrap: bool) -> None:
    """Print what is left after everything was removed."""
    line(console, "\n[bold]What is left[/bold]")
    _list(console, left)
    if gone:
        line(console, f"  key    {escape(str(key))}, until {gone:%Y-%m-%d}; it costs nothing meanwhile")
    line(console, "  log group /aws-glue/crawlers, if there is one: the account's crawlers share it")
    if bootstrap:
        line(
            console, "  stack spotify-etl-bootstrap and its bucket: other stacks may need them. docs/runbook.md, delete"
        )


def _list(console: Console, found: Remains) -> None:
    for bucket in found.buckets:
        megabytes = bucket.size / 1_000_000
        line(
            console,
            f"  bucket {escape(bucket.name)}: {bucket.objects:,} objects, {megabytes:,.1f} MB with old versions",
        )
    if found.secret:
        line(console, f"  secret {escape(found.secret)}")
    if found.key_arn:
        line(console, f"  key    {escape(found.key_arn)}")


def run(console: Console, done: StackRun, links: Links) -> None:
    """Print what a run on the stack did."""
    if done.extract is not None:
        _extract(console, done.extract)
    if done.execution is None:
        line(
            console,
            "[yellow]Noticed[/yellow] the run's marker has started no execution yet. The daily sweep loads what waits; "
            "`spotify-etl start` does it now.",
        )
        return
    output = done.execution.output
    dates = [_date(one) for one in output.get("dates", [])]
    told = {
        "nothing_pending": "[bold]Nothing is new:[/bold] no raw object waited, another execution may have taken them.",
        "loaded": f"[bold]Loaded[/bold] {len(dates)} date{'s'[: len(dates) != 1]} ({_span(dates)}){_rows(output)}",
        "refreshed": "[bold]Refreshed[/bold] partitions, counts and views; no raw object waited.",
    }
    outcome = str(output.get("outcome"))
    line(console, told.get(outcome, f"[bold]Ended[/bold] {escape(outcome)}"))
    for held in output.get("held", []):
        line(console, f"[red]Held[/red]   {escape(str(held))}")
    line(console, f"[bold]Execution[/bold] {links.execution(done.execution.arn)}")


def status(console: Console, told: StackStatus) -> None:
    """Print a stack's state."""
    line(console, f"[bold]{escape(told.stack)}[/bold] in {told.region}: {told.state}")
    schedule = told.schedule
    line(console, f"schedule    {schedule['state'].lower()}: {schedule['expression']} {schedule['timezone']}")
    age = told.token_age_days
    told_age = "not told within a week" if age is None else f"{age:.0f} of {CONSENT_DAYS} days old"
    line(console, f"consent     {told_age}")
    render.show_contents(console, told)
    for one in told.executions:
        ended = f" … {one['ended']}" if one["ended"] else ""
        line(console, f"executed    {one['status']} {one['started']}{ended}")
        line(console, f"            {one['link']}")
    for name, link in told.links.items():
        line(console, f"{name:<11} {link}")


def _extract(console: Console, extract: Mapping[str, Any]) -> None:
    told = ", ".join(f"{count} {name}" for name, count in extract.get("outcomes", {}).items())
    requests = extract.get("requests_made")
    line(console, f"[bold]Read[/bold]   {escape(told) or 'no playlist'}; {requests} requests, run {extract['run_id']}")
    if halted := extract.get("halted"):
        line(console, f"[yellow]Stopped[/yellow] {escape(str(halted['code']))}: {escape(str(halted['message']))}")


def _date(one: object) -> str:
    return str(one.get("extract_date", one)) if isinstance(one, dict) else str(one)


def _span(dates: Sequence[str]) -> str:
    if not dates:
        return "none"
    first, last = min(dates), max(dates)
    return first if first == last else f"{first} … {last}"


def _rows(output: Mapping[str, Any]) -> str:
    rows = output.get("rows")
    return f": {rows:,} rows" if isinstance(rows, int) else ""
