"""Where the command finds its Spotify credentials, and where it keeps them: the environment, else one file."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lambda_extract.errors import SecretError
from lambda_extract.settings import Credentials
from spotify_etl.errors import CommandError, RefusedError

NAMES = ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "SPOTIFY_REFRESH_TOKEN")
"""The environment variables that are used before the file where all of them are set."""

Keep = Callable[[str], None]
"""Is given the refresh token that Spotify exchanged for ours. Raises `CommandError`, to be told, if it cannot keep it.

Whoever asks Spotify goes on all the same: mostly the former token stays good.
"""

# What `Credentials.as_json` may write. A new consent replaces all of it, so that no `grant` of before stays.
_OURS = ("client_id", "client_secret", "refresh_token", "grant", "user_id", "authorized_at")
_OTHERS_MAY = 0o077
_NOT_THERE = (FileNotFoundError, NotADirectoryError)


def credentials_file(environment: Mapping[str, str]) -> Path:
    """Return where the credentials of this user lie, or would."""
    # By its specification a relative XDG_CONFIG_HOME does not count.
    config = Path(environment.get("XDG_CONFIG_HOME", ""))
    if not config.is_absolute():
        config = Path(environment.get("HOME") or Path.home()) / ".config"
    return config / "spotify-etl" / "credentials.json"


def load(environment: Mapping[str, str]) -> tuple[Credentials, Keep]:
    """Return the credentials, and how to keep a refresh token that Spotify exchanges for theirs.

    Raises
    ------
    RefusedError
        If there are none, or they are not usable as they are.
    """
    path = credentials_file(environment)
    absent = [name for name in NAMES if not environment.get(name, "").strip()]
    if not absent:
        return _from_environment(environment), _cannot_keep
    if path.exists():
        return _from_file(path), lambda token: _keep_in_file(path, token)
    if len(absent) < len(NAMES):
        raise RefusedError(
            f"{', '.join(absent)} not set, the rest of the credentials is. Set all three or none and let "
            "`spotify-etl auth` keep them in a file; docs/spotify.md says how."
        )
    raise RefusedError(
        "There are no Spotify credentials yet: `spotify-etl auth` gets them, docs/spotify.md says what you need "
        f"(or set {', '.join(NAMES)}). `spotify-etl run --sample` needs none."
    )


def save(credentials: Credentials, path: Path) -> None:
    """Write the credentials, readable by nobody else from the first byte on; other keys of the file stay.

    Raises
    ------
    RefusedError
        If the file would lie in a git work tree, or cannot be written.
    """
    refuse_work_tree(path)
    try:
        _write(path, merged(read_document(path), credentials))
    except OSError as error:
        raise RefusedError(f"{path} cannot be written ({error.strerror}). Nothing was stored.") from error


def refuse_work_tree(path: Path) -> None:
    """Make sure that the file is nothing that git would pick up.

    Raises
    ------
    RefusedError
        If it lies in a git work tree, as a linked ~/.config may.
    """
    folder = path.parent.resolve()
    tree = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    if tree:
        raise RefusedError(
            f"{path} lies in the git work tree {tree}, where secrets get committed. "
            "Set XDG_CONFIG_HOME to a folder outside of it."
        )


def merged(document: Mapping[str, Any], credentials: Credentials) -> dict[str, Any]:
    """Return a stored document with these credentials instead of those in it; what is not ours stays."""
    return {**{name: value for name, value in document.items() if name not in _OURS}, **credentials.as_json()}


def read_document(path: Path) -> dict[str, Any]:
    """Return what the file holds; nothing where it is not there or holds nothing of use.

    Raises
    ------
    RefusedError
        If others can read it, or we cannot.
    """
    try:
        document = json.loads(_text(path))
    except (*_NOT_THERE, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def overrides(environment: Mapping[str, str]) -> bool:
    """Tell whether the environment holds credentials, which are used before the file."""
    return all(environment.get(name, "").strip() for name in NAMES)


def _from_environment(environment: Mapping[str, str]) -> Credentials:
    client_id, client_secret, refresh_token = (environment[name].strip() for name in NAMES)
    document = {"client_id": client_id, "client_secret": client_secret, "refresh_token": refresh_token}
    return _parsed(json.dumps(document), source=f"the environment ({', '.join(NAMES)})")


def _from_file(path: Path) -> Credentials:
    try:
        return _parsed(_text(path), source=str(path))
    except UnicodeDecodeError:
        raise RefusedError(f"{path} holds no text. Write it anew: spotify-etl auth.") from None


def _parsed(text: str, *, source: str) -> Credentials:
    try:
        return Credentials.from_json(text, source=source)
    except SecretError as error:
        raise RefusedError(str(error)) from None


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS_MAY:
                raise RefusedError(f"{path} can be read by others on this machine. Run: chmod 600 {path}")
            return file.read()
    except _NOT_THERE:
        raise
    except OSError as error:
        raise RefusedError(f"{path} cannot be read ({error.strerror}).") from error


def _cannot_keep(_: str) -> None:
    raise CommandError(
        "Spotify gave a new refresh token, which cannot be stored in the environment, and may end the one there. "
        "Unset SPOTIFY_REFRESH_TOKEN and run `spotify-etl auth`, which keeps it in a file."
    )


def _keep_in_file(path: Path, refresh_token: str) -> None:
    try:
        refuse_work_tree(path)
        _write(path, {**read_document(path), "refresh_token": refresh_token})
    except (OSError, CommandError) as error:
        raise CommandError(
            f"Spotify gave a new refresh token, which cannot be stored: {error} Then run `spotify-etl auth`."
        ) from error


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
