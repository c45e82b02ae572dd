"""The report in a real browser, from disk, with no network: what is drawn, and whether it can be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Report
from tests.browser.devtools import DESKTOP, PHONE, Browser
from tests.unit.report import libraries

Make = Callable[[Path], Path]

SHOTS = Path(__file__).parents[2] / ".cache" / "browser"
AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
# How many charts each library has: none where there is nothing to draw.
CHARTS: dict[Make, int] = {
    libraries.ordinary: 8,
    libraries.hostile: 8,
    libraries.one_playlist: 4,
    libraries.nothing: 0,
    libraries.emptied: 0,
    libraries.large: 8,
}

every_look = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
every_width = pytest.mark.parametrize("width", [PHONE, DESKTOP])
every_library = pytest.mark.parametrize("make", CHARTS, ids=lambda make: make.__name__)


@every_library
@every_width
@every_look
def test_it_can_be_read(browser: Browser, report: Report, make: Make, width: int, dark: bool) -> None:
    browser.open(report(make), width=width, dark=dark)
    look = "dark" if dark else "light"
    browser.screenshot(SHOTS / f"{make.__name__}-{width}-{look}.png")

    seen: dict[str, Any] = browser.evaluate(AUDIT)

    assert browser.complaints == []
    assert browser.requests == [report(make).as_uri()]
    wrong = {name: seen[name] for name in ("small", "faint", "outside", "cut", "unmarked") if seen[name]}
    assert wrong == {}
    assert seen["overflow"] <= 0
    assert seen["scripts"] == 0
    assert seen["charts"] == CHARTS[make]
    assert seen["marks"] >= seen["charts"]
    assert seen["texts"] > 5
    assert (sum(seen["page"]) < 150) == dark


@every_width
def test_it_can_be_read_with_everything_opened(browser: Browser, report: Report, width: int) -> None:
    browser.open(report(libraries.hostile), width=width)
    browser.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    seen = browser.evaluate(AUDIT)

    assert {name: seen[name] for name in ("small", "faint", "outside") if seen[name]} == {}
    assert seen["overflow"] <= 0


def test_hostile_names_are_text_and_run_nothing(browser: Browser, report: Report) -> None:
    browser.open(report(libraries.hostile), width=DESKTOP)

    shown = browser.evaluate("document.body.textContent")

    assert libraries.ATTACK in shown
    assert "<img src=x onerror=alert(1)>" in shown
    assert browser.evaluate("document.querySelectorAll('script, img, iframe, [onload], [onerror]').length") == 0
    assert not [one for one in browser.events if one["method"] == "Page.javascriptDialogOpening"]


def test_a_script_that_got_in_would_not_run(browser: Browser, report: Report, tmp_path: Path) -> None:
    attacked = tmp_path / "report.html"
    html = report(libraries.ordinary).read_text(encoding="utf-8")
    attacked.write_text(html.replace("</main>", "<script>document.title = 'run'</script></main>"), encoding="utf-8")
    browser.open(attacked, width=DESKTOP)

    assert browser.evaluate("document.title") == "Your Spotify library"
    assert "Content Security Policy" in str(browser.complaints)


def test_it_is_walked_by_keyboard(browser: Browser, report: Report) -> None:
    browser.open(report(libraries.ordinary), width=DESKTOP)

    browser.press("Tab")
    assert browser.evaluate("document.activeElement.className") == "skip"
    assert browser.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    browser.press("Enter")
    assert browser.evaluate("location.hash") == "#report"
    reached = set()
    for _ in range(40):
        browser.press("Tab")
        reached.add(browser.evaluate("document.activeElement.tagName"))
    assert {"SUMMARY", "DIV"} <= reached
    browser.evaluate("document.querySelector('figure summary').focus()")
    browser.press("Enter")
    assert browser.evaluate("document.querySelector('figure details').open") is True


def test_a_screen_reader_is_told_landmarks_headings_and_charts(browser: Browser, report: Report) -> None:
    browser.open(report(libraries.ordinary), width=DESKTOP)

    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    heard = [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")
    ]

    roles = [role for role, _ in heard]
    assert roles.count("main") == roles.count("banner") == roles.count("contentinfo") == roles.count("navigation") == 1
    assert [name for role, name in heard if role == "heading"][:2] == [
        "Your Spotify library",
        "You lost 1 song, from \u2068Kitchen Disco\u2069",
    ]
    charts = [name for role, name in heard if role == "image"]
    assert len(charts) == CHARTS[libraries.ordinary]
    assert all(charts)
    assert len([role for role in roles if role == "region"]) >= 10


def test_on_paper_the_tables_are_there(browser: Browser, report: Report) -> None:
    browser.open(report(libraries.ordinary), width=DESKTOP, dark=True, media="print")

    hidden = (
        "[...document.querySelectorAll('table')].filter((one) => !one.checkVisibility({contentVisibilityAuto: true}))"
    )
    assert browser.evaluate(f"{hidden}.length") == 0
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate("document.querySelector('nav').checkVisibility()") is False
    assert len(browser.call("Page.printToPDF")["data"]) > 10_000
