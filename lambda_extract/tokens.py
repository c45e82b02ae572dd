"""Spotify's token endpoint: a consent into an access token.

Not spotipy's: it reports the scopes that were asked for instead of those that were granted, keeps an empty refresh
token where the answer holds one, and asks on standard input when it finds no usable token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from lambda_extract.errors import (
    AuthorisationError,
    ClientRefusedError,
    ConsentEndedError,
    ExtractError,
    RateLimitedError,
    TokenEndpointError,
)
from lambda_extract.settings import Credentials

TIMEOUT_SECONDS = 10

_LONGEST_BLOCK = 25 * 3600
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
# The codes of OAuth look like this; anything else might repeat what it was sent.
_CODE = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class Token:
    """What the endpoint gave. `refresh_token` is None where it gave none: then the one in use stays good.

    `scopes` is what the user has granted, None where the answer does not tell.
    """

    access_token: str = field(repr=False)
    scopes: tuple[str, ...] | None
    refresh_token: str | None = field(default=None, repr=False)


class TokenEndpoint:
    """The endpoint at one address. Every method raises a typed fault, none with a token or a secret in it.

    Raises
    ------
    ConsentEndedError, ClientRefusedError, AuthorisationError
        When Spotify refuses; trying again is no use.
    TokenEndpointError, RateLimitedError
        When it does not answer as it should; later it may.
    """

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session = session
        self._url = url

    def grant(self, credentials: Credentials) -> Token:
        """Return a fresh access token for the credentials: by their refresh token, else in the app's own name."""
        if credentials.refresh_token is None:
            return self._ask(credentials, {"grant_type": "client_credentials"})
        return self._ask(credentials, {"grant_type": "refresh_token", "refresh_token": credentials.refresh_token})

    def exchange(self, credentials: Credentials, *, code: str, redirect_uri: str) -> Token:
        """Return the tokens for the code that a consent brought back."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._ask(credentials, form)

    def _ask(self, credentials: Credentials, form: Mapping[str, str]) -> Token:
        # `from None` throughout: what is sent and answered here are the secrets themselves.
        try:
            answer = self._session.post(
                self._url,
                data=form,
                auth=(credentials.client_id, credentials.client_secret),
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TokenEndpointError(
                f"Spotify's token endpoint could not be asked ({type(error).__name__}). Try again later."
            ) from None
        try:
            document = answer.json()
        except ValueError:
            document = None
        document = document if isinstance(document, dict) else {}
        if not answer.ok:
            raise _refused(answer, document) from None
        return _token(document)


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Return the seconds of a Retry-After, where the headers tell any."""
    told = str(headers.get("Retry-After", "")).strip()
    # More than about a day is no quota of a day: the next run may ask again.
    return min(int(told[:9]), _LONGEST_BLOCK) if told.isascii() and told.isdecimal() else None


def _token(document: Mapping[str, Any]) -> Token:
    access, refresh, scope = (document.get(name) for name in ("access_token", "refresh_token", "scope"))
    if not isinstance(access, str) or not access:
        raise TokenEndpointError("Spotify's token endpoint answered without a token. Try again later.")
    return Token(
        access_token=access,
        scopes=tuple(scope.split()) if isinstance(scope, str) else None,
        # Since the summer of 2026 mostly absent; clients that kept an empty or null one have locked themselves out.
        refresh_token=refresh if isinstance(refresh, str) and refresh.strip() else None,
    )


def _refused(answer: requests.Response, document: Mapping[str, Any]) -> ExtractError:
    error = document.get("error")
    if error == "invalid_grant":
        return ConsentEndedError(
            "Spotify does not accept the refresh token: expired (six months after the consent) or revoked. "
            "Authorise again: spotify-etl auth."
        )
    if error == "invalid_client":
        return ClientRefusedError(
            "Spotify does not accept the client id and secret. Check both on its dashboard, then: spotify-etl auth."
        )
    if answer.status_code == _TOO_MANY_REQUESTS:
        return RateLimitedError(
            "Spotify's token endpoint answers 429: too many requests. Try again later.",
            retry_after=retry_after(answer.headers),
        )
    if answer.status_code >= _SERVER_ERROR or not isinstance(error, str):
        return TokenEndpointError(f"Spotify's token endpoint answers {answer.status_code}. Try again later.")
    said = error if _CODE.fullmatch(error) else "for a reason of its own"
    return AuthorisationError(f"Spotify's token endpoint refuses ({said}). Authorise again: spotify-etl auth.")
