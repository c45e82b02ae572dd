"""What the headings say: the finding of each section, in one line of plain text."""

from __future__ import annotations

import datetime as dt

from spotify_etl.report import words
from spotify_etl.report.facts import Facts, Row, Rows
from spotify_etl.report.words import counted, number, percent

_SONG_CELLS = 60


def lost(facts: Facts) -> str:
    """How many songs are lost, and where most of them were."""
    total = next((row["songs"] for row in facts.lost_by_playlist if row["is_total"]), 0)
    if not total:
        return "You lost no songs"
    playlists = lost_from(facts)
    place = words.isolated(playlists[0]["playlist_name"], _SONG_CELLS)
    if total == 1 or len(playlists) == 1:
        return f"You lost {counted(total, 'song')}, from {place}"
    return f"You lost {counted(total, 'song')}, most from {place}"


def lost_from(facts: Facts) -> list[Row]:
    """Return the playlists that lost songs, those with most first."""
    return [row for row in facts.lost_by_playlist if not row["is_total"] and row["songs"]]


def fresh(facts: Facts) -> str:
    """Of when the data is, and whether all playlists were read."""
    library = facts.library
    behind = library["playlists"] - library["read_playlists"]
    if not library["playlists"]:
        return "No playlist is known now"
    if not behind:
        return f"The data is of {words.day(library['as_of_date'])}, and complete"
    of = f"{number(behind)} of {counted(library['playlists'], 'playlist')}"
    return f"The data is of {words.day(library['as_of_date'])}, but {of} could not be read"


def holds(facts: Facts) -> str:
    """How much there is."""
    library = facts.library
    return f"You keep {counted(library['songs'], 'song')} in {counted(library['playlists'], 'playlist')}"


def additions(rows: Rows) -> str:
    """In which month most came in."""
    if not rows:
        return "When songs were added is not known"
    most = max(rows, key=lambda row: (row["additions"], row["month"]))
    return f"{most['month']:%B %Y} brought the most songs: {number(most['additions'])}"


def decades(rows: Rows) -> str:
    """From which decade most of the music is."""
    known = [row for row in rows if row["decade"] is not None]
    if not known:
        return "From when the music is is not known"
    most = max(known, key=lambda row: row["songs"])
    share = percent(most["songs"], sum(row["songs"] for row in known))
    return f"{share} of the music is from the {most['decade']}s"


def artists(rows: Rows) -> str:
    """Who fills the library."""
    if not rows:
        return "No artist is known"
    first = rows[0]
    if len(rows) > 1 and rows[1]["songs"] == first["songs"]:
        return f"No artist is ahead of all others: {counted(first['songs'], 'song')} at the most"
    return f"You keep most of {words.isolated(first['artist_name'], _SONG_CELLS)}: {counted(first['songs'], 'song')}"


def changes(rows: Rows) -> str:
    """How much came and went in the weeks shown."""
    came, went = sum(row["added"] for row in rows), sum(row["gone"] for row in rows)
    if not rows:
        return "Nothing has come or gone yet"
    since = words.day(min(row["week"] for row in rows))
    return f"{number(came)} came and {number(went)} went since {since}"


def explicit(facts: Facts) -> str:
    """How much is marked explicit."""
    known = facts.library["explicit_known"]
    if not known:
        return "Which songs are explicit is not known"
    return f"{percent(facts.library['explicit_songs'], known)} of the songs are marked explicit"


def durations(facts: Facts) -> str:
    """How long a song is."""
    average = facts.library["average_ms"]
    return f"A song lasts {words.length(average)} on average" if average else "How long songs last is not known"


def overlap(rows: Rows) -> str:
    """Which playlists share most."""
    if not rows:
        return "No two playlists share a song"
    first = rows[0]
    pair = f"{words.isolated(first['playlist_a'], _SONG_CELLS)} and {words.isolated(first['playlist_b'], _SONG_CELLS)}"
    return f"{pair} share {counted(first['shared_songs'], 'song')}"


def health(loads: Rows, held: str) -> str:
    """Whether the loads lost nothing."""
    if not loads:
        return "Nothing was loaded yet"
    if held:
        return f"{counted(len(held.splitlines()), 'date is', 'dates are')} held by a quality gate"
    quarantined = sum(row["objects_quarantined"] for row in loads)
    if any(row["rows_in"] != row["rows_out"] + row["rows_superseded"] for row in loads):
        return "Rows in and rows out differ: look at the loads"
    if quarantined:
        return f"No row was lost, and {counted(quarantined, 'file')} went into quarantine"
    return "The last loads lost no row and left nothing in quarantine"


def week(monday: dt.date) -> str:
    """Return a week as a row's name."""
    return f"Week of {words.short_day(monday)}"
