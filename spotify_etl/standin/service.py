"""The stand-in as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from lambda_extract.settings import Credentials
from spotify_etl.standin import web_api
from spotify_etl.standin.accounts import Accounts, RefreshAnswer, TokenRequest
from spotify_etl.standin.messages import Answer, Before, Request, Twist
from spotify_etl.standin.server import Server
from spotify_etl.standin.world import World


class StandIn:
    """The Web API and the accounts service on 127.0.0.1, for as long as the `with` lasts.

    Everything public may be changed while it is served.

    Parameters
    ----------
    world
        What it serves.
    before
        See `Before`; for tests of what goes wrong with the Web API.
    """

    def __init__(self, world: World, *, before: Before | None = None) -> None:
        self.world = world
        self.before = before
        self.requests: list[Request] = []
        """What the Web API was asked, in order; the accounts service is not in it."""
        self.token_requests: list[TokenRequest] = []
        """What the token endpoint was asked, in order."""
        self.consents = True
        """Whether the user says yes at `/authorize`."""
        self.refresh_answer: RefreshAnswer = "absent"
        self.token_fault: Answer | None = None
        """What the token endpoint answers instead."""
        self._accounts = Accounts("stand-in-client", "stand-in-secret", "stand-in-refresh")
        self._server = Server(self.answer)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def credentials(self) -> Credentials:
        """The app and the newest refresh token, whether it came of consent or of rotation."""
        return self._accounts.credentials

    @property
    def refresh_token(self) -> str:
        """The newest refresh token by itself."""
        return self._accounts.refresh_token

    @property
    def api_url(self) -> str:
        """What the Web API's address is here."""
        return f"{self._server.address}/v1/"

    @property
    def token_url(self) -> str:
        """What the token endpoint's address is here."""
        return f"{self._server.address}/api/token"

    @property
    def authorize_url(self) -> str:
        """What the address is here to which the user's browser is sent for consent."""
        return f"{self._server.address}/authorize"

    def expire_tokens(self) -> None:
        """Let all access tokens given out so far be expired."""
        self._accounts.expire_tokens()

    def answer(self, request: Request, authorization: str, form: Mapping[str, str]) -> Answer:
        """Answer one request, to any of the addresses."""
        match request.path:
            case "/api/token":
                self.token_requests.append(TokenRequest(form.get("grant_type", ""), "refresh_token" in form))
                return self._token(request, authorization, form)
            case "/authorize":
                return self._accounts.authorize(request.query, consents=self.consents)
        self.requests.append(request)
        instead = self.before(request) if self.before else None
        if isinstance(instead, Answer):
            return instead
        answer = self._web_api(request, authorization)
        if isinstance(instead, Twist):
            return replace(answer, delay=instead.delay, cut_after=instead.cut_after)
        return answer

    def _web_api(self, request: Request, authorization: str) -> Answer:
        access = self._accounts.access(authorization)
        return access if isinstance(access, Answer) else web_api.respond(self.world, access, request)

    # A method of its own, so that a test may put another in its place.
    def _token(self, request: Request, authorization: str, form: Mapping[str, str]) -> Answer:
        if self.token_fault:
            return self.token_fault
        if request.method != "POST":
            return Answer(405, b"")
        return self._accounts.token(form, authorization, scopes=self.world.scopes, refresh_answer=self.refresh_answer)
