"""`auth` and `playlists` as a user meets them who has nothing yet; Spotify is the stand-in."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from spotify_etl.standin import Answer, StandIn, World, faults
from spotify_etl.standin.accounts import RefreshAnswer
from tests.integration.command.conftest import COMMAND, spotify_etl
from tests.unit.standin.asking import ME, REDIRECT, playlist, playlist_id, world

CLIENT, SECRET = "stand-in-client", "stand-in-secret"
SECRETS = (SECRET, "stand-in-refresh", "stand-in-access", "stand-in-code")
STORED = {"client_id": CLIENT, "client_secret": SECRET, "refresh_token": "stand-in-refresh"}


@pytest.fixture
def served() -> World:
    return world(
        playlist("a", 230),
        playlist("b", 30, owner="friend-of-mine", collaborative=True),
        playlist("c", 7, owner="somebody-else"),
        playlist("d", 50, owner="spotify"),
    )


@pytest.fixture
def standin(served: World) -> Iterator[StandIn]:
    with StandIn(served) as standin:
        yield standin


@pytest.fixture
def env(standin: StandIn, tmp_path: Path) -> dict[str, str]:
    return {
        "SPOTIFY_API_URL": standin.api_url,
        "SPOTIFY_TOKEN_URL": standin.token_url,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "BROWSER": "",
        "DISPLAY": "",
        "WAYLAND_DISPLAY": "",
    }


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Where the credentials lie, with an emptied folder around it."""
    return tmp_path / "config" / "spotify-etl" / "credentials.json"


def store(path: Path, **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**STORED, **more}))
    path.chmod(0o600)


def document(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def agree(address: str) -> str:
    """Do what the browser does: open the address, and end on another one."""
    return requests.get(address, allow_redirects=False, timeout=5).headers["Location"]


def converse(
    cwd: Path,
    env: Mapping[str, str],
    *arguments: str,
    typed: tuple[str, ...] = (CLIENT, SECRET),
    browser: Callable[[str], str] | None = agree,
) -> subprocess.CompletedProcess[str]:
    """Run `auth`: type what it asks for, bring its address to a browser and paste what that ends on."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPOTIPY_", "SPOTIFY_"))}
    with subprocess.Popen(
        [COMMAND, "auth", *arguments],
        cwd=cwd,
        env={**clean, **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        kill = threading.Timer(60, process.kill)
        kill.start()
        process.stdin.write("".join(f"{line}\n" for line in typed))
        process.stdin.flush()
        out = ""
        for line in process.stdout:
            out += line
            if "/authorize?" in line and browser:
                process.stdin.write(browser(line.strip()) + "\n")
                process.stdin.flush()
                break
        if process.stdin:
            process.stdin.close()
        # Not communicate(), which loses what was read ahead above.
        rest = process.stdout.read()
        err = process.stderr.read()
        process.wait()
        kill.cancel()
    done = subprocess.CompletedProcess[str](process.args, process.returncode, out + rest, err)
    tells_no_secret(done)
    return done


def tells_no_secret(done: subprocess.CompletedProcess[str]) -> None:
    for secret in SECRETS:
        assert secret not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_from_nothing_to_credentials_without_a_browser_here(
    standin: StandIn, env: dict[str, str], stored: Path, tmp_path: Path
) -> None:
    asked: list[str] = []

    def browser(address: str) -> str:
        asked.append(address)
        return agree(address)

    done = converse(tmp_path, env, "--headless", browser=browser)

    assert done.returncode == 0, done.stderr
    query = {name: value for name, (value,) in parse_qs(urlsplit(asked[0]).query).items()}
    assert query["redirect_uri"] == REDIRECT
    assert query["scope"] == "playlist-read-private playlist-read-collaborative"
    found = document(stored)
    assert {name: found[name] for name in STORED} == {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "refresh_token": standin.credentials.refresh_token,
    }
    assert found["user_id"] == ME
    age = datetime.now(UTC) - datetime.fromisoformat(found["authorized_at"])
    assert timedelta(0) <= age < timedelta(minutes=1)
    assert stored.stat().st_mode & 0o777 == 0o600
    assert stored.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in stored.parent.iterdir()] == ["credentials.json"]
    for told in (
        "https://developer.spotify.com/dashboard",
        REDIRECT,
        "Premium",
        "User Management",
        "Then the browser shows an error",
        "Account:  me",
        "2 playlists (1 of your own, 1 collaborative) with 260 items",
        "1 Spotify's own",
        "1 somebody else's",
        # The list; 230 items are one request, three pages and the check; 30 are one.
        "a first load takes 7: the first run makes them",
        "nothing changed takes 1",
        f"Stored in {stored}",
        ".venv/bin/spotify-etl run",
    ):
        assert told in done.stdout
    assert "friend-of-mine" not in done.stdout
    assert "somebody-else" not in done.stdout


def test_the_browser_comes_back_to_the_port(
    standin: StandIn, env: dict[str, str], stored: Path, tmp_path: Path
) -> None:
    port = free_port()
    came = tmp_path / "came.json"
    script = tmp_path / "browser"
    # First somebody else's request, which must be refused and change nothing; then the browser's own.
    script.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys, requests\n"
        f"other = requests.get('http://127.0.0.1:{port}/callback?code=x&state=y', timeout=5).status_code\n"
        f"icon = requests.get('http://127.0.0.1:{port}/favicon.ico', timeout=5).status_code\n"
        "answer = requests.get(sys.argv[1], timeout=5)\n"
        f"pathlib.Path({str(came)!r}).write_text(json.dumps([other, icon, answer.status_code, answer.text]))\n"
    )
    script.chmod(0o755)

    done = converse(tmp_path, {**env, "BROWSER": str(script)}, "--port", str(port), browser=None)

    assert done.returncode == 0, done.stderr
    assert f"http://127.0.0.1:{port}/callback" in done.stdout
    other, icon, status, text = json.loads(came.read_text())
    assert (other, icon, status) == (400, 404, 200)
    assert "You can close this window" in text
    assert document(stored)["refresh_token"] == standin.credentials.refresh_token


def test_the_app_may_come_from_the_environment_or_from_before(
    env: dict[str, str], stored: Path, tmp_path: Path
) -> None:
    app = {"SPOTIPY_CLIENT_ID": CLIENT, "SPOTIPY_CLIENT_SECRET": SECRET}
    # One process gets them from the environment; what it stored is kept with Enter by the next.
    first = converse(tmp_path, {**env, **app}, "--headless", typed=())
    assert first.returncode == 0, first.stderr
    assert "SPOTIPY_CLIENT_ID of the environment" in first.stdout
    store(stored, **document(stored), note="kept")
    before = document(stored)

    second = converse(tmp_path, env, "--headless", typed=("", ""))

    assert second.returncode == 0, second.stderr
    after = document(stored)
    assert after["note"] == "kept"
    assert after["refresh_token"] != before["refresh_token"]


def test_a_variable_that_goes_first_is_told(env: dict[str, str], tmp_path: Path) -> None:
    names = ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "SPOTIFY_REFRESH_TOKEN")
    done = converse(tmp_path, {**env, **dict(zip(names, STORED.values(), strict=True))}, "--headless", typed=())
    assert "unset SPOTIPY_CLIENT_ID, SPOTIPY_CLIENT_SECRET, SPOTIFY_REFRESH_TOKEN" in done.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda standin: setattr(standin, "consents", False), "access_denied"),
        (lambda standin: setattr(standin.world, "scopes", ("playlist-read-private",)), "playlist-read-collaborative"),
        (lambda standin: setattr(standin.world, "premium", False), "premium_required"),
        (lambda standin: setattr(standin.world, "allow_listed", False), "User Management"),
        (lambda standin: setattr(standin, "before", faults.on("/me/playlists", faults.server_error())), "unavailable"),
        (lambda standin: setattr(standin, "token_fault", Answer(503, b"")), "spotify_token_unavailable"),
        (lambda standin: setattr(standin, "token_fault", Answer(400, {"error": "invalid_grant"})), "the code"),
    ],
)
def test_what_does_not_work_is_not_stored(  # noqa: PLR0917
    standin: StandIn,
    env: dict[str, str],
    stored: Path,
    tmp_path: Path,
    change: Callable[[StandIn], None],
    said: str,
) -> None:
    change(standin)
    done = converse(tmp_path, env, "--headless")
    assert done.returncode == 1
    assert said in one_line(done)
    assert "othing was stored" in one_line(done)
    assert not stored.exists()


def test_a_wrong_secret(env: dict[str, str], stored: Path, tmp_path: Path) -> None:
    done = converse(tmp_path, env, "--headless", typed=(CLIENT, "mistyped"))
    assert done.returncode == 1
    assert "client_refused" in one_line(done)
    assert "mistyped" not in done.stdout + done.stderr
    assert not stored.exists()


def test_an_address_of_another_attempt_is_asked_for_again(env: dict[str, str], stored: Path, tmp_path: Path) -> None:
    def browser(address: str) -> str:
        return f"{REDIRECT}?code=other&state=other\n{agree(address)}"

    done = converse(tmp_path, env, "--headless", browser=browser)
    assert done.returncode == 0, done.stderr
    assert "another attempt" in done.stdout
    assert stored.exists()


def test_a_bare_code_will_do(env: dict[str, str], stored: Path, tmp_path: Path) -> None:
    done = converse(tmp_path, env, "--headless", browser=lambda url: parse_qs(urlsplit(agree(url)).query)["code"][0])
    assert done.returncode == 0, done.stderr
    assert stored.exists()


def test_when_nothing_is_typed(env: dict[str, str], stored: Path, tmp_path: Path) -> None:
    done = spotify_etl("auth", "--headless", cwd=tmp_path, env=env)
    assert done.returncode == 2
    assert "client id" in one_line(done)
    assert not stored.exists()


def test_a_port_in_use(env: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = spotify_etl("auth", "--port", taken.getsockname()[1], cwd=tmp_path, env=env)
    assert done.returncode == 2
    assert "--port" in one_line(done)
    assert not done.stdout


def test_never_into_a_git_work_tree(env: dict[str, str], stored: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles" / ".git").mkdir(parents=True)
    (tmp_path / "config").symlink_to(tmp_path / "dotfiles")
    done = spotify_etl("auth", "--headless", cwd=tmp_path, env=env)
    assert done.returncode == 2
    assert "git work tree" in one_line(done)
    assert not stored.exists()


def test_client_credentials(env: dict[str, str], stored: Path, tmp_path: Path) -> None:
    done = converse(tmp_path, env, "--client-credentials")
    assert done.returncode == 0, done.stderr
    assert "`mine`" in done.stdout
    assert document(stored) == {"client_id": CLIENT, "client_secret": SECRET, "grant": "client_credentials"}
    listed = spotify_etl("playlists", cwd=tmp_path, env=env)
    assert listed.returncode == 2
    assert "no user" in one_line(listed)
    checked = spotify_etl("auth", "--check", cwd=tmp_path, env=env)
    assert checked.returncode == 0
    assert "client credentials" in checked.stdout
    # A user's consent afterwards replaces the grant.
    assert converse(tmp_path, env, "--headless", typed=("", "")).returncode == 0
    assert "grant" not in document(stored)


@pytest.mark.parametrize(
    ("age", "said"),
    [(1.5, "ends in 180 days."), (151, "authorise again"), (200, "should have ended"), (None, "not known")],
)
def test_check_tells_how_long_the_consent_lasts(
    env: dict[str, str], stored: Path, tmp_path: Path, age: float | None, said: str
) -> None:
    moment = {"authorized_at": (datetime.now(UTC) - timedelta(days=age)).isoformat()} if age else {}
    store(stored, **moment)
    done = spotify_etl("auth", "--check", cwd=tmp_path, env=env)
    tells_no_secret(done)
    assert done.returncode == 0, done.stderr
    assert "Account: me" in done.stdout
    assert "playlist-read-private, playlist-read-collaborative" in done.stdout
    assert said in done.stdout.lower() if age == 151 else said in done.stdout


def test_check_of_a_consent_that_ended(standin: StandIn, env: dict[str, str], stored: Path, tmp_path: Path) -> None:
    store(stored)
    standin.token_fault = Answer(400, {"error": "invalid_grant", "error_description": "Refresh token expired"})
    done = spotify_etl("auth", "--check", cwd=tmp_path, env=env)
    tells_no_secret(done)
    assert done.returncode == 1
    assert "consent_ended" in one_line(done)
    assert "spotify-etl auth" in one_line(done)


def test_check_of_a_consent_that_covers_too_little(
    standin: StandIn, env: dict[str, str], stored: Path, tmp_path: Path
) -> None:
    store(stored)
    standin.world.scopes = ()
    done = spotify_etl("auth", "--check", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "scope_missing" in one_line(done)


@pytest.mark.parametrize("answer", ["absent", "empty", "null", "rotated"])
def test_a_new_refresh_token_is_kept_and_no_other_loses_the_old(
    standin: StandIn, env: dict[str, str], stored: Path, tmp_path: Path, answer: RefreshAnswer
) -> None:
    store(stored, note="kept", authorized_at="2026-01-01T00:00:00+00:00")
    standin.refresh_answer = answer
    for _ in range(2):
        done = spotify_etl("playlists", cwd=tmp_path, env=env)
        tells_no_secret(done)
        assert done.returncode == 0, done.stderr
    assert document(stored) == {
        **STORED,
        "refresh_token": standin.credentials.refresh_token,
        "note": "kept",
        "authorized_at": "2026-01-01T00:00:00+00:00",
    }
    assert (standin.credentials.refresh_token != "stand-in-refresh") == (answer == "rotated")
    assert stored.stat().st_mode & 0o777 == 0o600


def test_a_new_refresh_token_that_cannot_be_kept_is_told(standin: StandIn, env: dict[str, str], tmp_path: Path) -> None:
    names = ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET", "SPOTIFY_REFRESH_TOKEN")
    standin.refresh_answer = "rotated"
    done = spotify_etl(
        "playlists", "--json", cwd=tmp_path, env={**env, **dict(zip(names, STORED.values(), strict=True))}
    )
    tells_no_secret(done)
    assert done.returncode == 0
    assert "spotify-etl auth" in one_line(done)
    assert len(json.loads(done.stdout)) == 4


def test_playlists_tells_what_can_be_read_and_why_not(
    standin: StandIn, env: dict[str, str], stored: Path, tmp_path: Path
) -> None:
    store(stored)
    standin.world.playlists[playlist_id("c")].metadata["name"] = "[bold]red\x1b[31m"
    done = spotify_etl("playlists", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    for letter in "abcd":
        assert playlist_id(letter) in done.stdout
    assert "[bold]red\ufffd[31m" in done.stdout
    assert "\x1b" not in done.stdout
    assert "2 of 4 can be read" in done.stdout
    listed = json.loads(spotify_etl("playlists", "--json", cwd=tmp_path, env=env).stdout)
    assert [(one["relation"], one["items"], one["readable"]) for one in listed] == [
        ("yours", 230, True),
        ("collaborative", 30, True),
        ("followed", 7, False),
        ("followed", 50, False),
    ]
    assert "apps cannot read" in listed[3]["why_not"]
    assert "friend-of-mine" not in done.stdout + json.dumps(listed)
    assert "somebody-else" not in done.stdout + json.dumps(listed)
    # Nothing but the account and its list is asked for.
    assert {request.path.rstrip("/") for request in standin.requests} == {"/v1/me", "/v1/me/playlists"}


def test_playlists_without_credentials(env: dict[str, str], tmp_path: Path) -> None:
    done = spotify_etl("playlists", cwd=tmp_path, env=env)
    assert done.returncode == 2
    line = one_line(done)
    assert "spotify-etl auth" in line
    assert "docs/spotify.md" in line
    assert "--sample" in line


def test_playlists_when_the_quota_is_used_up(
    standin: StandIn, env: dict[str, str], stored: Path, tmp_path: Path
) -> None:
    store(stored)
    standin.before = faults.on("/me", faults.quota_exceeded())
    done = spotify_etl("playlists", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "quota_exceeded" in one_line(done)
    assert len(standin.requests) == 1
