"""Charts as Vega-Lite specifications. Plain data in, plain data out.

Names that people gave never go into a specification: a bar is labelled `@0@`, `@1@`, …, and `svg.draw` puts the names
in, escaped. Colours are the page's variables, so that one drawing is right in light and in dark.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spotify_etl.report import words

Spec = dict[str, Any]

WIDE, NARROW = 480, 300
"""Pixels: half of a desktop's page, and a phone of 360 pixels and more."""

_FONT_SIZE = 13
_CELL_PIXELS = 7.5
_VALUE_CELLS = 11
_BAR, _GONE, _INK, _MUTED, _LINE = "var(--bar)", "var(--gone)", "var(--ink)", "var(--muted)", "var(--line)"
_BAND, _THICKNESS = 42, 12
_HEIGHT = 220
_SLANTED_FROM = 7
_MANY = 30
_THICKEST = 64
_FEWEST = 8
_TICKS = 5

_CONFIG: Spec = {
    # The figure has one label and a table; labels of single marks would only be heard twice.
    "aria": False,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _MUTED,
        "titleColor": _MUTED,
        "labelFontSize": _FONT_SIZE,
        "titleFontSize": _FONT_SIZE,
        "titleFontWeight": "normal",
        "gridColor": _LINE,
        "domainColor": _LINE,
        "tickColor": _LINE,
    },
    "text": {"fontSize": _FONT_SIZE, "color": _INK},
}


@dataclass(frozen=True)
class Bar:
    """A bar: its label may be a name, `shown` is the value as it stands beside it."""

    label: str
    value: float
    shown: str


@dataclass(frozen=True)
class Span:
    """A span of time, its last day included, with what came in it and what went."""

    start: dt.date
    end: dt.date
    came: int
    went: int = 0


def labels(bars: Sequence[Bar], width: int) -> list[str]:
    """Return the names of ranked bars, no longer than there is room above a bar."""
    cells = int(width / _CELL_PIXELS) - _VALUE_CELLS
    return [words.name(bar.label, cells) for bar in bars]


def ranked(bars: Sequence[Bar], width: int) -> Spec:
    """Return lying bars, the largest first, each under its label: long names need the whole width."""
    values = [{"at": at, "label": f"@{at}@", "value": bar.value, "shown": bar.shown} for at, bar in enumerate(bars)]
    above = {"yOffset": -9, "baseline": "middle"}
    return {
        **_frame(values, width),
        "height": {"step": _BAND},
        "encoding": {"y": {"field": "at", "type": "ordinal", "axis": None}},
        "layer": [
            {
                "mark": {"type": "bar", "color": _BAR, "height": _THICKNESS, "yOffset": 8, "cornerRadius": 2},
                "encoding": {"x": {"field": "value", "type": "quantitative", "axis": None, "scale": {"nice": False}}},
            },
            {
                "mark": {"type": "text", "align": "left", "x": 0, **above},
                "encoding": {"text": {"field": "label"}},
            },
            {
                "mark": {"type": "text", "align": "right", "x": "width", "color": _MUTED, **above},
                "encoding": {"text": {"field": "shown"}},
            },
        ],
    }


def columns(bars: Sequence[Bar], width: int, title: str) -> Spec:
    """Return standing bars in the order given, with their values above. Labels are the program's own, and short."""
    values = [{"label": bar.label, "value": bar.value, "shown": bar.shown} for bar in bars]
    slanted = width < WIDE and len(bars) >= _SLANTED_FROM and max(len(bar.label) for bar in bars) > len("1990")
    # One bar alone would be a wall.
    thickness = min(_THICKEST, 0.85 * width / len(bars))
    axis = {"title": title or None, "labelAngle": -45 if slanted else 0, "ticks": False, "labelPadding": 6}
    return {
        **_frame(values, width),
        "height": _HEIGHT,
        "encoding": {
            "x": {"field": "label", "type": "ordinal", "sort": None, "axis": axis},
            "y": {"field": "value", "type": "quantitative", "axis": None},
        },
        "layer": [
            {"mark": {"type": "bar", "color": _BAR, "cornerRadiusEnd": 2, "width": thickness}},
            {"mark": {"type": "text", "dy": -8}, "encoding": {"text": {"field": "shown"}}},
        ],
    }


def over_time(spans: Sequence[Span], width: int) -> Spec:
    """Return a bar a span: above the line what came, below it what went."""
    values = [
        {
            "start": span.start.isoformat(),
            # A bar ends where the next one begins.
            "end": (span.end + dt.timedelta(days=1)).isoformat(),
            "came": span.came,
            "went": -span.went,
        }
        for span in spans
    ]
    first, last = min(span.start for span in spans), max(span.end for span in spans) + dt.timedelta(days=1)
    # A week alone would be a wall, too: the axis has room for some before it.
    first = min(first, last - _FEWEST * (spans[0].end - spans[0].start))
    days = (last - first).days
    date_axis = {
        "title": None,
        "format": "%b %Y" if days > 150 else "%-d %b",  # noqa: PLR2004  five months
        "tickCount": 3 if width < WIDE else 5,
        "labelOverlap": True,
        "labelSeparation": 8,
        "labelFlush": True,
        "grid": False,
    }
    ticks = _ticks(-max(span.went for span in spans), max(span.came for span in spans))
    value_axis = {"title": None, "values": ticks, "labelExpr": "format(abs(datum.value), ',')"}

    gap = 1 if len(spans) < _MANY else 0

    def layer(field: str, colour: str) -> Spec:
        return {
            "mark": {"type": "bar", "color": colour, "stroke": "var(--card)", "strokeWidth": gap},
            "encoding": {
                "y": {"field": field, "type": "quantitative", "axis": value_axis},
                "y2": {"datum": 0},
            },
        }

    layers = [layer("came", _BAR)]
    if any(span.went for span in spans):
        layers.append(layer("went", _GONE))
    return {
        **_frame(values, width),
        "height": _HEIGHT,
        "encoding": {
            "x": {
                "field": "start",
                "type": "temporal",
                "scale": {"type": "utc", "domain": [first.isoformat(), last.isoformat()]},
                "axis": date_axis,
            },
            "x2": {"field": "end"},
        },
        "layer": layers,
    }


def _ticks(low: int, high: int) -> list[int]:
    """Return whole numbers for an axis, a few of them, zero among them."""
    rough = max(1, (high - low) / _TICKS)
    power = 10 ** int(math.log10(rough))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= rough)
    return list(range(step * (low // step), high + step, step))


def _frame(values: list[dict[str, Any]], width: int) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": _CONFIG,
        "background": None,
        # A font may be taller and wider than Vega thinks.
        "padding": {"top": 5, "bottom": 3, "left": 8, "right": 20},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "width": width,
        "data": {"values": values},
    }
