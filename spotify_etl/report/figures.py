"""The report's charts, each drawn in both widths and with its table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from spotify_etl.report import charts, findings, markup, svg, words
from spotify_etl.report.charts import NARROW, WIDE, Bar, Span, Spec
from spotify_etl.report.facts import Row, Rows
from spotify_etl.report.markup import Html
from spotify_etl.report.words import number

_RANKED = 10
_LONGEST = 10


def lost_by_playlist(rows: Sequence[Row]) -> Html:
    """Draw which playlists lost most songs."""
    table = markup.table(
        "Songs lost to the library, by playlist",
        ("Playlist", "Songs", "Still elsewhere"),
        [(markup.name(row["playlist_name"]), number(row["songs"]), number(row["still_elsewhere"])) for row in rows],
        numeric=(1, 2),
    )
    bars = [Bar(row["playlist_name"], row["songs"], number(row["songs"])) for row in rows[:_RANKED]]
    return _ranked("Playlists that lost most songs", bars, table)


def additions(rows: Rows) -> Html:
    """Draw how many songs were added, month by month."""
    table = markup.table(
        "Songs added, by month",
        ("Month", "Additions", "Different songs", "Playlists"),
        [
            (f"{row['month']:%B %Y}", number(row["additions"]), number(row["songs"]), number(row["playlists"]))
            for row in rows
        ],
        numeric=(1, 2, 3),
    )
    label = "Songs added that are still in a playlist, by month"
    spans = [Span(row["month"], _month_end(row["month"]), row["additions"]) for row in rows]
    return _both(label, lambda width: charts.over_time(spans, width), table)


def decades(rows: Rows) -> Html:
    """Draw from which decades the music is."""
    # Not known comes last, wherever an engine sorts it.
    ordered = sorted(rows, key=lambda row: (row["decade"] is None, row["decade"]))
    named = [("unknown" if row["decade"] is None else f"{row['decade']}s", row) for row in ordered]
    table = markup.table(
        "Songs by decade of release",
        ("Decade", "Songs", "Albums"),
        [(decade, number(row["songs"]), number(row["albums"])) for decade, row in named],
        numeric=(1, 2),
    )
    bars = [Bar(decade, row["songs"], number(row["songs"])) for decade, row in named]
    return _both("Songs by decade of release", lambda width: charts.columns(bars, width, ""), table)


def artists(rows: Rows) -> Html:
    """Draw whose songs there are most."""
    table = markup.table(
        "Artists with the most songs",
        ("Artist", "Songs", "Places in playlists"),
        [(markup.name(row["artist_name"]), number(row["songs"]), number(row["placements"])) for row in rows],
        numeric=(1, 2),
    )
    bars = [Bar(row["artist_name"], row["songs"], number(row["songs"])) for row in rows[:_RANKED]]
    return _ranked("Artists with the most songs", bars, table)


def changes(rows: Rows) -> Html:
    """Draw what came and what went, week by week."""
    table = markup.table(
        "What came and went, by week",
        ("Week", "Came", "Went"),
        [(findings.week(row["week"]), number(row["added"]), number(row["gone"])) for row in rows],
        numeric=(1, 2),
    )
    spans = [Span(row["week"], row["week"] + dt.timedelta(days=6), row["added"], row["gone"]) for row in rows]
    label = "By week: above the line what came into playlists, below it what went"
    return _both(label, lambda width: charts.over_time(spans, width), table)


def explicit(rows: Rows) -> Html:
    """Draw the playlists with the largest share of explicit songs."""
    table = markup.table(
        "Songs marked explicit, by playlist",
        ("Playlist", "Explicit", "Songs", "Share"),
        [
            (
                markup.name(row["playlist_name"]),
                number(row["explicit_songs"]),
                number(row["songs"]),
                f"{row['explicit_percent']:g}%",
            )
            for row in rows
        ],
        numeric=(1, 2, 3),
    )
    bars = [
        Bar(row["playlist_name"], row["explicit_percent"], words.percent(row["explicit_songs"], row["songs"]))
        for row in rows[:_RANKED]
    ]
    return _ranked("Playlists with the largest share of explicit songs", bars, table)


def durations(rows: Rows) -> Html:
    """Draw how long the songs are."""
    named = [(f"{row['minutes']}+" if row["minutes"] >= _LONGEST else str(row["minutes"]), row) for row in rows]
    table = markup.table(
        "Songs by length",
        ("Minutes begun", "Songs"),
        [(minutes, number(row["songs"])) for minutes, row in named],
        numeric=(1,),
    )
    bars = [Bar(minutes, row["songs"], number(row["songs"])) for minutes, row in named]
    return _both("Songs by length in minutes", lambda width: charts.columns(bars, width, "minutes"), table)


def overlap(rows: Rows) -> Html:
    """Draw the pairs of playlists that share most songs."""
    table = markup.table(
        "Songs that two playlists share",
        ("Playlists", "Shared", "Of the smaller"),
        [
            (
                markup.joined((markup.name(row["playlist_a"]), " and ", markup.name(row["playlist_b"]))),
                number(row["shared_songs"]),
                f"{row['percent_of_smaller']:g}%",
            )
            for row in rows
        ],
        numeric=(1, 2),
    )
    bars = [
        Bar(
            f"{words.isolated(row['playlist_a'], 25)} + {words.isolated(row['playlist_b'], 25)}",
            row["shared_songs"],
            number(row["shared_songs"]),
        )
        for row in rows[:_RANKED]
    ]
    return _ranked("Pairs of playlists that share most songs", bars, table)


def _ranked(label: str, bars: Sequence[Bar], table: Html) -> Html:
    wide, narrow = (svg.draw(charts.ranked(bars, width), charts.labels(bars, width)) for width in (WIDE, NARROW))
    return markup.figure(label, wide, narrow, table)


def _both(label: str, spec: Callable[[int], Spec], table: Html) -> Html:
    return markup.figure(label, svg.draw(spec(WIDE)), svg.draw(spec(NARROW)), table)


def _month_end(first: dt.date) -> dt.date:
    return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
