"""The report's sections, in the order of the page. Each takes the facts and returns markup."""

from __future__ import annotations

from collections.abc import Callable

from spotify_etl.report import figures, findings, markup, words
from spotify_etl.report.facts import Facts, Row, Rows
from spotify_etl.report.markup import NOTHING, Html, limited, paragraph, section
from spotify_etl.report.words import counted, number

_REASONS = {
    "removed": "removed",
    "emptied": "playlist emptied",
    "deleted": "playlist deleted",
    "unplayable": "cannot be played",
}
_FIRST = 10
_CHANGES = {
    "added": "came",
    "removed": "went",
    "emptied": "went, playlist emptied",
    "deleted": "went with its playlist",
}


def lost(facts: Facts) -> Html:
    """Songs that no playlist holds any more: what they were called, when they went, from where."""
    playlists = findings.lost_from(facts)
    elsewhere = next((row["still_elsewhere"] for row in facts.lost_by_playlist if row["is_total"]), 0)
    rest = (
        f"{counted(elsewhere, 'more song')} left a playlist and can still be played in another one."
        if elsewhere
        else ""
    )
    if not playlists:
        return section("lost", findings.lost(facts), paragraph(f"Every song that was ever seen is still there. {rest}"))
    rows = facts.lost_songs
    older = rows[_FIRST:]
    note = _note(limited(len(rows), rows[0]["all_rows"], "losses", "newest") if rows else "")
    return section(
        "lost",
        findings.lost(facts),
        paragraph("No playlist of yours holds them playable any more. ", rest),
        markup.tag(
            "div",
            _lost_table("Lost songs, the newest first", rows[:_FIRST]),
            figures.lost_by_playlist(playlists),
            class_="split",
        ),
        markup.details(f"Lost before that: {number(len(older))}", _lost_table("Lost songs, continued", older), note)
        if older
        else NOTHING,
    )


def fresh(facts: Facts) -> Html:
    """From when the data is, and the playlists that are older than that."""
    library, rows = facts.library, facts.not_read
    content = [
        paragraph(
            f"Known are {counted(library['dates'], 'date')} since {words.day(library['first_date'])}."
            if library["dates"]
            else "The first run makes the first date."
        )
    ]
    if library["oldest_as_of_date"] != library["as_of_date"]:
        content.append(paragraph(f"The oldest playlist is of {words.day(library['oldest_as_of_date'])}."))
    if rows:
        older = rows[_FIRST:]
        note = _note(limited(len(rows), rows[0]["all_rows"], "playlists", "longest unread"))
        content += [
            paragraph("They are shown as they were last read, so none of their songs counts as lost."),
            _not_read_table("Playlists that could not be read", rows[:_FIRST]),
            markup.details(f"{number(len(older))} more", _not_read_table("Playlists, continued", older), note)
            if older
            else NOTHING,
        ]
    return section("fresh", findings.fresh(facts), *content)


def holds(facts: Facts) -> Html:
    """Give the library in numbers."""
    library = facts.library
    told = [
        *(_count(library[f"{what}s"], what) for what in ("song", "artist", "album", "playlist")),
        _count(library["items"], "place in playlists", "places in playlists"),
        (words.hours(library["play_ms"]), "to play them all"),
    ]
    pairs = [markup.tag("div", markup.tag("dt", what), markup.tag("dd", value)) for value, what in told]
    return section("holds", findings.holds(facts), markup.tag("dl", *pairs, class_="counts"))


def additions(facts: Facts) -> Html:
    """When the songs came in."""
    return section("additions", findings.additions(facts.additions), _drawn(facts.additions, figures.additions))


def decades(facts: Facts) -> Html:
    """How old the music is."""
    return section("decades", findings.decades(facts.decades), _drawn(facts.decades, figures.decades))


def artists(facts: Facts) -> Html:
    """Whose music it is."""
    rows = facts.top_artists
    note = limited(len(rows), rows[0]["all_rows"], "artists", "largest") if rows else ""
    return section("artists", findings.artists(rows), _drawn(rows, figures.artists), _note(note))


def changes(facts: Facts) -> Html:
    """Tell what came into the playlists and what went."""
    rows = facts.newest_changes
    if not rows:
        told = "Changes are what differs between two dates: they show from the second one on."
        return section("changes", findings.changes(facts.changes_by_week), paragraph(told))
    table = markup.table(
        "The newest changes",
        ("Song", "What became of it", "Playlist", "Date"),
        [
            (
                _song(row["item_name"], row["artist_names"]) if row["copies"] else "the empty playlist",
                _became(row),
                markup.name(row["playlist_name"]),
                words.short_day(row["change_date"]),
            )
            for row in rows
        ],
    )
    note = _note(limited(len(rows), rows[0]["all_rows"], "changes", "newest"))
    return section(
        "changes",
        findings.changes(facts.changes_by_week),
        figures.changes(facts.changes_by_week),
        markup.details("The newest changes", table, note),
    )


def explicit(facts: Facts) -> Html:
    """Tell how much is marked explicit."""
    rows = facts.explicit_share
    note = limited(len(rows), rows[0]["all_rows"], "playlists", "most explicit") if rows else ""
    return section("explicit", findings.explicit(facts), _drawn(rows, figures.explicit), _note(note))


def durations(facts: Facts) -> Html:
    """How long the songs are."""
    return section("durations", findings.durations(facts), _drawn(facts.durations, figures.durations))


def overlap(facts: Facts) -> Html:
    """Which playlists share songs."""
    rows = facts.overlap
    note = limited(len(rows), rows[0]["all_rows"], "pairs of playlists", "largest") if rows else ""
    return section("overlap", findings.overlap(rows), _drawn(rows, figures.overlap), _note(note))


def health(facts: Facts) -> Html:
    """How the loads went: rows, quarantine, gates."""
    rows = facts.loads
    if not rows:
        return section("health", findings.health(rows, facts.held))
    lines = [markup.tag("li", words.name(line)) for line in facts.held.splitlines()]
    held = markup.tag("ul", *lines) if lines else NOTHING
    table = markup.table(
        "The last loads",
        ("Loaded", "Dates", "Rows in", "Rows out", "Superseded", "Quarantined", "Gates"),
        [
            (
                words.moment(row["loaded_at"]),
                number(row["dates"]),
                number(row["rows_in"]),
                number(row["rows_out"]),
                number(row["rows_superseded"]),
                number(row["objects_quarantined"]),
                words.name(row["gates"]) if row["gates"] else "passed",
            )
            for row in rows
        ],
        numeric=(1, 2, 3, 4, 5),
    )
    note = _note(limited(len(rows), rows[0]["all_rows"], "loads", "newest"))
    return section("health", findings.health(rows, facts.held), held, table, note)


def _count(count: int, one: str, many: str = "") -> tuple[str, str]:
    return number(count), counted(count, one, many).partition(" ")[2]


def _drawn(rows: Rows, draw: Callable[[Rows], Html]) -> Html:
    """Draw what there is; a chart without a mark says nothing."""
    return draw(rows) if rows else NOTHING


def _song(title: object, artists: object) -> Html:
    by = markup.tag("span", "by ", markup.name(artists), class_="by") if artists else NOTHING
    return markup.joined((markup.name(title), " ", by))


def _not_read_table(caption: str, rows: Rows) -> Html:
    return markup.table(
        caption,
        ("Playlist", "Last read", "Why"),
        [
            (
                markup.name(row["playlist_name"] or f"never read: {row['playlist_id']}"),
                words.moment(row["fetched_at"]),
                words.name(row["fetch_reason"] or "not told"),
            )
            for row in rows
        ],
    )


def _lost_table(caption: str, rows: Rows) -> Html:
    return markup.table(
        caption,
        ("Song, as it was last known", "From", "When and how"),
        [
            (_song(row["song_name"], row["artist_names"]), markup.name(row["playlist_name"]), _lost_how(row))
            for row in rows
        ],
    )


def _became(row: Row) -> str:
    times = f" ({row['copies']} times)" if row["copies"] > 1 else ""
    return f"{_CHANGES.get(row['change'], row['change'])}{times}"


def _lost_how(row: Row) -> str:
    return f"{words.short_day(row['lost_date'])}, {_REASONS.get(row['reason'], row['reason'])}"


def _note(told: str) -> Html:
    return paragraph(told, class_="note") if told else NOTHING
