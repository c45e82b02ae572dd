"""What the command says when it cannot go on: one line for people, and an exit code."""

from __future__ import annotations

FAILED, REFUSED = 1, 2


class CommandError(Exception):
    """The command was begun and did not succeed."""

    exit_code = FAILED


class RefusedError(CommandError):
    """The command cannot be begun as it was asked for. Nothing was changed."""

    exit_code = REFUSED
