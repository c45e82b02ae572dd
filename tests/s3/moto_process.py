"""moto's S3 server as a program: it prints its port, and ends when its standard input is closed.

A process of its own, so that Spark's parallel requests do not wait for the test's interpreter.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class KeepAlive(MotoRequestHandler):
    """Several requests a connection, and no waiting for a packet to fill up."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, *_: object) -> None:
        """Say nothing: thousands of requests a test."""


def one_at_a_time(application: Wsgi) -> Wsgi:
    """Let one request in at a time: moto's dictionaries must not change while a listing walks through them."""
    door = threading.Lock()

    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with door:
            return application(environ, start_response)

    return guarded


def main() -> None:
    """Serve until the standard input is closed, as it is when the test has ended, however it ended."""
    application = one_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=KeepAlive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    # Not sys.exit: threads that serve open connections would be waited for.
    os._exit(0)


if __name__ == "__main__":
    main()
