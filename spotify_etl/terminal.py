"""Talking with who started the command: questions on the terminal, or lines out of a pipe."""

from __future__ import annotations

import getpass
import sys
from typing import TextIO

from spotify_etl.errors import RefusedError


class Terminal:
    """Says sentences and asks questions. What is asked hidden is neither shown nor said again."""

    def __init__(self, answers: TextIO | None = None, out: TextIO | None = None) -> None:
        self._answers = answers or sys.stdin
        self._out = out or sys.stdout

    def say(self, text: str = "") -> None:
        """Print a line, now: somebody may wait for it."""
        self._out.write(text + "\n")
        self._out.flush()

    def ask(self, question: str, *, hidden: bool = False) -> str:
        """Return the answer without white space around it.

        Raises
        ------
        RefusedError
            If the input ended.
        """
        if hidden and self._answers.isatty():
            try:
                return getpass.getpass(f"{question}: ").strip()
            except EOFError:
                return self._ended(question)
        self._out.write(f"{question}: ")
        self._out.flush()
        line = self._answers.readline()
        if not self._answers.isatty():
            self._out.write("\n")
        return line.strip() if line else self._ended(question)

    @staticmethod
    def _ended(question: str) -> str:
        raise RefusedError(f"The input ended before an answer to: {question}. Nothing was stored.")
