"""What goes over the wire, as far as an answer depends on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request to the Web API, as far as an answer depends on it."""

    method: str
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A status and a body; a body that is no bytes is sent as JSON.

    Parameters
    ----------
    status, body, headers
        What is sent. A `Content-Type` among the headers replaces JSON's.
    delay
        Seconds before the first byte.
    cut_after
        So many bytes of the body are sent, then the connection is reset; the headers promise the whole body.
    """

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    cut_after: int | None = None


@dataclass(frozen=True)
class Twist:
    """What happens to the normal answer on its way; the fields are `Answer`'s."""

    delay: float = 0
    cut_after: int | None = None


Before = Callable[[Request], Answer | Twist | None]
"""Called before a request is answered: may change the world, give another answer, a fault say, or twist the normal one.

Requests come in threads of their own, so it may be called by several at once.
"""


def error(status: int, message: str, **more: str) -> Answer:
    """Build an error in the Web API's form; `more` stands beside the message."""
    return Answer(status, {"error": {"status": status, "message": message, **more}})
