from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from spotify_etl.report import findings, markup, words
from spotify_etl.report.facts import Row


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.counted(1, "song"), "1 song"),
        (words.counted(1234, "song"), "1,234 songs"),
        (words.counted(2, "date is", "dates are"), "2 dates are"),
        (words.day(dt.date(2026, 11, 3)), "3 November 2026"),
        (words.day(None), "an unknown date"),
        (words.moment("2026-11-25T18:58:46.434021Z"), "25 Nov 2026 18:58 UTC"),
        (words.moment("at noon"), "at noon"),
        (words.moment(None), "never"),
        (words.length(187_400), "3:07"),
        (words.length(59_600), "1:00"),
        (words.hours(72_941_026), "20 hours"),
        (words.hours(60_000), "1 minute"),
        (words.percent(1, 1000), "1%"),
        (words.percent(0, 0), "0%"),
        (words.percent(1, 3), "33%"),
        (words.name(None), "(no name)"),
        (words.name("雨と靴下", 5), "雨と…"),
    ],
)
def test_what_people_read(said: str, expected: str) -> None:
    assert said == expected


@given(st.text(st.characters(codec=None)), st.integers(4, 200))
def test_a_name_is_never_empty_fits_and_has_only_characters(name: str, cells: int) -> None:
    shown = words.name(name, cells)

    assert shown.strip()
    assert shown == words.name(None) or cell_len(shown) <= cells
    assert not [one for one in shown if unicodedata.category(one) in {"Cc", "Cs"} and one not in "\t\r\n"]


@given(st.text(st.characters(codec=None)))
def test_an_isolated_name_closes_what_it_opens(name: str) -> None:
    shown = words.isolated(name)

    assert shown[0] == "\u2068"
    assert shown[-1] == "\u2069"
    assert not set(shown[1:-1]) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text())
def test_text_becomes_no_markup(name: str) -> None:
    assert not set(markup.text(name).markup) & set("<>\"'")
    assert markup.text(markup.text(name)) == markup.text(name)


@pytest.mark.parametrize(
    ("loads", "held", "title"),
    [
        ([], "", "Nothing was loaded yet"),
        ([(10, 8, 1, 0)], "", "Rows in and rows out differ: look at the loads"),
        ([(10, 8, 2, 3)], "", "No row was lost, and 3 files went into quarantine"),
        ([(10, 8, 2, 0)], "2026-11-23: x\n2026-11-24: y", "2 dates are held by a quality gate"),
        ([(10, 8, 2, 0)], "", "The last loads lost no row and left nothing in quarantine"),
    ],
)
def test_the_loads_health_is_told_by_the_worst(loads: list[tuple[int, ...]], held: str, title: str) -> None:
    names = ("rows_in", "rows_out", "rows_superseded", "objects_quarantined")
    rows: list[Row] = [dict(zip(names, load, strict=True)) for load in loads]

    assert findings.health(rows, held) == title
