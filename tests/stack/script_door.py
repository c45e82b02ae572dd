"""The door through which a scripted emulator asks a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.stack.scripted_world import World


class Script:
    """The door through which the emulator asks: whatever world is set answers."""

    def __init__(self) -> None:
        self.world: World | None = None
        script = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked: Mapping[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                world = script.world
                said = world.answer(**asked) if world else {"error": "NoWorld", "message": "no test runs"}
                content = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
