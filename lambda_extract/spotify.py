"""The Spotify Web API, and nothing else that talks to it: one request a call, no retries, every fault typed.

spotipy by itself retries behind the caller's back, sleeps for as long as a 429 says (hours, on a quota) and turns
5xx into 429. Given a plain session it does none of that, so what to do about a fault is decided in `retries`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self

import requests
import spotipy
from spotipy.exceptions import SpotifyException

from lambda_extract.errors import (
    AccessTokenError,
    ExtractError,
    NotAllowListedError,
    PlaylistChangedError,
    PlaylistForbiddenError,
    PlaylistNotFoundError,
    PlaylistShortError,
    PremiumRequiredError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    SpotifyAnswerError,
    SpotifyTimeoutError,
    SpotifyUnavailableError,
    SpotifyUnreachableError,
)
from lambda_extract.settings import SPOTIFY_API_URL, SPOTIFY_TOKEN_URL, Credentials, is_loopback
from lambda_extract.tokens import TokenEndpoint, retry_after

PAGE_SIZE = 50
"""The most that `/playlists/{id}/items` and `/me/playlists` give at once."""

EMBEDDED_SIZE = 100
"""The most rows that come with a playlist itself."""

SCOPES = ("playlist-read-private", "playlist-read-collaborative")

# Everything that a playlist is known to have but its items. Excluding them by `!items` is documented for nested
# objects only.
METADATA_FIELDS = (
    "collaborative,description,external_urls,followers,href,id,images,name,owner,primary_color,public,snapshot_id,"
    "type,uri"
)
_TYPES = ("track", "episode")
_CONNECT_SECONDS, _READ_SECONDS = 5, 10

_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY_REQUESTS, _SERVER_ERROR = 401, 403, 404, 429, 500
_BAD_GATEWAY = 502


class PlaylistSource(Protocol):
    """What the extract asks of Spotify. Methods raise typed errors of `lambda_extract.errors`."""

    def me(self) -> dict[str, Any]:
        """Return the account in whose name is asked."""

    def my_playlists(self, offset: int) -> dict[str, Any]:
        """Return a page of the account's playlists, those that it only follows too, without their items."""

    def playlist(self, playlist_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return the playlist object without its items, and the first page of them, which came with it, if one did."""

    def metadata(self, playlist_id: str) -> dict[str, Any]:
        """Return the playlist object verbatim, without its items."""

    def snapshot_id(self, playlist_id: str) -> str | None:
        """Return the version of the playlist as it is now."""

    def page(self, playlist_id: str, offset: int) -> dict[str, Any]:
        """Return the paging object at an offset verbatim: `items` is a list, `total` a count, `offset` as asked."""


class SpotifySource(PlaylistSource, Protocol):
    """The same, one request a call, on a connection that may need another access token."""

    def connect(self) -> None:
        """Get ready to ask: have an access token."""

    def disconnect(self) -> None:
        """Forget the access token, which was not accepted."""


class SpotifyClient:
    """The Web API in the name of one user, or of an app. Use it in a `with`, or `close()` it.

    Nothing that is logged or raised carries a secret.

    Parameters
    ----------
    clock
        Returns the present moment: what a Retry-After counts from.
    on_new_refresh_token
        Is given a refresh token that Spotify exchanged for ours, to be kept for the next run.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        api_url: str = SPOTIFY_API_URL,
        token_url: str = SPOTIFY_TOKEN_URL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_new_refresh_token: Callable[[str], None] = lambda _: None,
    ) -> None:
        keep_secrets_out_of_logs()
        self.scopes: tuple[str, ...] | None = None
        """What the user has granted, as the last access token tells; None where it does not, or before."""
        self._credentials = credentials
        self._api_url = api_url.rstrip("/") + "/"
        self._session = open_session(api_url)
        self._tokens = TokenEndpoint(self._session, token_url)
        self._clock = clock
        self._on_new_refresh_token = on_new_refresh_token
        self._spotify: spotipy.Spotify | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def connect(self) -> None:
        """Have an access token."""
        if self._spotify is not None:
            return
        token = self._tokens.grant(self._credentials)
        self.scopes = token.scopes
        if token.refresh_token not in {None, self._credentials.refresh_token}:
            self._credentials = replace(self._credentials, refresh_token=token.refresh_token)
            self._on_new_refresh_token(str(token.refresh_token))
        self._spotify = spotipy.Spotify(
            auth=token.access_token,
            requests_session=self._session,
            requests_timeout=(_CONNECT_SECONDS, _READ_SECONDS),
        )
        self._spotify.prefix = self._api_url

    def disconnect(self) -> None:
        """Forget the access token."""
        self._spotify = None

    def me(self) -> dict[str, Any]:
        """Return the account."""
        return self._get("me", about="your account")

    def my_playlists(self, offset: int) -> dict[str, Any]:
        """Return a page of the account's playlists."""
        self.connect()
        lacking = [scope for scope in SCOPES if self.scopes is not None and scope not in self.scopes]
        if lacking:
            # Spotify leaves out what the consent does not cover, which would look like playlists that were deleted.
            raise ScopeMissingError(
                f"The consent does not cover {' and '.join(lacking)}: your list of playlists would not be whole. "
                "Authorise again: spotify-etl auth."
            )
        page = self._get("current_user_playlists", about="your list of playlists", limit=PAGE_SIZE, offset=offset)
        if not is_page(page, offset):
            raise SpotifyAnswerError(f"Your list of playlists at offset {offset} came as no page.")
        return page

    def playlist(self, playlist_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return the playlist and its first page, of up to 100 rows, in one request."""
        answer = self._playlist(playlist_id)
        embedded = next((answer[name] for name in ("items", "tracks") if is_page(answer.get(name), 0)), None)
        return _without_items(answer), embedded

    def metadata(self, playlist_id: str) -> dict[str, Any]:
        """Return the playlist object verbatim, without its items."""
        return _without_items(self._playlist(playlist_id, fields=METADATA_FIELDS))

    def snapshot_id(self, playlist_id: str) -> str | None:
        """Return the version of the playlist as it is now."""
        about = f"playlist {playlist_id}"
        answer = self._get("playlist", playlist_id, about=about, fields="snapshot_id", additional_types=_TYPES)
        snapshot = answer.get("snapshot_id")
        return snapshot if isinstance(snapshot, str) else None

    def page(self, playlist_id: str, offset: int) -> dict[str, Any]:
        """Return the page at an offset verbatim. Its `next` is not followed: the token goes to our host only."""
        about = f"playlist {playlist_id}"
        page = self._get(
            "playlist_items", playlist_id, about=about, limit=PAGE_SIZE, offset=offset, additional_types=_TYPES
        )
        if not is_page(page, offset):
            raise SpotifyAnswerError(
                f"The items of playlist {playlist_id} at offset {offset} came as no page of items."
            )
        return page

    def _playlist(self, playlist_id: str, **arguments: Any) -> dict[str, Any]:
        about = f"playlist {playlist_id}"
        answer = self._get("playlist", playlist_id, about=about, additional_types=_TYPES, **arguments)
        if answer.get("id") != playlist_id:
            raise SpotifyAnswerError(f"Asked for playlist {playlist_id}, Spotify answered with another one.")
        return answer

    def _get(self, method: str, *what: str, about: str, **arguments: Any) -> dict[str, Any]:
        self.connect()
        try:
            answer = getattr(self._spotify, method)(*what, **arguments)
        except SpotifyException as error:
            # `from None` throughout: the bodies of answers may name an account, and a traceback would show them.
            raise _fault(error, about, self._clock()) from None
        except requests.Timeout:
            raise SpotifyTimeoutError(f"Spotify did not answer in time for {about}. Try again later.") from None
        except requests.RequestException as error:
            raise SpotifyUnreachableError(
                f"The connection to Spotify failed for {about} ({type(error).__name__}). Try again later."
            ) from None
        except AttributeError as error:
            # spotipy stumbles over error bodies of another form than Spotify's, a gateway's say.
            answer = getattr(error.__context__, "response", None)
            status = getattr(answer, "status_code", _BAD_GATEWAY)
            raise _fault(SpotifyException(status, -1, "", headers={}), about, self._clock()) from None
        except RecursionError:
            raise SpotifyAnswerError(f"Spotify's answer for {about} is nested too deeply to be read.") from None
        if not isinstance(answer, dict):
            raise SpotifyAnswerError(f"Spotify's answer for {about} is no JSON object.")
        return answer


def open_session(url: str) -> requests.Session:
    """Return a session that sends the headers it is told to, and to nobody but whom it is told to."""
    session = requests.Session()
    # A ~/.netrc would replace the Authorization header; a proxy cannot reach a stand-in on this machine.
    session.auth = _leave_headers_alone
    session.trust_env = not is_loopback(url)
    return session


def is_page(value: object, offset: int) -> bool:
    """Tell whether a value is a paging object at an offset."""
    if not isinstance(value, dict):
        return False
    items, total = value.get("items"), value.get("total")
    return isinstance(items, list) and type(total) is int and value.get("offset") == offset


def read_pages(
    source: PlaylistSource, playlist: dict[str, Any], embedded: dict[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield every page of a playlist, by offset, one at a time; a playlist without items has one empty page.

    `embedded` is the first page where it came with the playlist; the pages go on behind its rows, however many.

    Raises
    ------
    PlaylistChangedError
        After the last page at the latest, if the pages do not make up one version of the playlist: `total` moved,
        rows are short of it or above it, or `snapshot_id` is another than in `playlist`.
    """
    playlist_id = playlist["id"]
    page = embedded or source.page(playlist_id, 0)
    total = page["total"]
    read = len(page["items"])
    yield page
    while page["items"] and read < total:
        page = source.page(playlist_id, read)
        if page["total"] != total:
            raise PlaylistChangedError(_changed(playlist_id, f"it had {total} items and then {page['total']}"))
        read += len(page["items"])
        yield page
    if read != total:
        raise PlaylistShortError(_changed(playlist_id, f"{read} of its {total} items came"))
    # A single page is one version by itself. Between pages songs may be swapped without a trace in `total`.
    if read > len(page["items"]) and source.snapshot_id(playlist_id) != playlist.get("snapshot_id"):
        raise PlaylistChangedError(_changed(playlist_id, "it has another snapshot_id than before"))


def keep_secrets_out_of_logs() -> None:
    """Silence the loggers that would write tokens and secrets at DEBUG, whatever level the root logger has.

    What spotipy logs as an error is raised here with a better sentence, so it says nothing at all.
    """
    logging.getLogger("spotipy").setLevel(logging.CRITICAL)
    for name in ("urllib3", "requests", "boto3", "botocore"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))


def _leave_headers_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _without_items(playlist: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in playlist.items() if name not in {"items", "tracks"}}


def _changed(playlist_id: str, how: str) -> str:
    return f"Playlist {playlist_id} changed while it was read: {how}. The next run reads it again."


def _fault(error: SpotifyException, about: str, now: datetime) -> ExtractError:
    status, asked = error.http_status, f"Spotify answers {error.http_status} for {about}"
    if status == _UNAUTHORISED:
        return AccessTokenError(f"{asked}: it does not accept the access token. Authorise again: spotify-etl auth.")
    if status == _FORBIDDEN:
        # spotipy puts the address before what Spotify says.
        return _forbidden(str(error.msg).partition(":\n ")[2].lower(), asked, of_playlist=about.startswith("playlist"))
    if status == _NOT_FOUND:
        return PlaylistNotFoundError(f"{asked}: deleted, private, or one of Spotify's own, which apps cannot read.")
    if status == _TOO_MANY_REQUESTS:
        return _limited(error, asked, now)
    if status >= _SERVER_ERROR:
        return SpotifyUnavailableError(f"{asked}: Spotify has a fault. Try again later.")
    return SpotifyAnswerError(f"{asked}, which it should not.")


def _forbidden(said: str, asked: str, *, of_playlist: bool) -> ExtractError:
    if "premium" in said:
        return PremiumRequiredError(
            f"{asked}: the owner of the app needs an active Premium subscription. After it was renewed it can take "
            "some hours."
        )
    if "may not be registered" in said:
        return NotAllowListedError(
            f"{asked}: the account is not on the app's list. Add it on the dashboard under User Management."
        )
    if "scope" in said and of_playlist:
        return PlaylistForbiddenError(
            f"{asked}: the consent does not cover this one. Authorise again: spotify-etl auth."
        )
    if "scope" in said:
        return ScopeMissingError(f"{asked}: the consent does not cover that. Authorise again: spotify-etl auth.")
    return PlaylistForbiddenError(f"{asked}: an app reads only playlists that its user owns or collaborates on.")


def _limited(error: SpotifyException, asked: str, now: datetime) -> RateLimitedError:
    seconds = retry_after(error.headers or {})
    until = now + timedelta(seconds=seconds) if seconds is not None else None
    # To the minute, and not a minute that has begun.
    later = f"after {until.astimezone(UTC) + timedelta(seconds=59):%Y-%m-%d %H:%M} UTC" if until else "tomorrow"
    if error.reason == "QUOTA_EXCEEDED":
        return QuotaExceededError(
            f"{asked}: the quota of requests is used up (QUOTA_EXCEEDED). It is worth trying again {later}.",
            retry_after=seconds,
            retry_at=until,
        )
    return RateLimitedError(
        f"{asked}: too many requests. It is worth trying again {later}.", retry_after=seconds, retry_at=until
    )
