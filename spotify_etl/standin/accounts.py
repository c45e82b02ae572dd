"""The accounts service: consent, and tokens for it. What it gives out opens nothing but the stand-in."""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from lambda_extract.settings import Credentials
from spotify_etl.standin import faults
from spotify_etl.standin.messages import Answer

RefreshAnswer = Literal["absent", "empty", "null", "rotated"]
"""What stands under `refresh_token` where an access token is refreshed: since the summer of 2026 usually nothing."""

_LIFETIME = 3600


class Access(NamedTuple):
    """What an access token lets one do: an app by itself, or in the name of the user within the scopes."""

    by_user: bool
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TokenRequest:
    """What came to the token endpoint, without what is secret in it."""

    grant_type: str
    has_refresh_token: bool


class _Consent(NamedTuple):
    """What an app asked the user for. None is whatever there is."""

    asked: tuple[str, ...] | None
    redirect_uri: str = ""

    def granted(self, scopes: Iterable[str]) -> tuple[str, ...]:
        return tuple(scope for scope in scopes if self.asked is None or scope in self.asked)


class Accounts:
    """Codes, refresh tokens and access tokens. Asked by several threads at once.

    Parameters
    ----------
    client_id, client_secret
        The app.
    refresh_token
        One that is good from the beginning, for all that the user grants.
    """

    def __init__(self, client_id: str, client_secret: str, refresh_token: str) -> None:
        self._client_id, self._client_secret = client_id, client_secret
        self.refresh_token = refresh_token
        """The newest one."""
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._codes: dict[str, _Consent] = {}
        self._consents = {refresh_token: _Consent(asked=None)}
        self._access: dict[str, Access] = {}
        self._expired: set[str] = set()

    @property
    def credentials(self) -> Credentials:
        """The app and the newest refresh token."""
        return Credentials(self._client_id, self._client_secret, self.refresh_token)

    def expire_tokens(self) -> None:
        """Let the hour of all access tokens so far be over."""
        with self._lock:
            self._expired |= set(self._access)

    def access(self, authorization: str) -> Access | Answer:
        """Return what the `Authorization` of a request lets one do, or the answer that refuses it."""
        token = authorization.removeprefix("Bearer ")
        with self._lock:
            access = self._access.get(token)
            if access is None or token == authorization:
                return faults.invalid_token()
            return faults.expired_token() if token in self._expired else access

    def authorize(self, query: Mapping[str, str], *, consents: bool) -> Answer:
        """Answer the browser that comes to `/authorize`, as if the user had decided at once."""
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self._client_id:
            return _page("INVALID_CLIENT: Invalid client")
        if not _may_be_redirected_to(redirect_uri):
            return _page("INVALID_CLIENT: Invalid redirect URI")
        if query.get("response_type") != "code":
            return _page("response_type must be code")
        outcome = {"error": "access_denied"}
        if consents:
            with self._lock:
                code = f"stand-in-code-{next(self._numbers)}"
                self._codes[code] = _Consent(tuple(query.get("scope", "").split()), redirect_uri)
            outcome = {"code": code}
        if "state" in query:
            outcome["state"] = query["state"]
        parts = urlsplit(redirect_uri)
        target = parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *outcome.items()]))
        return Answer(302, b"", {"Location": target.geturl()})

    def token(
        self, form: Mapping[str, str], authorization: str, *, scopes: tuple[str, ...], refresh_answer: RefreshAnswer
    ) -> Answer:
        """Answer what is posted to the token endpoint. `scopes` is what the user grants."""
        grants = ("authorization_code", "refresh_token", "client_credentials")
        if form.get("grant_type") not in grants:
            return _refused("unsupported_grant_type", f"grant_type must be one of {', '.join(grants)}")
        client = f"{self._client_id}:{self._client_secret}"
        if authorization != "Basic " + base64.b64encode(client.encode()).decode():
            return _refused("invalid_client", "Invalid client")
        with self._lock:
            match form["grant_type"]:
                case "authorization_code":
                    return self._exchanged(form, scopes)
                case "refresh_token":
                    return self._refreshed(form, scopes, refresh_answer)
            return Answer(200, self._issued(Access(by_user=False)))

    def _exchanged(self, form: Mapping[str, str], scopes: tuple[str, ...]) -> Answer:
        # Taken out whatever comes of it: a code is good for one attempt.
        consent = self._codes.pop(form.get("code", ""), None)
        if consent is None:
            return _refused("invalid_grant", "Invalid authorization code")
        if form.get("redirect_uri") != consent.redirect_uri:
            return _refused("invalid_grant", "Invalid redirect URI")
        return Answer(200, {**self._for_user(consent, scopes), "refresh_token": self._new_refresh_token(consent)})

    def _refreshed(self, form: Mapping[str, str], scopes: tuple[str, ...], refresh_answer: RefreshAnswer) -> Answer:
        consent = self._consents.get(form.get("refresh_token", ""))
        if consent is None:
            return _refused("invalid_grant", "Refresh token revoked")
        answer = self._for_user(consent, scopes)
        match refresh_answer:
            case "empty":
                answer["refresh_token"] = ""
            case "null":
                answer["refresh_token"] = None
            case "rotated":
                self._consents.clear()
                answer["refresh_token"] = self._new_refresh_token(consent)
        return Answer(200, answer)

    def _for_user(self, consent: _Consent, scopes: tuple[str, ...]) -> dict[str, Any]:
        granted = consent.granted(scopes)
        return {**self._issued(Access(by_user=True, scopes=frozenset(granted))), "scope": " ".join(granted)}

    def _issued(self, access: Access) -> dict[str, Any]:
        token = f"stand-in-access-token-{next(self._numbers)}"
        self._access[token] = access
        return {"access_token": token, "token_type": "Bearer", "expires_in": _LIFETIME}

    def _new_refresh_token(self, consent: _Consent) -> str:
        token = f"stand-in-refresh-{next(self._numbers)}"
        self._consents[token] = consent
        self.refresh_token = token
        return token


def _may_be_redirected_to(address: str) -> bool:
    """Tell whether Spotify takes a redirect URI: https, or http to this machine by its number, with a port."""
    try:
        parts = urlsplit(address)
        return (parts.scheme == "https" and bool(parts.hostname)) or _is_loopback(parts)
    except ValueError:  # no address, or a port that is none
        return False


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1"} and parts.port is not None


def _page(text: str) -> Answer:
    return Answer(400, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _refused(error: str, description: str) -> Answer:
    return Answer(400, {"error": error, "error_description": description})
