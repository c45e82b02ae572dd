"""The drawings: marks where the numbers are, names only where they are put in at the end."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from spotify_etl.report import charts, svg
from spotify_etl.report.charts import NARROW, WIDE, Bar, Span, Spec
from tests.unit.report.libraries import ATTACK, HOSTILE

BARS = [Bar(name, 12 - at, str(12 - at)) for at, name in enumerate(HOSTILE)]
DECADES = [Bar(f"{decade}s", 2030 - decade, "1") for decade in range(1960, 2030, 10)]
WEEKS = [Span(dt.date(2026, 11, 2 + 7 * at), dt.date(2026, 11, 8 + 7 * at), at + 1, at) for at in range(3)]


def marks(drawing: str) -> list[str]:
    groups = re.findall(r'<g class="mark-rect role-mark[^>]*>(.*?)</g>', drawing)
    return [path for group in groups for path in re.findall(r'<path d="([^"]*)"', group)]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize(
    ("spec", "count"),
    [
        (lambda width: charts.ranked(BARS, width), len(BARS)),
        (lambda width: charts.columns(DECADES, width, "minutes"), len(DECADES)),
        (lambda width: charts.over_time(WEEKS, width), 2 * len(WEEKS)),
        (lambda width: charts.over_time([Span(dt.date(2026, 2, 1), dt.date(2026, 2, 28), 7)], width), 1),
    ],
)
def test_every_number_has_its_mark_in_the_width_asked_for(spec: object, count: int, width: int) -> None:
    assert callable(spec)
    drawing = svg.draw(spec(width), HOSTILE).markup

    assert len(marks(drawing)) == count
    assert f'width="{width}"' in drawing


def test_bars_stand_on_zero() -> None:
    spec: Spec = charts.over_time(WEEKS, WIDE)

    assert all(layer["encoding"]["y2"] == {"datum": 0} for layer in spec["layer"])
    heights = [float(match) for path in marks(svg.draw(spec).markup) for match in re.findall(r"v(-?[\d.]+)", path)[:1]]
    assert heights[1] / heights[0] == pytest.approx(2, rel=0.01)
    assert heights[2] / heights[0] == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize(
    ("came", "went", "ticks"),
    [
        (1, 0, [0, 1]),
        (8, 17, [-20, -15, -10, -5, 0, 5, 10]),
        (31, 0, [0, 10, 20, 30, 40]),
        (0, 1234, [-1500, -1000, -500, 0]),
        (0, 0, [0]),
    ],
)
def test_an_axis_counts_in_whole_numbers(came: int, went: int, ticks: list[int]) -> None:
    spec = charts.over_time([Span(dt.date(2026, 2, 1), dt.date(2026, 2, 28), came, went)], WIDE)

    shown = spec["layer"][0]["encoding"]["y"]["axis"]["values"]
    assert shown[0] <= -went
    assert shown[-1] >= came
    assert set(ticks) <= set(shown)


def test_no_name_reaches_the_drawing_engine() -> None:
    # A character that XML does not know ends the process in there, without an exception.
    spec = json.dumps(charts.ranked(BARS, WIDE))

    assert not [name for name in HOSTILE if name.strip() and json.dumps(name)[1:-1] in spec]
    with pytest.raises(ValueError, match="A name got into"):
        svg.draw(charts.columns(BARS, WIDE, ""))


def test_names_are_put_in_escaped_whole_or_cut() -> None:
    drawing = svg.draw(charts.ranked(BARS, NARROW), charts.labels(BARS, NARROW)).markup

    assert "&lt;/script&gt;" in drawing
    assert ATTACK not in drawing
    assert "雨と靴下" in drawing
    assert "…" in drawing
    assert not re.search(">@[0-9]+@<", drawing)


def test_a_label_that_looks_like_a_place_is_not_filled_again() -> None:
    bars = [Bar("@1@", 2, "2"), Bar("second", 1, "1")]
    drawing = svg.draw(charts.ranked(bars, WIDE), charts.labels(bars, WIDE)).markup

    assert drawing.count(">@1@<") == 1
    assert drawing.count(">second<") == 1
