"""JSON text to structs without trusting it: strict about what is a document, lenient about what is in it.

Column expressions only. Spark's own reader returns the first of two documents on a line, takes single quotes and NaN,
and gives up a whole array for one element of another type; these expressions do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import uuid4

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StringType, StructField, StructType

# Jackson's own limits (a nesting of 1,000, numbers of 1,000 digits, texts of 20 million characters) stay as they are: a
# number of a million digits takes minutes to read, and no row with a text of that size can be queried.
STRICT = {"mode": "PERMISSIVE", "allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}
_GENEROUS = {**STRICT, "maxNestingDepth": "1000000", "maxNumLen": "2147483647", "maxStringLen": "2147483647"}
_TEXTS = ArrayType(StringType())

# Behind each document stands an end that no input can know. A parser that reaches it has read exactly one document.
_END = uuid4().hex


def parse_document(text: Column, schema: StructType) -> Column:
    """Return the one JSON object in `text` as `schema`; null when it is anything else or any value does not fit."""
    return let(marked(text, schema), the_one)


def marked(text: Column, schema: StructType) -> Column:
    """Return what is read of `text`, an array: `the_one` takes the document from it.

    They are two, since a column of its own is computed once without `let`, which copies what it hands on.
    """
    fields = StructType([*schema.fields, StructField("__end", StringType())])
    return F.from_json(F.concat(F.lit("["), text, F.lit(f',{{"__end":"{_END}"}}]')), ArrayType(fields), STRICT)


def the_one(read: Column) -> Column:
    """Return the one document of what `marked` read; null where there is none, or more than one."""
    first: Column = F.get(read, F.lit(0)).dropFields("__end")
    return F.when(_is_pair(read, F.get(read, F.lit(1))["__end"]), first)


def document_text(text: Column) -> Column:
    """Return the one JSON document in `text`, as text; null when there is none, more than one, or it is not JSON.

    A document that is no object or array comes back as `null`: a JSON text that holds JSON itself is not that JSON.
    """
    pair = F.from_json(F.concat(F.lit("["), text, F.lit(f',"{_END}"]')), _TEXTS, STRICT)

    def document(both: Column) -> Column:
        first = F.when(text.rlike(r"^\s*[{\[]"), F.get(both, F.lit(0)))
        return F.when(_is_pair(both, F.get(both, F.lit(1))), F.coalesce(first, F.lit("null")))

    return let(pair, document)


def is_document(text: Column) -> Column:
    """Tell whether `text` is exactly one JSON value, of any depth up to a million levels and of any size.

    The value is only skipped, as that of a field which nobody asked for, so it takes no memory. What passes both as a
    field's value and as an array's element is one value and nothing behind it.
    """
    mark = F.lit(f'}},{{"__end":"{_END}"}}]')
    marked = ArrayType(StructType([StructField("__end", StringType())]))

    def passes(before: str, after: str) -> Column:
        pair = F.from_json(F.concat(F.lit(f'[{{"x":{before}'), text, F.lit(after), mark), marked, _GENEROUS)
        return let(pair, lambda both: F.coalesce(_is_pair(both, F.get(both, F.lit(1))["__end"]), F.lit(False)))

    return passes("", "") & passes("[", "]")


def elements(text: Column) -> Column:
    """Return the elements of a JSON array as texts (null for a JSON null); null when `text` is no array."""
    return F.when(is_array(text), F.from_json(text, _TEXTS, STRICT))


def lenient(text: Column, kind: DataType) -> Column:
    """Return JSON text as `kind`, value by value: what does not fit is null and spoils nothing beside it."""
    if isinstance(kind, StructType):
        return F.when(is_object(text), let(flat(text, kind.names), lambda values: _fields(values, kind)))
    if isinstance(kind, ArrayType):
        return F.transform(elements(text), lambda element: lenient(element, kind.elementType))
    return text


def flat(text: Column, names: Iterable[str]) -> Column:
    """Return the named values of a JSON object, each as text; nulls when `text` is no object."""
    return F.from_json(text, StructType([StructField(name, StringType()) for name in names]), STRICT)


def is_object(text: Column) -> Column:
    """Tell whether JSON text, as `document_text` and `elements` give it (no blanks in front), holds an object."""
    return text.startswith("{")


def is_array(text: Column) -> Column:
    """Tell whether JSON text, likewise, holds an array."""
    return text.startswith("[")


def _fields(values: Column, kind: StructType) -> Column:
    return F.struct(*(lenient(values[field.name], field.dataType).alias(field.name) for field in kind))


def _is_pair(both: Column, mark: Column) -> Column:
    return (F.size(both) == F.lit(2)) & (mark == F.lit(_END))


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """Evaluate `value` once and hand it to `body`; an expression is otherwise evaluated again wherever it is used."""
    return F.get(F.transform(F.array(value), body), F.lit(0))
