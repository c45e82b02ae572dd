"""What `deploy` and `destroy` say and ask, on a terminal or without one."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.markup import escape

from spotify_etl.errors import RefusedError
from spotify_etl.terminal import Terminal


class Talk:
    """Says lines, and asks whether to go on: `yes` answers every question beforehand.

    Raises
    ------
    RefusedError
        When it is made without `yes` where nobody can answer.
    """

    def __init__(self, console: Console, terminal: Terminal, *, yes: bool) -> None:
        if not yes and not sys.stdin.isatty():
            raise RefusedError("There is no terminal to ask at. Add --yes to go on without questions.")
        self.console = console
        self.terminal = terminal
        self._yes = yes

    def say(self, text: str = "") -> None:
        """Print a line as it is; the terminal wraps it."""
        self.console.print(escape(text), soft_wrap=True, highlight=False)

    def head(self, text: str) -> None:
        """Print the line that a list follows."""
        self.console.print(f"\n[bold]{escape(text)}[/bold]", soft_wrap=True, highlight=False)

    def confirm(self, question: str) -> bool:
        """Ask a question whose answer is yes or no; anything but yes is no."""
        if self._yes:
            return True
        return self.terminal.ask(f"{question} [y/N]").lower() in {"y", "yes"}

    def ask(self, question: str) -> str:
        """Ask for what no `yes` can answer.

        Raises
        ------
        RefusedError
            Where nobody can.
        """
        if not sys.stdin.isatty():
            raise RefusedError(f"There is no terminal to ask at: {question}. Add --confirm NAME.")
        return self.terminal.ask(question)
