"""Where the command finds its credentials, and how it keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambda_extract.settings import Credentials
from spotify_etl.credentials import NAMES, credentials_file, load, save
from spotify_etl.errors import CommandError, RefusedError

MINE = Credentials("an-id", "a-secret", "a-token")
COMPLETE = dict(zip(NAMES, ("env-id", "env-secret", "env-token"), strict=True))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


@pytest.fixture
def path(environment: dict[str, str]) -> Path:
    return credentials_file(environment)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("/conf", "/conf/spotify-etl"),
        ("relative", "/home/me/.config/spotify-etl"),
        ("", "/home/me/.config/spotify-etl"),
    ],
)
def test_the_file_lies_in_the_users_configuration(config: str, expected: str) -> None:
    environment = {"HOME": "/home/me", "XDG_CONFIG_HOME": config}
    assert credentials_file(environment) == Path(expected) / "credentials.json"


def test_what_was_saved_is_loaded(environment: dict[str, str], path: Path) -> None:
    save(MINE, path)
    assert load(environment)[0] == MINE
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_complete_environment_goes_first_and_cannot_keep(environment: dict[str, str], path: Path) -> None:
    save(MINE, path)
    credentials, keep = load({**environment, **COMPLETE})
    assert (credentials.client_id, credentials.refresh_token) == ("env-id", "env-token")
    with pytest.raises(CommandError, match="spotify-etl auth") as raised:
        keep("a-new-token")
    assert "a-new-token" not in str(raised.value)
    assert "a-new-token" not in path.read_text()
    del environment["HOME"]


def test_an_incomplete_environment_leaves_it_to_the_file(environment: dict[str, str], path: Path) -> None:
    partly = {**environment, NAMES[0]: "env-id"}
    with pytest.raises(RefusedError, match=f"{NAMES[1]}, {NAMES[2]} not set"):
        load(partly)
    save(MINE, path)
    assert load(partly)[0] == MINE


def test_nothing_at_all(environment: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match=r"spotify-etl auth.*docs/spotify\.md.*--sample"):
        load(environment)


def test_an_unusable_environment_is_not_repeated(environment: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="client_secret in the environment") as raised:
        load({**environment, **COMPLETE, NAMES[1]: "geheim-ü"})
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_file_for_others_is_refused(environment: dict[str, str], path: Path, mode: int) -> None:
    save(MINE, path)
    path.chmod(mode)
    with pytest.raises(RefusedError, match=f"chmod 600 {path}"):
        load(environment)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"client_id": "a-secret-id"}'])
def test_a_broken_file_is_refused_without_repeating_it(environment: dict[str, str], path: Path, content: bytes) -> None:
    save(MINE, path)
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=r"credentials\.json") as raised:
        load(environment)
    assert "a-secret-id" not in str(raised.value)
    save(MINE, path)
    assert load(environment)[0] == MINE


def test_keeping_changes_the_token_and_nothing_else(environment: dict[str, str], path: Path) -> None:
    save(MINE, path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "note": 1}))
    load(environment)[1]("a-new-token")
    assert json.loads(path.read_text()) == {**MINE.as_json(), "note": 1, "refresh_token": "a-new-token"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_kept_is_told_without_the_token(environment: dict[str, str], path: Path) -> None:
    save(MINE, path)
    keep = load(environment)[1]
    (path.parent / ".git").mkdir()
    with pytest.raises(CommandError, match="git work tree") as raised:
        keep("a-new-token")
    assert "a-new-token" not in str(raised.value)
    assert json.loads(path.read_text()) == MINE.as_json()


def test_a_user_replaces_the_grant_of_an_app(environment: dict[str, str], path: Path) -> None:
    save(Credentials("an-id", "a-secret", None), path)
    assert load(environment)[0].refresh_token is None
    save(MINE, path)
    assert load(environment)[0].refresh_token == "a-token"
    save(Credentials("an-id", "a-secret", None), path)
    assert "a-token" not in path.read_text()


@pytest.mark.parametrize("is_file", [True, False])
def test_never_into_a_git_work_tree(path: Path, tmp_path: Path, *, is_file: bool) -> None:
    # A linked work tree, or a submodule, has a file there.
    if is_file:
        (tmp_path / ".git").write_text("gitdir: elsewhere")
    else:
        (tmp_path / ".git").mkdir()
    with pytest.raises(RefusedError, match="XDG_CONFIG_HOME"):
        save(MINE, path)
    assert not path.parent.exists()


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_followed(path: Path, tmp_path: Path) -> None:
    save(MINE, path)
    target = tmp_path / "target.json"
    path.rename(target)
    before = target.read_text()
    path.symlink_to(target)
    save(Credentials("other", "secret", "token"), path)
    assert not path.is_symlink()
    assert target.read_text() == before


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedError, match="cannot be written"):
        save(MINE, tmp_path / "file" / "spotify-etl" / "credentials.json")
