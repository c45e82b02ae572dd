"""What goes wrong with Spotify, by name: answers, and when they are given.

>>> before = in_turn(on("/items", throttled(1), times=1), on("/me", slow(0.1)))
"""

from __future__ import annotations

import threading
from dataclasses import replace
from http import HTTPStatus

from spotify_etl.standin.messages import Answer, Before, Request, Twist, error

PREMIUM_REQUIRED = (
    "Active premium subscription required for the owner of the app. When the subscription status changes, it can take "
    "a few hours before requests are allowed again."
)
NOT_ALLOW_LISTED = "Check settings on developer.spotify.com/dashboard, the user may not be registered."


def throttled(retry_after: int | None) -> Answer:
    """Say that too many requests came within seconds; None leaves out the header."""
    return _later(error(429, "API rate limit exceeded"), retry_after)


def quota_exceeded(retry_after: int | None = 48_925) -> Answer:
    """Say that too many requests came within a day, of all the developer's apps; None leaves out the header."""
    return _later(error(429, "Too many requests", reason="QUOTA_EXCEEDED"), retry_after)


def server_error(status: int = 503) -> Answer:
    """Have a fault, in Spotify's own form."""
    return error(status, HTTPStatus(status).phrase)


def html_gateway_error(status: int = 502) -> Answer:
    """Have a fault somewhere before Spotify, where no JSON comes from."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return Answer(status, f"<html><h1>{title}</h1></html>".encode(), {"Content-Type": "text/html; charset=UTF-8"})


def forbidden() -> Answer:
    """Refuse what is neither the user's own nor one that the user collaborates on."""
    return error(403, "Forbidden")


def insufficient_scope() -> Answer:
    """Refuse what needs more than the user granted."""
    return error(403, "Insufficient client scope")


def not_found() -> Answer:
    """Know nothing of it: deleted, or kept from the app as if it were."""
    return error(404, "Resource not found")


def premium_required() -> Answer:
    """Refuse an app whose owner has no Premium."""
    return error(403, PREMIUM_REQUIRED)


def not_allow_listed() -> Answer:
    """Refuse a user who is not on the app's list."""
    return error(403, NOT_ALLOW_LISTED)


def expired_token() -> Answer:
    """Refuse an access token whose hour is over."""
    return error(401, "The access token expired")


def invalid_token() -> Answer:
    """Refuse an access token that was never given out."""
    return error(401, "Invalid access token")


def no_user() -> Answer:
    """Refuse an app that comes without a user and asks for what is a user's."""
    return error(401, "Unauthorized.")


def on(path_part: str, answer: Answer | Twist | Before, *, times: int | None = None) -> Before:
    """Give an answer to the requests whose path contains `path_part`.

    Parameters
    ----------
    path_part
        Part of a path, "/items" say.
    answer
        The answer, or what makes one of the request; where it makes None, the normal answer is given.
    times
        How often at most an answer is given; None is always.
    """
    lock, left = threading.Lock(), times

    def before(request: Request) -> Answer | Twist | None:
        nonlocal left
        if path_part not in request.path:
            return None
        # One after the other, else two requests at once would share the last time.
        with lock:
            if left == 0:
                return None
            given = answer(request) if callable(answer) else answer
            if left is not None and given is not None:
                left -= 1
            return given

    return before


def in_turn(*befores: Before) -> Before:
    """Ask one after the other and take the first that gives something."""

    def before(request: Request) -> Answer | Twist | None:
        for each in befores:
            given = each(request)
            if given is not None:
                return given
        return None

    return before


def slow(seconds: float) -> Before:
    """Give the normal answer, but later."""
    return lambda _: Twist(delay=seconds)


def reset_mid_body(after: int = 20) -> Before:
    """Give so many bytes of the normal answer's body, then reset the connection."""
    return lambda _: Twist(cut_after=after)


def _later(answer: Answer, retry_after: int | None) -> Answer:
    return answer if retry_after is None else replace(answer, headers={"Retry-After": str(retry_after)})
