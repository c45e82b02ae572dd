"""The user's consent: the address to open, and the code that the browser brings back to this machine."""

from __future__ import annotations

import queue
import secrets
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from lambda_extract.spotify import SCOPES
from spotify_etl.errors import CommandError, RefusedError

PORT = 8888
WAIT_SECONDS = 300

_HOST = "127.0.0.1"
_PATH = "/callback"
_LONGEST_DETAIL = 80
_PAGE = (
    "<!doctype html><meta charset=utf-8><title>spotify-etl</title>"
    "<p>{text} You can close this window and go on in the terminal.</p>"
)


class NotAnAnswerError(Exception):
    """What came is not the answer to our question; another one may come."""


class DeniedError(CommandError):
    """Spotify's answer is a no."""


def redirect_uri(port: int) -> str:
    """Return what is registered with the app. Spotify compares it letter by letter and takes no `localhost`."""
    return f"http://{_HOST}:{port}{_PATH}"


def authorise_address(token_url: str, *, client_id: str, port: int, state: str) -> str:
    """Return the address where the user consents, on the host of the token endpoint."""
    asked = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri(port),
        "scope": " ".join(SCOPES),
        "state": state,
    }
    return urlsplit(token_url)._replace(path="/authorize", query=urlencode(asked), fragment="").geturl()


def code_in_query(query: str, state: str) -> str:
    """Return the code that came back, if it came for our question.

    Raises
    ------
    NotAnAnswerError
        If the state is not ours, or there is no code.
    DeniedError
        If the user or Spotify said no.
    """
    values = {name: found[-1] for name, found in parse_qs(query).items()}
    # Compared as bytes: text beyond ASCII is refused with another error.
    if not secrets.compare_digest(values.get("state", "").encode(), state.encode()):
        raise NotAnAnswerError("That belongs to another attempt: its `state` is not the one of this address.")
    if "error" in values:
        raise denied(values["error"])
    if not values.get("code"):
        raise NotAnAnswerError("There is no `code` in it.")
    return values["code"]


def pasted_code(text: str, state: str) -> str:
    """Return the code out of what the user pasted: the address that the browser ended on, or the code alone.

    Raises
    ------
    NotAnAnswerError, DeniedError
        As `code_in_query`.
    """
    if "?" in text or "=" in text:
        return code_in_query(text.partition("?")[2].partition("#")[0] or text, state)
    if "/" in text or not text or any(character.isspace() for character in text):
        raise NotAnAnswerError("That is no address with a `code` in it.")
    return text


def denied(error: str) -> DeniedError:
    """Return what to say when the consent was not given."""
    if error == "access_denied":
        return DeniedError("You did not agree (access_denied), so nothing was stored. Run it again if that was a slip.")
    return DeniedError(f"Spotify refuses the consent ({error[:_LONGEST_DETAIL]!a}). Nothing was stored.")


class Callback:
    """Listens on this machine only, in a `with`, until the browser brings the answer.

    Raises
    ------
    RefusedError
        If the port is taken.
    """

    def __init__(self, port: int, state: str) -> None:
        self._answers: queue.SimpleQueue[str | DeniedError] = queue.SimpleQueue()
        try:
            self._http = _Server((_HOST, port), _handler(state, self._answers))
        except OSError as error:
            raise RefusedError(
                f"Port {port} of this machine is not to be had ({error.strerror}). Take another with --port and give "
                "the app that redirect URI too; or use --headless, which listens on none."
            ) from error
        self.port = self._http.server_port
        """Where it listens."""
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def wait(self, seconds: float = WAIT_SECONDS) -> str:
        """Return the code.

        Raises
        ------
        CommandError
            If the answer is a no, or none came in time.
        """
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise CommandError(
                f"Nobody came back from Spotify within {seconds / 60:.0f} minutes. Nothing was stored; run it again, "
                "with --headless if the browser is on another machine."
            ) from None
        if isinstance(answer, DeniedError):
            raise answer
        return answer


class _Server(ThreadingHTTPServer):
    # Browsers open connections ahead and say nothing on them: nobody waits for those.
    daemon_threads = True

    def server_bind(self) -> None:
        # HTTPServer looks up the host's name here, which takes seconds where name resolution is broken.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that broke."""


def _handler(state: str, answers: queue.SimpleQueue[str | DeniedError]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path != _PATH:
                self.send_error(404)
                return
            try:
                answer: str | DeniedError = code_in_query(parts.query, state)
            except NotAnAnswerError:
                self._page(400, "This is not the answer that spotify-etl waits for.")
                return
            except DeniedError as error:
                answer = error
            self._page(200, "Spotify's answer has arrived.")
            answers.put(answer)

        def _page(self, status: int, text: str) -> None:
            body = _PAGE.format(text=text).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's name
            """Keep the code out of the terminal."""

    return Handler
