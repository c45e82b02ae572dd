"""What can go wrong, each fault its own type: one line that says what happened, to what, and what to do.

`code` is for machines and stays; the text is for people and may change. No message ever carries a token or a secret.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class ExtractError(Exception):
    """Any fault of the extract.

    `fatal` faults end the run: they hit every playlist alike, and only a person can help. `halts` marks those
    after which it is no use to ask Spotify anything more in this run: what is left lands as it was last read.
    """

    code: ClassVar[str] = "extract_failed"
    fatal: ClassVar[bool] = False
    halts: ClassVar[bool] = False


class SettingsError(ExtractError):
    """The environment or the configuration does not say what the run needs."""

    code = "bad_settings"
    fatal = True


class PlaylistIdError(SettingsError):
    """A configured playlist is no id, URI or URL of a playlist."""

    code = "bad_playlist_id"


class PlaylistListError(SettingsError):
    """The list of playlists cannot be read, or there is nothing in it."""

    code = "bad_playlist_list"


class SecretError(SettingsError):
    """The Spotify credentials cannot be read, or something is missing in them."""

    code = "bad_secret"


class EventTimeError(ExtractError):
    """The event's `time` is no point in time, so the run has no name."""

    code = "bad_event_time"
    fatal = True


class StorageError(ExtractError):
    """The raw zone cannot be read or written."""

    code = "storage_failed"
    fatal = True


class KeyRefusedError(StorageError):
    """A key that would leave its bucket's folder, or that a file system cannot hold."""

    code = "key_refused"


class AuthorisationError(ExtractError):
    """Spotify does not let us in: nothing can be read until somebody does something about it."""

    code = "spotify_authorisation"
    fatal = True


class ClientRefusedError(AuthorisationError):
    """Spotify's token endpoint does not know the client id and secret."""

    code = "client_refused"


class ConsentEndedError(AuthorisationError):
    """The refresh token has expired, six months after the consent, or was revoked (`invalid_grant`)."""

    code = "consent_ended"


class AccessTokenError(AuthorisationError):
    """Spotify answers 401: the access token is not accepted. A fresh one is asked for once."""

    code = "access_token_refused"


class PremiumRequiredError(AuthorisationError):
    """The owner of the app has no Premium subscription, which apps in development mode need."""

    code = "premium_required"


class NotAllowListedError(AuthorisationError):
    """The account is not on the list of users of an app in development mode."""

    code = "not_allow_listed"


class ScopeMissingError(AuthorisationError):
    """The consent does not cover what is asked for."""

    code = "scope_missing"


class SpotifyUnavailableError(ExtractError):
    """Spotify answered 5xx."""

    code = "spotify_unavailable"


class SpotifyTimeoutError(SpotifyUnavailableError):
    """Spotify did not answer in time."""

    code = "spotify_timeout"


class SpotifyUnreachableError(SpotifyUnavailableError):
    """There is no connection to Spotify, or it broke in the middle of an answer."""

    code = "spotify_unreachable"


class TokenEndpointError(SpotifyUnavailableError):
    """Spotify's token endpoint answered 5xx, nonsense or not at all: without a token there is nothing to try."""

    code = "spotify_token_unavailable"
    halts = True


class RateLimitedError(ExtractError):
    """Spotify answered 429: too many requests. `retry_after` are its seconds, `retry_at` the moment they end."""

    code = "rate_limited"
    halts = True

    def __init__(self, message: str, *, retry_after: int | None = None, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.retry_at = retry_at


class QuotaExceededError(RateLimitedError):
    """Spotify answered 429 with the reason QUOTA_EXCEEDED: the day's requests of the developer are used up."""

    code = "quota_exceeded"


class RequestBudgetError(ExtractError):
    """The day's budget of requests does not reach for a playlist."""

    code = "budget_spent"


class OutOfTimeError(ExtractError):
    """The time that the Lambda has left is needed to land what was read before."""

    code = "out_of_time"
    halts = True


class PlaylistForbiddenError(ExtractError):
    """Spotify answered 403 for a playlist."""

    code = "playlist_forbidden"


class PlaylistNotFoundError(ExtractError):
    """Spotify answered 404 for a playlist."""

    code = "playlist_not_found"


class SpotifyAnswerError(ExtractError):
    """Spotify's answer is not what its documentation says."""

    code = "bad_answer"


class PlaylistChangedError(ExtractError):
    """The pages of a playlist do not fit together: somebody edits it while it is read."""

    code = "playlist_changed"


class PlaylistShortError(PlaylistChangedError):
    """Fewer or more rows came than the playlist is said to have."""

    code = "playlist_short"


class LibraryChangedError(ExtractError):
    """The list of the account's playlists does not fit together: somebody edits it while it is read."""

    code = "library_changed"


class LastExtractGoneError(ExtractError):
    """The object of a playlist's last complete extract lies in no zone any more, so it cannot land again."""

    code = "last_extract_gone"


class LandingTimeError(OutOfTimeError):
    """The Lambda's time ends before everything that was read earlier could land again."""

    fatal = True


class NothingLandedError(ExtractError):
    """Not one of the wanted playlists could be landed."""

    code = "nothing_landed"
    fatal = True
