"""What can go wrong, each fault its own type: one line that says what happened, to what, and what to do.

`code` is for machines and stays; the text is for people and may change. No message ever carries a token or a secret.
"""

from __future__ import annotations

from typing import ClassVar


class ExtractError(Exception):
    """Any fault of the extract. `fatal` faults hit every playlist alike, so they end the run."""

    code: ClassVar[str] = "extract_failed"
    fatal: ClassVar[bool] = False


class SettingsError(ExtractError):
    """The environment or the configuration does not say what the run needs."""

    code = "bad_settings"
    fatal = True


class PlaylistIdError(SettingsError):
    """A configured playlist is no id, URI or URL of a playlist."""

    code = "bad_playlist_id"


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
    """Spotify does not accept the client or its refresh token: nothing can be read until somebody authorises anew."""

    code = "spotify_authorisation"
    fatal = True


class SpotifyUnavailableError(ExtractError):
    """Spotify answered 5xx, too late or not at all."""

    code = "spotify_unavailable"


class TokenEndpointError(SpotifyUnavailableError):
    """Spotify's token endpoint answered 5xx, nonsense or not at all: without a token there is nothing to try."""

    code = "spotify_token_unavailable"
    fatal = True


class RateLimitedError(ExtractError):
    """Spotify answered 429: too many requests, or the quota of the day is used up."""

    code = "rate_limited"


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
    """The pages of a playlist do not fit together: somebody edited it while it was read, or rows are missing."""

    code = "playlist_changed"


class NothingLandedError(ExtractError):
    """Not one of the wanted playlists could be landed."""

    code = "nothing_landed"
    fatal = True
