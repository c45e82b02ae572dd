"""What `spotify-etl query` asks: a statement, or one of the queries that ship, with values for its parameters."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import athena
from spotify_etl.errors import RefusedError
from spotify_etl.parameters import ParameterError, Value, from_literal, from_text, literal, names, with_literals
from spotify_etl.sql import QueryResult

_STDIN = "-"


@dataclass(frozen=True)
class Asked:
    """A statement of Athena SQL and the value of each of its `:name` placeholders."""

    sql: str
    values: Mapping[str, Value]

    def with_literals(self) -> str:
        """Return the statement with its values written into it, for an engine that takes none beside it."""
        return with_literals(self.sql, self.values)


@dataclass(frozen=True)
class Question:
    """The ways to ask, as they were given: exactly one of them has to be."""

    statement: str | None = None
    file: str | None = None
    name: str | None = None


def shipped(name: str, given: Mapping[str, str] | None = None) -> Asked:
    """Return a query that ships; what is not given has the default that its header says.

    Raises
    ------
    RefusedError
        If there is no query of that name, it has no such parameter, or a parameter cannot have that value.
    """
    given = given or {}
    if name not in athena.queries():
        raise RefusedError(f"There is no query {name!r}. {_nearest(name)}")
    values = {parameter.name: from_literal(parameter.default) for parameter in athena.parameters(name)}
    _refuse_unknown(given, values, name)
    for key, text in given.items():
        try:
            values[key] = from_text(text, values[key])
        except ParameterError as error:
            raise RefusedError(f"--param {key}: {error}") from None
    return Asked(athena.query(name), values)


def asked(question: Question, params: Sequence[str] = ()) -> Asked:
    """Return what is to be asked. The values of somebody's own statement are texts: `CAST(:days AS integer)`.

    Raises
    ------
    RefusedError
        If there is nothing to ask or more than one thing, a file cannot be read, or parameters and values do not fit.
    """
    given = _read(params)
    ways = {"SQL": question.statement, "--file": question.file, "--name": question.name}
    used = [way for way, value in ways.items() if value is not None]
    if len(used) > 1:
        raise RefusedError(f"{' and '.join(used)} exclude each other: one question at a time.")
    if question.name is not None:
        return shipped(question.name, given)
    if question.file is not None:
        return _own(_contents(question.file), given)
    if question.statement is not None:
        return _own(question.statement, given)
    raise RefusedError("What is to be asked? Give SQL, --file PATH or --name NAME; --list lists the names.")


def listing() -> QueryResult:
    """Return the queries that ship: name, question, and the parameters with their defaults."""
    rows: list[tuple[object, ...]] = [
        (
            name,
            athena.question(name),
            ", ".join(f"{parameter.name}={_typed(parameter)}" for parameter in athena.parameters(name)),
        )
        for name in athena.queries()
    ]
    return QueryResult(("name", "question", "parameters"), ("varchar", "varchar", "varchar"), rows)


def _typed(parameter: athena.Parameter) -> str:
    """Return a default as it is typed behind `--param`."""
    value = from_literal(parameter.default)
    return value if isinstance(value, str) else literal(value).removeprefix("DATE ").strip("'()")


def _own(statement: str, given: Mapping[str, str]) -> Asked:
    there = names(statement)
    _refuse_unknown(given, there, "the SQL")
    if missing := [name for name in there if name not in given]:
        raise RefusedError(f"The SQL has :{missing[0]} and no value for it: --param {missing[0]}=VALUE")
    for key, text in given.items():
        try:
            literal(text)
        except ParameterError as error:
            raise RefusedError(f"--param {key}: {error}") from None
    return Asked(statement, given)


def _refuse_unknown(given: Mapping[str, str], there: Mapping[str, Value] | Sequence[str], where: str) -> None:
    for name in given:
        if name not in there:
            has = f"It has {', '.join(there)}." if there else "It has none."
            raise RefusedError(f"{where} has no parameter {name!r}. {has}")


def _read(params: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for param in params:
        name, equals, text = param.partition("=")
        if not equals or not name:
            raise RefusedError(f"--param {param!r} is not NAME=VALUE.")
        if name in given:
            raise RefusedError(f"--param {name} is there twice.")
        given[name] = text
    return given


def _contents(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == _STDIN else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise RefusedError(f"Cannot read {file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{file} is not UTF-8 text.") from None


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, athena.queries(), n=3, cutoff=0.5)
    return f"The nearest: {', '.join(near)}." if near else "spotify-etl query --list lists them."
