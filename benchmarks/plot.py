"""Seconds against rows, a line per contestant, both axes logarithmic: `python -m benchmarks.plot RESULTS.json OUT.svg`.

RESULTS.json is what `benchmarks.compare --json` appended to; OUT ends in `.svg` or `.png`. A run that did not finish is
no point: its line ends before it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import vl_convert

from benchmarks.contestants import JOB
from benchmarks.results import Result, median_seconds

_VERSION = "6.1"
_PALETTE = ("#0b6e4f", "#d1495b", "#3d5a98", "#8d6a9f", "#c58b1b", "#6b7280", "#2a9d8f")
_SCALE = 2.0


def main() -> None:
    """Draw what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    results = map(Result.read, given.results.read_text(encoding="utf-8").splitlines())
    given.out.write_bytes(draw(chart(results), given.out.suffix))


def chart(results: Iterable[Result]) -> dict[str, Any]:
    """Return the Vega-Lite specification: the median seconds of each contestant and number of rows."""
    runs: dict[tuple[str, int], list[Result]] = defaultdict(list)
    for one in results:
        runs[one.name, one.rows].append(one)
    medians = ((name, rows, median_seconds(same)) for (name, rows), same in sorted(runs.items()))
    points: list[dict[str, Any]] = [
        {"name": name, "rows": rows, "seconds": seconds} for name, rows, seconds in medians if seconds
    ]
    # The job is the first in the legend and the thick line.
    names = sorted({point["name"] for point in points}, key=lambda name: (name != JOB, name))
    last = [max((one for one in points if one["name"] == name), key=lambda one: one["rows"]) for name in names]
    colour = {
        "field": "name",
        "type": "nominal",
        "scale": {"domain": names, "range": list(_PALETTE[: len(names)])},
        "legend": None,
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "#ffffff",
        "padding": {"left": 12, "top": 12, "right": 110, "bottom": 12},
        "width": 560,
        "height": 340,
        "data": {"values": points},
        "encoding": {
            "x": _logarithmic("rows", "rows of playlists (2.2 kB of raw JSON each)"),
            "y": _logarithmic("seconds", "seconds, the whole process (median)"),
            "color": colour,
        },
        "layer": [
            {
                "mark": {"type": "line", "point": {"size": 45}},
                "encoding": {
                    "strokeWidth": {"condition": {"test": f"datum.name == '{JOB}'", "value": 4}, "value": 1.5}
                },
            },
            {
                "data": {"values": last},
                "mark": {"type": "text", "align": "left", "dx": 9, "fontSize": 12},
                "encoding": {"text": {"field": "name"}},
            },
        ],
        "config": {
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#e5e7eb"},
        },
    }


def draw(spec: dict[str, Any], suffix: str) -> bytes:
    """Return the chart as an SVG or, where the suffix is `.png`, as a PNG."""
    if suffix == ".png":
        drawn: bytes = vl_convert.vegalite_to_png(spec, vl_version=_VERSION, scale=_SCALE, allowed_base_urls=[])
        return drawn
    return vl_convert.vegalite_to_svg(spec, vl_version=_VERSION, allowed_base_urls=[]).encode()


def _logarithmic(field: str, title: str) -> dict[str, Any]:
    axis = {"title": title, "format": ",~g", "labelOverlap": True}
    return {"field": field, "type": "quantitative", "scale": {"type": "log", "nice": True}, "axis": axis}


if __name__ == "__main__":
    main()
