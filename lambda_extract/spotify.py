"""The Spotify Web API, and nothing else that talks to it: one request a call, no retries, every fault typed.

spotipy by itself retries behind the caller's back, sleeps for as long as a 429 says (hours, on a quota) and turns
5xx into 429. Given a plain session it does none of that, so what to do about a fault is decided here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol, Self

import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.exceptions import SpotifyException, SpotifyOauthError
from spotipy.oauth2 import SpotifyOAuth

from lambda_extract.errors import (
    AuthorisationError,
    ExtractError,
    PlaylistChangedError,
    PlaylistForbiddenError,
    PlaylistNotFoundError,
    RateLimitedError,
    SpotifyAnswerError,
    SpotifyUnavailableError,
    TokenEndpointError,
)
from lambda_extract.settings import SPOTIFY_API_URL, SPOTIFY_TOKEN_URL, Credentials, is_loopback

PAGE_SIZE = 50
"""The most that `/playlists/{id}/items` gives at once."""

SCOPES = ("playlist-read-private", "playlist-read-collaborative")

# Everything that a playlist is known to have but its items, which the API would otherwise embed (up to 100 rows that
# do not fit the pages of 50). Excluding them by `!items` is documented for nested objects only.
METADATA_FIELDS = (
    "collaborative,description,external_urls,followers,href,id,images,name,owner,primary_color,public,snapshot_id,"
    "type,uri"
)
_TYPES = ("track", "episode")
_TIMEOUT_SECONDS = 10

HTTP_UNAUTHORISED = 401
HTTP_FORBIDDEN = 403
HTTP_NOT_FOUND = 404
HTTP_TOO_MANY_REQUESTS = 429
HTTP_SERVER_ERROR = 500


class PlaylistSource(Protocol):
    """What the extract asks of Spotify. Methods raise typed errors of `lambda_extract.errors`."""

    @property
    def requests(self) -> int:
        """Requests to the Web API so far; those to the token endpoint do not count into the quota."""

    def metadata(self, playlist_id: str) -> dict[str, Any]:
        """Return the playlist object verbatim, without its items."""

    def snapshot_id(self, playlist_id: str) -> str | None:
        """Return the version of the playlist as it is now."""

    def page(self, playlist_id: str, offset: int) -> dict[str, Any]:
        """Return the paging object at an offset verbatim: `items` is a list, `total` a count, `offset` as asked."""


class SpotifyClient:
    """The Web API in the name of one user. Use it in a `with`, or `close()` it.

    The access token is fetched with the first request. Nothing that is logged or raised carries a secret.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        api_url: str = SPOTIFY_API_URL,
        token_url: str = SPOTIFY_TOKEN_URL,
    ) -> None:
        keep_secrets_out_of_logs()
        self._credentials = credentials
        self._api_url = api_url.rstrip("/") + "/"
        self._token_url = token_url
        self._session = requests.Session()
        # A ~/.netrc would replace the Authorization header; a proxy cannot reach a stand-in on this machine.
        self._session.auth = _leave_headers_alone
        self._session.trust_env = not is_loopback(api_url)
        self._spotify: spotipy.Spotify | None = None
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @property
    def requests(self) -> int:
        """Requests to the Web API so far."""
        return self._requests

    def metadata(self, playlist_id: str) -> dict[str, Any]:
        """Return the playlist object verbatim, without its items."""
        answer = self._get("playlist", playlist_id, fields=METADATA_FIELDS, additional_types=_TYPES)
        if answer.get("id") != playlist_id:
            raise SpotifyAnswerError(f"Asked for playlist {playlist_id}, Spotify answered with another one.")
        return {name: value for name, value in answer.items() if name not in {"items", "tracks"}}

    def snapshot_id(self, playlist_id: str) -> str | None:
        """Return the version of the playlist as it is now."""
        snapshot = self._get("playlist", playlist_id, fields="snapshot_id", additional_types=_TYPES).get("snapshot_id")
        return snapshot if isinstance(snapshot, str) else None

    def page(self, playlist_id: str, offset: int) -> dict[str, Any]:
        """Return the page at an offset verbatim. Its `next` is not followed: the token goes to our host only."""
        page = self._get("playlist_items", playlist_id, limit=PAGE_SIZE, offset=offset, additional_types=_TYPES)
        total = page.get("total")
        if not isinstance(page.get("items"), list) or not isinstance(total, int) or page.get("offset") != offset:
            raise SpotifyAnswerError(
                f"The items of playlist {playlist_id} at offset {offset} came as no page of items."
            )
        return page

    def _get(self, method: str, playlist_id: str, **arguments: Any) -> dict[str, Any]:
        spotify = self._connected()
        self._requests += 1
        try:
            answer = getattr(spotify, method)(playlist_id, **arguments)
        except SpotifyException as error:
            raise _fault(error, playlist_id) from error
        except (requests.RequestException, AttributeError) as error:
            # AttributeError: spotipy stumbles over error bodies of another form than Spotify's, a gateway's say.
            raise SpotifyUnavailableError(
                f"Spotify could not be asked for playlist {playlist_id} ({type(error).__name__}). Try again later."
            ) from error
        if not isinstance(answer, dict):
            raise SpotifyAnswerError(f"Spotify's answer for playlist {playlist_id} is no JSON object.")
        return answer

    def _connected(self) -> spotipy.Spotify:
        if self._spotify is None:
            self._spotify = spotipy.Spotify(
                auth=self._access_token(), requests_session=self._session, requests_timeout=_TIMEOUT_SECONDS
            )
            self._spotify.prefix = self._api_url
        return self._spotify

    def _access_token(self) -> str:
        # By refresh_access_token and not through an auth manager: where one finds no usable token it asks on stdin.
        oauth = SpotifyOAuth(
            client_id=self._credentials.client_id,
            client_secret=self._credentials.client_secret,
            redirect_uri="http://127.0.0.1:8888/callback",  # not used by a refresh, but asked for
            scope=list(SCOPES),
            cache_handler=MemoryCacheHandler(),
            requests_session=self._session,
            requests_timeout=_TIMEOUT_SECONDS,
            open_browser=False,
        )
        oauth.OAUTH_TOKEN_URL = self._token_url
        # `from None` throughout: an answer of this endpoint is the one place where an exception may hold a token.
        try:
            token = oauth.refresh_access_token(self._credentials.refresh_token)["access_token"]
        except SpotifyOauthError as error:
            raise _refused(error) from None
        except requests.exceptions.JSONDecodeError:
            raise TokenEndpointError("Spotify's token endpoint did not answer with JSON.") from None
        except requests.RequestException as error:
            raise TokenEndpointError(
                f"Spotify's token endpoint could not be asked ({type(error).__name__}). Try again later."
            ) from None
        except (KeyError, TypeError, AttributeError):
            raise TokenEndpointError("Spotify's token endpoint answered without a token.") from None
        if not isinstance(token, str) or not token:
            raise TokenEndpointError("Spotify's token endpoint answered without a token.")
        return token


def read_pages(source: PlaylistSource, playlist: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every page of a playlist, by offset, one at a time; a playlist without items has one empty page.

    Raises
    ------
    PlaylistChangedError
        After the last page at the latest, if the pages do not make up one version of the playlist: `total` moved,
        rows are short of it or above it, or `snapshot_id` is another than in `playlist`.
    """
    playlist_id = playlist["id"]
    page = source.page(playlist_id, 0)
    total = page["total"]
    read = len(page["items"])
    yield page
    while page["items"] and read < total:
        page = source.page(playlist_id, read)
        if page["total"] != total:
            raise _changed(playlist_id, f"it had {total} items and then {page['total']}")
        read += len(page["items"])
        yield page
    if read != total:
        raise _changed(playlist_id, f"{read} of its {total} items came")
    # A single page is one version by itself. Between pages songs may be swapped without a trace in `total`.
    if read > len(page["items"]) and source.snapshot_id(playlist_id) != playlist.get("snapshot_id"):
        raise _changed(playlist_id, "it has another snapshot_id than before")


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


def _changed(playlist_id: str, how: str) -> PlaylistChangedError:
    return PlaylistChangedError(
        f"Playlist {playlist_id} changed while it was read: {how}. The next run reads it again."
    )


def _fault(error: SpotifyException, playlist_id: str) -> ExtractError:
    status = error.http_status
    asked = f"Spotify answers {status} for playlist {playlist_id}"
    if status == HTTP_UNAUTHORISED:
        return AuthorisationError("Spotify answers 401: it does not accept the access token. Authorise again.")
    if status == HTTP_FORBIDDEN:
        return PlaylistForbiddenError(f"{asked}: an app reads only playlists that its user owns or collaborates on.")
    if status == HTTP_NOT_FOUND:
        return PlaylistNotFoundError(f"{asked}: deleted, private, or one of Spotify's own, which apps cannot read.")
    if status == HTTP_TOO_MANY_REQUESTS:
        return RateLimitedError(f"{asked}: too many requests. Try again later.")
    if status >= HTTP_SERVER_ERROR:
        return SpotifyUnavailableError(f"{asked}: Spotify has a fault. Try again later.")
    return SpotifyAnswerError(f"{asked}, which it should not.")


def _refused(error: SpotifyOauthError) -> ExtractError:
    if error.error == "invalid_grant":
        return AuthorisationError(
            "Spotify does not accept the refresh token: expired (6 months) or revoked. Authorise again."
        )
    if error.error == "invalid_client":
        return AuthorisationError("Spotify does not accept the client id and secret. Check both on its dashboard.")
    return TokenEndpointError("Spotify's token endpoint refused without a known reason. Try again later.")
