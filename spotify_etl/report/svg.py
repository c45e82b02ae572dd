"""Drawing: Vega-Lite specifications become SVG when the report is made, by Vega's own code in vl-convert.

It is the only module that knows vl-convert. A character that is none of XML's would end this process there, without an
exception to catch: one more reason for names to stay out of what it is given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import vl_convert

from spotify_etl.report.charts import Spec
from spotify_etl.report.markup import Html, text

_VERSION = "6.1"
_LABEL = re.compile(r"@(\d+)@")
_ARIA = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')


def draw(spec: Spec, labels: Sequence[str] = ()) -> Html:
    """Return a chart as SVG, the names in the places of `@0@`, `@1@`, …, escaped.

    Raises
    ------
    ValueError
        If there is anything but ASCII in the specification.
    """
    if "\\u" in json.dumps(spec):
        raise ValueError("A name got into a chart's specification.")
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=_VERSION, allowed_base_urls=[])
    # Whoever shows it says what it is, once.
    drawn = _ARIA.sub("", drawn)
    return Html(_LABEL.sub(lambda place: text(labels[int(place[1])]).markup, drawn))
