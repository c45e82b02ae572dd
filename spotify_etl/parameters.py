"""Values for the `:name` placeholders of a statement, from text for people to what an engine takes.

DuckDB is given the values beside the statement. Athena has positional `?` alone, so there they are written into the
statement, and `literal` is the one place that writes them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

import sqlglot
from sqlglot.errors import SqlglotError

Value = bool | int | Decimal | dt.date | str

_LARGEST = 2**63 - 1
_DIGITS = 38
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_FRACTION = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

_KINDS = {bool: "true or false", int: "a whole number", Decimal: "a number such as 0.5", dt.date: "a date, YYYY-MM-DD"}


class ParameterError(Exception):
    """A value that a parameter cannot have; the text is for people."""


def literal(value: Value) -> str:
    """Return a value as a literal of Athena's SQL that stands for this value and nothing else, wherever it is put.

    Raises
    ------
    ParameterError
        If no literal of the engine stands for it.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise ParameterError(f"{value} is too large: Athena's integers go to {_LARGEST}.")
        return _signed(str(value))
    if isinstance(value, Decimal):
        return _decimal(value)
    raise TypeError(type(value))


def _text(value: str) -> str:
    # In Trino's strings nothing but the quote is special: no backslash, no escape.
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ParameterError("The text is not valid Unicode.") from None
    if "\0" in value:
        raise ParameterError("The text holds a NUL character, which no statement can.")
    return "'" + value.replace("'", "''") + "'"


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ParameterError(f"{value} is no number.")
    text = f"{value:f}"
    if "." not in text:
        # Without a point it would be an integer, and divide as one.
        text += "."
    if sum(character.isdigit() for character in text) > _DIGITS:
        raise ParameterError(f"{value} has more than {_DIGITS} digits.")
    return _signed(text)


def _signed(text: str) -> str:
    """Keep a sign together with its number: behind another minus it would begin a comment."""
    return f"({text})" if text.startswith("-") else text


def from_literal(text: str) -> Value:
    """Return the value of a literal as the queries' headers have them: the opposite of `literal`.

    Raises
    ------
    ParameterError
        If it is none.
    """
    bare = text.removeprefix("(").removesuffix(")") if text.startswith("(-") else text
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"'(?:[^']|'')*'", text):
        return text[1:-1].replace("''", "'")
    if text.startswith("DATE '") and text.endswith("'"):
        return _read_date(text[6:-1])
    if _WHOLE.fullmatch(bare):
        return int(bare)
    return _read_decimal(bare)


def from_text(text: str, like: Value) -> Value:
    """Read what somebody typed as a value of the type that the parameter's default has.

    Raises
    ------
    ParameterError
        If it cannot be read as that.
    """
    value: Value
    if isinstance(like, bool):
        if text.lower() not in ("true", "false"):
            raise ParameterError(_not_a(text, bool))
        value = text.lower() == "true"
    elif isinstance(like, int):
        if not _WHOLE.fullmatch(text) or len(text) > len(str(_LARGEST)) + 1:
            raise ParameterError(_not_a(text, int))
        value = int(text)
    elif isinstance(like, Decimal):
        value = _read_decimal(text)
    elif isinstance(like, dt.date):
        value = _read_date(text)
    else:
        value = text
    # What has no literal is refused here and not on one engine only.
    literal(value)
    return value


def _read_date(text: str) -> dt.date:
    refused = ParameterError(_not_a(text, dt.date))
    if not _DATE.fullmatch(text):
        # Python reads more than that as a date, such as 20260101.
        raise refused
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise refused from None


def _read_decimal(text: str) -> Decimal:
    if not _FRACTION.fullmatch(text):
        raise ParameterError(_not_a(text, Decimal))
    return Decimal(text)


def _not_a(text: str, kind: type) -> str:
    return f"{text!r} is not {_KINDS[kind]}."


def names(sql: str) -> tuple[str, ...]:
    """Return the names of a statement's placeholders, each once, in the order in which they come."""
    return tuple(dict.fromkeys(name for _, _, name in _places(sql)))


def with_literals(sql: str, values: Mapping[str, Value]) -> str:
    """Write the values into a statement of Athena SQL; what is not a placeholder of it stays, to the letter.

    Raises
    ------
    ParameterError
        If a value has no literal.
    KeyError
        If a placeholder has no value.
    """
    parts, end = [], 0
    for start, stop, name in _places(sql):
        parts += [sql[end:start], literal(values[name])]
        end = stop
    return "".join((*parts, sql[end:]))


def _places(sql: str) -> list[tuple[int, int, str]]:
    """Return where each `:name` stands: tokens of the statement, so not in its comments, texts and quoted names."""
    try:
        tokens = sqlglot.tokenize(sql, read="trino")
    except SqlglotError:
        # No SQL at all: whoever runs it says what is wrong with it.
        return []
    return [
        (colon.start, word.end + 1, word.text)
        for colon, word in pairwise(tokens)
        if sql[colon.start : colon.end + 1] == ":"
        and word.start == colon.end + 1
        and sql[word.start : word.end + 1] == word.text
        and _NAME.fullmatch(word.text)
    ]
