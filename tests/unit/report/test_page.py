"""The page as a whole, on small lakes: its order, its findings, what it hides and what it escapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spotify_etl.report import words
from tests.unit.report import libraries
from tests.unit.report.conftest import Page
from tests.unit.report.documents import Document

EVERY = (
    libraries.ordinary,
    libraries.hostile,
    libraries.one_playlist,
    libraries.nothing,
    libraries.emptied,
    libraries.large,
)
every_library = pytest.mark.parametrize("make", EVERY, ids=lambda make: make.__name__)
Make = Callable[[Path], Path]


def headings(html: str) -> list[str]:
    return [re.sub("[\u2068\u2069]", "", title) for title in re.findall(r"<h2[^>]*>([^<]*)</h2>", html)]


def test_each_heading_says_the_finding_and_the_lost_songs_come_first(page: Page) -> None:
    assert headings(page(libraries.ordinary)) == [
        "You lost 1 song, from Kitchen Disco",
        "The data is of 23 November 2026, and complete",
        "You keep 3 songs in 2 playlists",
        "September 2026 brought the most songs: 4",
        "100% of the music is from the 1990s",
        "No artist is ahead of all others: 1 song at the most",
        "1 came and 1 went since 16 November 2026",
        "33% of the songs are marked explicit",
        "A song lasts 3:20 on average",
        "Kitchen Disco and Long Way Home share 1 song",
        "The last loads lost no row and left nothing in quarantine",
    ]


def test_a_lost_song_has_its_last_name_its_playlist_and_the_date(page: Page) -> None:
    html = page(libraries.ordinary)

    row = html[html.index("Compass (Interlude)") :].partition("</tr>")[0]
    assert "The Overdue Books" in row
    assert "Kitchen Disco" in row
    assert "23 Nov 2026, removed" in row


@every_library
def test_the_page_is_well_formed_and_needs_nothing_else(make: Make, page: Page) -> None:
    html = page(make)
    document = Document(html)

    assert document.wrong == []
    assert not document.named("script") + document.named("link") + document.named("img") + document.named("iframe")
    addresses = [
        value for _, attributes in document.elements for key, value in attributes.items() if key in {"href", "src"}
    ]
    assert all(address and address.startswith("#") for address in addresses)
    assert not re.findall(r"url\((?!#)", html)
    assert "@import" not in html
    assert not [key for _, attributes in document.elements for key in attributes if key.startswith("on")]
    assert len(html.encode()) < 2_000_000


@every_library
def test_it_can_be_walked_by_headings_landmarks_and_labels(make: Make, page: Page) -> None:
    document = Document(page(make))
    names = [name for name, _ in document.elements]

    assert names.count("h1") == names.count("main") == names.count("header") == names.count("footer") == 1
    ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(one["aria-labelledby"] in ids for one in document.named("section"))
    assert {str(one["href"]).removeprefix("#") for one in document.named("a")} <= set(ids)
    charts = [one for one in document.named("div") if "chart" in (one.get("class") or "")]
    assert all(one["role"] == "img" and one["aria-label"] for one in charts)
    # A chart has its numbers in a table.
    assert names.count("figure") == names.count("figcaption") <= names.count("details") <= names.count("table")
    assert names.count("svg") == 2 * names.count("figure")


def test_hostile_names_are_shown_as_the_text_that_they_are(page: Page) -> None:
    html = page(libraries.hostile)
    document = Document(html)

    assert "<script" not in html
    assert document.text.count(libraries.ATTACK) > 10
    for name in libraries.HOSTILE:
        assert words.name(name) in document.texts
    assert "@1@ ${held} {{x}} %s \\" in document.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", html)


@every_library
def test_nobodys_account_is_in_it(make: Make, page: Page) -> None:
    html = page(make)

    assert not [account for account in libraries.OTHERS if account in html]


def test_what_could_not_be_read_and_what_is_held_is_told(page: Page) -> None:
    titles = headings(page(libraries.hostile))

    assert titles[1] == "The data is of 16 November 2026, but 1 of 12 playlists could not be read"
    assert titles[-1] == "1 date is held by a quality gate"


def test_an_empty_lake_says_what_fills_it(page: Page) -> None:
    html = page(libraries.nothing)

    assert headings(html) == ["There is nothing in this lake yet"]
    assert "spotify-etl run" in html


def test_an_empty_playlist_is_a_library_without_charts(page: Page) -> None:
    html = page(libraries.emptied)

    assert "You keep 0 songs in 1 playlist" in headings(html)
    assert "You lost no songs" in headings(html)
    assert "<figure" not in html


def test_a_large_library_is_cut_and_says_so(page: Page) -> None:
    html = page(libraries.large)

    assert headings(html)[0] == "You lost 1,234 songs, from Playlist p000"
    assert "The table shows the 100 newest of 1,234 losses." in html
    assert "The table shows the 50 longest unread of 60 playlists." in html
    assert "The table shows the 20 largest of 62 artists." not in html
    assert "The table shows the 20 largest of 61 artists." in html
    assert "The table shows the 20 largest of 1,770 pairs of playlists." in html
    assert "The table shows the 50 newest of 1,234 changes." in html
