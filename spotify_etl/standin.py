"""A small stand-in of the Spotify Web API on this machine: real HTTP, made-up content, the shape of 2026.

It answers as Spotify answers an app in development mode: rows hold `item`, `/tracks` is forbidden, pages have at most
50 rows, only the user's own playlists show their items. What it serves is the `World` that it is given.
"""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from lambda_extract.settings import Credentials

API = "https://api.spotify.com/v1"
EMBEDDED_ROWS = 100
MOST_ROWS = 50

_ACCESS_TOKEN = "stand-in-access-token"  # noqa: S105  opens nothing


@dataclass(frozen=True)
class ServedPlaylist:
    """A playlist as the API knows it: `metadata` is the playlist object without its items, `rows` are its items."""

    metadata: dict[str, Any]
    rows: list[dict[str, Any]]

    @property
    def playlist_id(self) -> str:
        """The playlist's id."""
        return str(self.metadata["id"])


@dataclass
class World:
    """What there is: one user and the playlists. May be changed while it is served."""

    user_id: str
    playlists: dict[str, ServedPlaylist] = field(default_factory=dict)

    def readable(self, playlist: ServedPlaylist) -> bool:
        """Tell whether the user may see the playlist's items."""
        return bool(playlist.metadata["owner"]["id"] == self.user_id or playlist.metadata["collaborative"])


@dataclass(frozen=True)
class Request:
    """A request to the Web API, as far as an answer depends on it."""

    method: str
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A status and a body; a body that is no bytes is sent as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


Before = Callable[[Request], Answer | None]
"""Called before a request is answered: may change the world, or give another answer, a fault say."""


def items_page(playlist: ServedPlaylist, *, limit: int, offset: int) -> dict[str, Any]:
    """Build the paging object of `/playlists/{id}/items`. Its addresses are Spotify's, as they are in real answers."""
    here = f"{API}/playlists/{playlist.playlist_id}/items"
    return _page(here, playlist.rows, limit=limit, offset=offset, extra={"additional_types": "track,episode"})


class StandIn:
    """The Web API and its token endpoint on 127.0.0.1, for as long as the `with` lasts.

    Parameters
    ----------
    world
        What it serves.
    before
        See `Before`; for tests of what goes wrong.
    """

    def __init__(self, world: World, *, before: Before | None = None) -> None:
        self.world = world
        self.requests: list[Request] = []
        """What the Web API was asked, in order; the token endpoint is not in it."""
        self.credentials = Credentials("stand-in-client", "stand-in-secret", "stand-in-refresh")
        self._before = before
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def api_url(self) -> str:
        """What the Web API's address is here."""
        return f"http://127.0.0.1:{self._server.server_port}/v1/"

    @property
    def token_url(self) -> str:
        """What the token endpoint's address is here."""
        return f"http://127.0.0.1:{self._server.server_port}/api/token"

    def answer(self, request: Request, authorization: str, form: Mapping[str, str]) -> Answer:
        """Answer one request, to either address."""
        if request.path == "/api/token":
            return self._token(request, authorization, form)
        return self._web_api(request, authorization)

    def _web_api(self, request: Request, authorization: str) -> Answer:
        self.requests.append(request)
        instead = self._before(request) if self._before else None
        if instead:
            return instead
        if authorization != f"Bearer {_ACCESS_TOKEN}":
            return _error(401, "Invalid access token")
        match [part for part in request.path.split("/") if part]:
            case ["v1", "me"]:
                return Answer(200, _user(self.world.user_id))
            case ["v1", "me", "playlists"]:
                return self._my_playlists(request)
            case ["v1", "playlists", playlist_id, *rest] if playlist_id in self.world.playlists:
                return self._playlist(self.world.playlists[playlist_id], rest, request)
        return _error(404, "Resource not found")

    def _token(self, request: Request, authorization: str, form: Mapping[str, str]) -> Answer:
        client = f"{self.credentials.client_id}:{self.credentials.client_secret}"
        if request.method != "POST" or form.get("grant_type") != "refresh_token":
            return Answer(400, {"error": "unsupported_grant_type", "error_description": "grant_type is refresh_token"})
        if authorization != "Basic " + base64.b64encode(client.encode()).decode():
            return Answer(400, {"error": "invalid_client", "error_description": "Invalid client"})
        if form.get("refresh_token") != self.credentials.refresh_token:
            return Answer(400, {"error": "invalid_grant", "error_description": "Refresh token revoked"})
        # No new refresh token: since the summer of 2026 there is none in this answer.
        return Answer(200, {"access_token": _ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600, "scope": ""})

    def _my_playlists(self, request: Request) -> Answer:
        simplified = [
            {**playlist.metadata, "items": {"href": f"{API}/playlists/{key}/items", "total": len(playlist.rows)}}
            for key, playlist in self.world.playlists.items()
        ]
        return _paged(f"{API}/me/playlists", simplified, request, default=20)

    def _playlist(self, playlist: ServedPlaylist, rest: list[str], request: Request) -> Answer:
        readable = self.world.readable(playlist)
        match rest:
            case []:
                items = {"items": items_page(playlist, limit=EMBEDDED_ROWS, offset=0)} if readable else {}
                return Answer(200, _only(request.query.get("fields"), {**playlist.metadata, **items}))
            case ["items"] if readable:
                here = f"{API}/playlists/{playlist.playlist_id}/items"
                extra = {name: request.query[name] for name in ("additional_types",) if name in request.query}
                return _paged(here, playlist.rows, request, default=20, extra=extra)
            case ["items"] | ["tracks"]:
                return _error(403, "Forbidden")
        return _error(404, "Resource not found")


class _Server(ThreadingHTTPServer):
    # One request a connection (HTTP/1.0), so closing the server waits for nobody who merely keeps a connection open.
    daemon_threads = False

    def server_bind(self) -> None:
        # HTTPServer looks up the host's name here, which takes seconds where name resolution is broken.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
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
            answer = standin.answer(request, self.headers.get("Authorization", ""), form)
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _paged(
    here: str, rows: list[dict[str, Any]], request: Request, *, default: int, extra: Mapping[str, str] | None = None
) -> Answer:
    limit, offset = request.query.get("limit", str(default)), request.query.get("offset", "0")
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST_ROWS:
        return _error(400, "Invalid limit")
    if not offset.isdecimal():
        return _error(400, "Invalid offset")
    return Answer(200, _page(here, rows, limit=int(limit), offset=int(offset), extra=extra or {}))


def _page(
    here: str, rows: list[dict[str, Any]], *, limit: int, offset: int, extra: Mapping[str, str]
) -> dict[str, Any]:
    def address(start: int) -> str:
        return f"{here}?{urlencode({'offset': start, 'limit': limit, **extra}, safe=',')}"

    return {
        "href": address(offset),
        "items": rows[offset : offset + limit],
        "limit": limit,
        "next": address(offset + limit) if offset + limit < len(rows) else None,
        "offset": offset,
        "previous": address(max(0, offset - limit)) if offset else None,
        "total": len(rows),
    }


def _only(fields: str | None, document: dict[str, Any]) -> dict[str, Any]:
    """Keep the named fields of the top level, which is as much of Spotify's `fields` as the extract uses."""
    return {name: document[name] for name in fields.split(",") if name in document} if fields else document


def _user(user_id: str) -> dict[str, Any]:
    return {
        "account_id": f"acc-{user_id}",
        "display_name": user_id,
        "external_urls": {"spotify": f"https://open.spotify.com/user/{user_id}"},
        "href": f"{API}/users/{user_id}",
        "id": user_id,
        "images": [],
        "type": "user",
        "uri": f"spotify:user:{user_id}",
    }


def _error(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"status": status, "message": message}})


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
