"""MiniStack whose Glue and Athena are answered by a test: run by the emulator's own Python in the place of MiniStack.

Each request to Glue and Athena, also those of a state machine, goes to SCRIPT_URL as {"service", "action", "request"}.
The answer is {"answer": …}, or {"error": a code, "message": …}. What SNS is asked to publish is told there as well, and
then done by MiniStack.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from ministack import app

Handler = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]


def scripted(service: str) -> Handler:
    """Answer a service's requests as the test says."""

    async def handle(
        _method: str, _path: str, headers: Any, body: Any, _query: Any
    ) -> tuple[int, dict[str, str], bytes]:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        said = await asyncio.to_thread(
            _ask, {"service": service, "action": action, "request": json.loads(body or "{}")}
        )
        if "error" in said:
            fault = {"__type": said["error"], "message": said.get("message", "")}
            return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(fault).encode()
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(said["answer"]).encode()

    return handle


def told(service: str, real: Handler) -> Handler:
    """Tell the test what a service of the query protocol is asked for, then let MiniStack answer."""

    async def handle(method: str, path: str, headers: Any, body: Any, query: Any) -> tuple[int, dict[str, str], bytes]:
        text = body.decode() if isinstance(body, bytes) else str(body or "")
        asked = {**{name: value[0] for name, value in (query or {}).items()}, **dict(parse_qsl(text))}
        said = await asyncio.to_thread(_ask, {"service": service, "action": asked.pop("Action", ""), "request": asked})
        if "error" in said:
            fault = f"<ErrorResponse><Error><Code>{said['error']}</Code><Message>no</Message></Error></ErrorResponse>"
            return 400, {"Content-Type": "text/xml"}, fault.encode()
        return await real(method, path, headers, body, query)

    return handle


def _ask(asked: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(os.environ["SCRIPT_URL"], json.dumps(asked).encode())  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        said: dict[str, Any] = json.load(answer)
        return said


def main() -> None:
    """Serve."""
    app.SERVICE_HANDLERS["glue"] = scripted("glue")
    app.SERVICE_HANDLERS["athena"] = scripted("athena")
    app.SERVICE_HANDLERS["sns"] = told("sns", app.SERVICE_HANDLERS["sns"])
    sys.argv = sys.argv[:1]
    app.main()


if __name__ == "__main__":
    main()
