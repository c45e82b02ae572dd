"""A reverse proxy before an S3 server: it adds latency and faults, counts requests, and tells of each that changes.

It knows just enough of S3's protocol to say what a request does. A fault is set by what it does and which requests it
befalls; `before_change` is called before each request that changes something and may keep it from being done.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

_READS = ("get", "head", "list", "next page", "bucket")


@dataclass(frozen=True)
class S3Request:
    """One request: what it does (`kind`) and to which object."""

    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    is_copy: bool

    @property
    def kind(self) -> str:
        """`get`, `head`, `list`, `next page`, `put`, `copy`, `delete`, `bulk delete`, or a part of an upload."""
        if not self.key:
            return self._bucket_kind()
        if self.method == "PUT":
            copy_or_put = "copy" if self.is_copy else "put"
            return f"{copy_or_put} part" if "partNumber" in self.query else copy_or_put
        if self.method == "POST":
            return "begin upload" if "uploads" in self.query else "complete upload"
        if self.method == "DELETE":
            return "abort upload" if "uploadId" in self.query else "delete"
        return self.method.lower()

    def _bucket_kind(self) -> str:
        if self.method == "POST" and "delete" in self.query:
            return "bulk delete"
        if self.method == "GET" and ("list-type" in self.query or "prefix" in self.query):
            return "next page" if {"continuation-token", "marker"} & set(self.query) else "list"
        return "bucket"

    @property
    def changes(self) -> bool:
        """Whether it changes what lies in the bucket."""
        return self.kind not in _READS


class Effect(Enum):
    """What becomes of a request. Only after the last one has it been done."""

    INTERNAL_ERROR = (500, "InternalError")
    SLOW_DOWN = (503, "SlowDown")
    RESET = (0, "the connection is reset before anything is done")
    RESET_WHEN_DONE = (0, "the request is done, and the connection reset instead of an answer")


@dataclass
class Fault:
    """An effect on the next `times` requests that match, after `skip` of them went well; None is every one."""

    effect: Effect
    matches: Callable[[S3Request], bool]
    times: int | None = 1
    skip: int = 0
    hits: int = 0

    def befalls(self, request: S3Request) -> bool:
        """Tell whether this request is hit, and remember it."""
        if not self.matches(request) or (self.times is not None and self.hits >= self.times):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


@dataclass
class Seen:
    """What came by: requests by kind, and how many of a kind were under way at once at most."""

    requests: Counter[str] = field(default_factory=Counter)
    at_once: Counter[str] = field(default_factory=Counter)

    @property
    def changes(self) -> int:
        """How many requests changed something."""
        return sum(count for kind, count in self.requests.items() if kind not in _READS)


BeforeChange = Callable[[int, S3Request], bool]


class FaultyS3:
    """The proxy. Use it as a context manager; its settings may be changed while it serves.

    `before_change` is called before each request that changes something, with the request's number (from 1, since the
    last `reset`) and the request, on the thread that serves it: requests under way at once call it at once. It tells
    whether the request is to be done; one that is not gets no answer, its connection is reset.
    """

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.latency = 0.0
        self.before_change: BeforeChange | None = None
        self.seen = Seen()
        self._faults: list[Fault] = []
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._changes = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The endpoint to give to an S3 client."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reset(self) -> None:
        """Forget faults, hook, latency and what was counted."""
        with self._lock:
            self.latency, self.before_change, self.seen, self._faults = 0.0, None, Seen(), []
            self._changes = 0

    @contextmanager
    def fault(
        self, effect: Effect, matches: Callable[[S3Request], bool], *, times: int | None = 1, skip: int = 0
    ) -> Iterator[Fault]:
        """Let a fault befall requests for as long as the block lasts."""
        fault = Fault(effect, matches, times, skip)
        with self._lock:
            self._faults.append(fault)
        try:
            yield fault
        finally:
            with self._lock, suppress(ValueError):
                self._faults.remove(fault)

    def admit(self, request: S3Request) -> Effect | None:
        """Count a request, hold it back for the latency, and return what is to become of it; None: all goes well."""
        if request.changes and not self._may_change(request):
            return Effect.RESET
        with self._lock:
            self.seen.requests[request.kind] += 1
            self._under_way[request.kind] += 1
            self.seen.at_once[request.kind] = max(self.seen.at_once[request.kind], self._under_way[request.kind])
            effect = next((one.effect for one in self._faults if one.befalls(request)), None)
            latency = self.latency
        if latency:
            time.sleep(latency)
        return effect

    def leave(self, request: S3Request) -> None:
        """A request that was admitted has ended."""
        with self._lock:
            self._under_way[request.kind] -= 1

    def _may_change(self, request: S3Request) -> bool:
        with self._lock:
            self._changes += 1
            number, hook = self._changes, self.before_change
        return hook is None or hook(number, request)


class _Server(ThreadingHTTPServer):
    proxy: FaultyS3
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        # Only closed, not shut down first: a connection that is to be reset must not end in good order.
        self.close_request(request)

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that went away, killed or done with a part of an answer, is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._upstream = HTTPConnection("127.0.0.1", self.server.proxy.upstream_port)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        body = self._body()
        address = urlsplit(self.path)
        bucket, _, key = unquote(address.path).lstrip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        request = S3Request(self.command, bucket, key, query, "x-amz-copy-source" in self.headers)
        proxy = self.server.proxy
        effect = proxy.admit(request)
        try:
            if effect in (None, Effect.RESET_WHEN_DONE):
                status, headers, answer = self._forward(body)
            elif effect is not Effect.RESET:
                status, headers, answer = _refusal(effect)
            if effect in (Effect.RESET, Effect.RESET_WHEN_DONE):
                self._reset()
            else:
                self._answer(status, headers, answer)
        finally:
            proxy.leave(request)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                """Trailers say nothing that the server needs."""
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        hop_by_hop = ("connection", "content-length", "expect", "transfer-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in hop_by_hop}
        self._upstream.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        answer = self._upstream.getresponse()
        return answer.status, answer.getheaders(), answer.read()

    def _answer(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers) and status not in (204, 304):
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else answer)

    def _reset(self) -> None:
        # With a linger time of zero, closing sends a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


def _refusal(effect: Effect) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return S3's own answer of an error."""
    status, code = effect.value
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>Injected.</Message><RequestId>faulty</RequestId></Error>"
    ).encode()
    return status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body
