"""Numbers, dates and names in words for people. Everything returned is plain text: `markup` escapes it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from rich.cells import cell_len, set_cell_size

NAME_CELLS = 160
# Embeddings, overrides and isolates, any of which a name may leave open.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNKNOWN = "(no name)"
_SECONDS, _MINUTES = 60, 60
_MILLISECONDS = 1000


def number(value: float) -> str:
    """Return a number with its thousands apart: 12,345."""
    return f"{value:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: 1 song, 2 songs."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def day(value: dt.date | None) -> str:
    """Return a date as people say it: 23 November 2026."""
    return f"{value.day} {value:%B %Y}" if value else "an unknown date"


def short_day(value: dt.date | None) -> str:
    """Return a date in few letters: 23 Nov 2026."""
    return f"{value.day} {value:%b %Y}" if value else "never"


def moment(value: dt.datetime | str | None) -> str:
    """Return a time in UTC to the minute; a text that is no time stays as it is."""
    if not isinstance(value, str):
        return f"{short_day(value)} {value:%H:%M} UTC" if value else "never"
    try:
        return moment(dt.datetime.fromisoformat(value))
    except ValueError:
        return value


def length(milliseconds: int) -> str:
    """Return how long a song is: 3:07."""
    minutes, seconds = divmod(round(milliseconds / _MILLISECONDS), _SECONDS)
    return f"{minutes}:{seconds:02}"


def hours(milliseconds: int) -> str:
    """Return how long everything plays: 20 hours, or 42 minutes when it is less than one hour."""
    minutes = milliseconds // (_MILLISECONDS * _SECONDS)
    return counted(minutes // _MINUTES, "hour") if minutes >= _MINUTES else counted(minutes, "minute")


def percent(part: float, whole: float) -> str:
    """Return a share in whole percent; something that is not nothing is at least 1 %."""
    share = round(100 * part / whole) if whole else 0
    return f"{max(share, 1 if part else 0)}%"


def name(value: Any, cells: int = NAME_CELLS) -> str:
    """Return a name as it can be shown: never empty, no longer than some cells, without what is no character."""
    text = clean("" if value is None else str(value)[: 4 * cells])
    if not text.strip():
        return _UNKNOWN
    return text if cell_len(text) <= cells else f"{set_cell_size(text, cells - 1).rstrip()}…"


def isolated(value: Any, cells: int = NAME_CELLS) -> str:
    """Return a name for the middle of a sentence: which way it is written changes nothing around it."""
    return f"\N{FIRST STRONG ISOLATE}{_DIRECTIONS.sub('', name(value, cells))}\N{POP DIRECTIONAL ISOLATE}"


def clean(text: str) -> str:
    """Return a text without the characters that XML and HTML know nothing of."""
    return "".join(character if _is_text(ord(character)) else "\N{REPLACEMENT CHARACTER}" for character in text)


def _is_text(code: int) -> bool:
    is_control = code < 0x20 and code not in {0x9, 0xA, 0xD}  # noqa: PLR2004  white space
    is_late_control = 0x7F <= code < 0xA0  # noqa: PLR2004  DEL and C1
    is_surrogate = 0xD800 <= code < 0xE000  # noqa: PLR2004
    is_no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code < 0xFDF0  # noqa: PLR2004
    return not (is_control or is_late_control or is_surrogate or is_no_character)
