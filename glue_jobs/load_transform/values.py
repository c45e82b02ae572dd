"""Raw texts to typed values, as named column expressions: what does not fit becomes null, never an error.

Each works alike with ANSI mode on and off.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# `\z`, since Java's `$` also stands before a last line feed, which the casts would then take for a blank.
_ISO_TIME = r"^(?!0000)\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?\z"
_WHOLE_NUMBER = r"^[+-]?\d{1,18}\z"
# A zone moves the ends of the calendar beyond what readers of the tables can hold.
_TIMES = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
_INT_RANGE = (-(2**31), 2**31 - 1)
_RELEASED = r"^(?!0000)\d{4}(-\d{2}){0,2}\z"
_PRECISIONS = {4: "year", 7: "month", 10: "day"}
"""By the length of the date."""


def typed(text: Column, kind: str) -> Column:
    """Return text as the contract's type `int`, `bigint`, `boolean` or `timestamp`; null where it does not fit.

    The pattern decides before the cast, since Spark also takes '12:30' for a moment of today and 'y' for true.
    """
    if kind == "boolean":
        return F.when(F.lower(text) == "true", True).when(F.lower(text) == "false", False)
    if kind == "timestamp":
        # Without its Z, which the session's zone stands for: Spark compiles a pattern for each zone that it reads.
        local = F.when(text.endswith("Z"), text.substr(F.lit(1), F.length(text) - 1)).otherwise(text)
        moment = F.try_to_timestamp(F.when(text.rlike(_ISO_TIME), local))
        return F.when(moment.between(*(F.lit(one).cast("timestamp") for one in _TIMES)), moment)
    number = F.when(text.rlike(_WHOLE_NUMBER), text).cast("bigint")
    return F.when(number.between(*_INT_RANGE), number).cast("int") if kind == "int" else number


def not_blank(text: Column) -> Column:
    """Return an id, or null for an empty one and for an object or array where an id belongs."""
    return F.when((text != "") & ~_is_nested(text), text)


def added_at(text: Column) -> Column:
    """Return when a row was added; null for the 1970-01-01 that Spotify gives to every row of an editorial list."""
    moment = typed(text, "timestamp")
    return F.when(F.to_date(moment) != F.lit("1970-01-01").cast("date"), moment)


def release_date(text: Column) -> Column:
    """Return the first day that a release date of any precision names; null for '0000' and nonsense."""
    # What a text of 4, 7 or 10 characters lacks of a day.
    rest = F.lit("-01-01").substr(F.length(text) - 3, F.lit(6))
    return F.try_to_timestamp(F.when(text.rlike(_RELEASED), F.concat(text, rest))).cast("date")


def release_date_precision(text: Column, given: Column) -> Column:
    """Return `year`, `month` or `day`: as given, else by the text's length; null where there is no date."""
    derived = F.coalesce(*(F.when(F.length(text) == length, name) for length, name in _PRECISIONS.items()))
    known = F.when(given.isin(*_PRECISIONS.values()), given)
    return F.when(release_date(text).isNotNull(), F.coalesce(known, derived))


def ids(records: Column) -> Column:
    """Return the non-null ids of an array of records, in the API's order; empty rather than null."""
    return F.coalesce(F.filter(records["id"], lambda value: (value != "") & ~_is_nested(value)), _no_strings())


def names(records: Column) -> Column:
    """Return the names of an array of records, in the API's order; empty rather than null."""
    return F.coalesce(F.filter(records["name"], lambda value: value.isNotNull()), _no_strings())


def web_url(record: Column) -> Column:
    """Return the page that a person opens."""
    return record["external_urls"]["spotify"]


def image_url(record: Column) -> Column:
    """Return the first image, which is the API's largest."""
    return F.get(record["images"], F.lit(0))["url"]


def does_not_fit(text: Column, value: Column) -> Column:
    """Tell whether there was a value and it could not become one of its type."""
    return text.isNotNull() & value.isNull()


def no_id(text: Column) -> Column:
    """Tell whether an object or array is where an id belongs; an empty id is none."""
    return F.coalesce(_is_nested(text), F.lit(False))


def _is_nested(text: Column) -> Column:
    return text.startswith("{") | text.startswith("[")


def _no_strings() -> Column:
    return F.array().cast("array<string>")
