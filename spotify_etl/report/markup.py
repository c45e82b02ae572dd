"""Pieces of HTML. `Html` is markup; every plain text that goes into it is escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spotify_etl.report import words


@dataclass(frozen=True)
class Html:
    """Markup, as opposed to text, which is a `str`."""

    markup: str

    def __add__(self, other: Html) -> Html:
        return Html(self.markup + other.markup)


NOTHING = Html("")


def text(value: object) -> Html:
    """Return a text as markup; what is markup already stays as it is."""
    return value if isinstance(value, Html) else Html(html.escape(words.clean(str(value))))


def joined(parts: Iterable[object]) -> Html:
    """Return pieces, one behind the other."""
    return Html("".join(text(part).markup for part in parts))


def tag(name: str, *content: object, **attributes: object) -> Html:
    """Return an element. `class_` and `aria_label` are written `class` and `aria-label`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value).markup}"' for key, value in attributes.items() if value
    )
    return Html(f"<{name}{told}>{joined(content).markup}</{name}>")


def name(value: object) -> Html:
    """Return a name that somebody gave. Its writing direction is its own and touches nothing around it."""
    return tag("bdi", words.name(value))


def paragraph(*content: object, class_: str = "") -> Html:
    """Return a paragraph."""
    return tag("p", *content, class_=class_)


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], numeric: Sequence[int] = ()) -> Html:
    """Return a table that scrolls within itself. The first column names the row; `numeric` columns end at the right."""
    head = tag("tr", *(tag("th", one, scope="col", class_=_side(at, numeric)) for at, one in enumerate(heads)))
    body = joined(
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=_side(at, numeric)) for at, cell in enumerate(row[1:], start=1)),
        )
        for row in rows
    )
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body))
    return tag("div", inner, class_="scroll", role="region", aria_label=caption, tabindex="0")


def details(summary: str, *content: object) -> Html:
    """Return something that is shown when it is asked for."""
    return tag("details", tag("summary", summary), *content)


def figure(label: str, wide: Html, narrow: Html, as_table: Html) -> Html:
    """Return a chart in two widths, of which the page shows one, with its text alternative."""
    shown = [
        tag("div", svg, class_=f"chart {width}", role="img", aria_label=label)
        for width, svg in (("wide", wide), ("narrow", narrow))
    ]
    return tag("figure", *shown, tag("figcaption", label), details("The chart as a table", as_table))


def section(anchor: str, title: object, *content: object) -> Html:
    """Return a section whose heading says the finding."""
    return tag(
        "section", tag("h2", title, id=f"{anchor}-title"), *content, id=anchor, aria_labelledby=f"{anchor}-title"
    )


def limited(shown: int, total: int, many: str, which: str) -> str:
    """Return a sentence on a list that was cut, the empty string where it was not."""
    return (
        "" if shown >= total else f"The table shows the {words.number(shown)} {which} of {words.number(total)} {many}."
    )


def _side(column: int, numeric: Sequence[int]) -> str:
    return "number" if column in numeric else ""
