"""HTTP on 127.0.0.1: nothing of Spotify, only how bytes come and go, and how they fail to."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from spotify_etl.standin.messages import Answer, Request

Respond = Callable[[Request, str, Mapping[str, str]], Answer]
"""Answers a request, its `Authorization` and its form."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Server:
    """A server that is ready to listen at once, and listens from `start` to `stop`."""

    def __init__(self, respond: Respond) -> None:
        self._stopping = threading.Event()
        self._http = _HTTPServer(("127.0.0.1", 0), _handler(respond, self._stopping))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def address(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop at once: who waits for a delayed answer gets none."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _HTTPServer(ThreadingHTTPServer):
    # One request a connection (HTTP/1.0), so closing the server waits for nobody who merely keeps a connection open.
    daemon_threads = False
    request_queue_size = 128  # the default of 5 turns away clients that ask for many things at once

    def server_bind(self) -> None:
        # HTTPServer looks up the host's name here, which takes seconds where name resolution is broken.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


def _handler(respond: Respond, stopping: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            self._respond(form={})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._respond(form=_flat(body))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's name
            """Keep the terminal for what the user asked."""

        def _respond(self, form: Mapping[str, str]) -> None:
            parts = urlsplit(self.path)
            request = Request(self.command, parts.path, _flat(parts.query))
            answer = respond(request, self.headers.get("Authorization", ""), form)
            if answer.delay and stopping.wait(answer.delay):
                return
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: answer.cut_after])
            if answer.cut_after is not None:
                self._reset()

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            # Closed here, before the server shuts it down, which would end the connection in good order.
            self.connection.close()

    return Handler


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
