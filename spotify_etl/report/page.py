"""The page: the sections in their order, and all that makes it one file that needs nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from spotify_etl.report import markup, sections, words
from spotify_etl.report.facts import Ask, Facts, gather
from spotify_etl.report.markup import Html, joined, paragraph, tag

_STYLE = Path(__file__).with_name("style.css")

# The page has no script, fetches nothing and sends nothing, whatever a name in it tries.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_ORDER: tuple[tuple[Callable[[Facts], Html], ...], ...] = (
    (sections.lost,),
    (sections.fresh,),
    (sections.holds,),
    (sections.additions, sections.decades),
    (sections.artists, sections.changes),
    (sections.explicit, sections.durations),
    (sections.overlap,),
    (sections.health,),
)
"""The sections; two in one row stand side by side where there is room."""

_NAMES = (
    ("lost", "Lost"),
    ("fresh", "As of"),
    ("holds", "Library"),
    ("additions", "Additions"),
    ("decades", "Decades"),
    ("artists", "Artists"),
    ("changes", "Came and went"),
    ("explicit", "Explicit"),
    ("durations", "Lengths"),
    ("overlap", "Overlap"),
    ("health", "Loads"),
)


def build(ask: Ask, made_at: dt.datetime) -> str:
    """Ask a lake or a stack everything and return the report as HTML."""
    return render(gather(ask), made_at)


def render(facts: Facts, made_at: dt.datetime) -> str:
    """Return the report on what is known as HTML."""
    main = _nothing_yet() if facts.is_empty else joined(_row(row, facts) for row in _ORDER)
    body = (
        tag("a", "Skip to the report", href="#report", class_="skip"),
        tag("header", tag("h1", "Your Spotify library"), paragraph(_subtitle(facts, made_at)), _contents(facts)),
        tag("main", main, id="report"),
        tag("footer", paragraph("Made by spotify-etl from Athena SQL. Names are as Spotify told them.")),
    )
    head = (
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Html('<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'),
        tag("title", "Your Spotify library"),
        tag("style", Html(_STYLE.read_text(encoding="utf-8"))),
    )
    page = tag("html", tag("head", *head), tag("body", *body), lang="en")
    return f"<!doctype html>\n{page.markup}\n"


def _row(row: tuple[Callable[[Facts], Html], ...], facts: Facts) -> Html:
    made = [section(facts) for section in row]
    return made[0] if len(made) == 1 else tag("div", *made, class_="pair")


def _subtitle(facts: Facts, made_at: dt.datetime) -> str:
    as_of = facts.library["as_of_date"]
    of = f"As of {words.day(as_of)}. " if as_of else ""
    return f"{of}This page was made on {words.moment(made_at)}."


def _contents(facts: Facts) -> Html:
    if facts.is_empty:
        return markup.NOTHING
    links = [tag("li", tag("a", name, href=f"#{anchor}")) for anchor, name in _NAMES]
    return tag("nav", tag("ul", *links), aria_label="Sections")


def _nothing_yet() -> Html:
    return markup.section(
        "empty",
        "There is nothing in this lake yet",
        paragraph("A run of ", tag("code", "spotify-etl run"), " fills it, and makes this page anew."),
    )
