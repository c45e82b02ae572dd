"""The user's own playlists: the road of `spotify-etl run` without options, with the stand-in where Spotify is."""

from __future__ import annotations

import json
from pathlib import Path

from spotify_etl import sample
from spotify_etl.standin import StandIn, faults
from tests.integration.command.conftest import spotify_etl


def environment(standin: StandIn, *playlists: str) -> dict[str, str]:
    return {
        "SPOTIPY_CLIENT_ID": standin.credentials.client_id,
        "SPOTIPY_CLIENT_SECRET": standin.credentials.client_secret,
        "SPOTIFY_REFRESH_TOKEN": standin.refresh_token,
        "SPOTIFY_API_URL": standin.api_url,
        "SPOTIFY_TOKEN_URL": standin.token_url,
        "PLAYLISTS": " ".join(playlists),
    }


def test_own_playlists_land_and_one_that_is_gone_is_named(tmp_path: Path) -> None:
    world = sample.world()
    mine = list(world.playlists)[:2]
    listed = tmp_path / "playlists.txt"
    listed.write_text("\n".join(["# two of them, and one that there is not", *mine, "0" * 22]))
    with StandIn(world) as standin:
        done = spotify_etl("run", "--strict", "--json", "--playlists", listed, cwd=tmp_path, env=environment(standin))

    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    outcomes = {one["playlist_id"]: one["outcome"] for one in told["extract"]["playlists"]}
    assert outcomes == {mine[0]: "fetched", mine[1]: "fetched", "0" * 22: "missing"}
    assert told["rows"]["playlists"] == 3
    assert told["rows"]["playlist_items"] == sum(len(world.playlists[one].rows) for one in mine)


def test_no_secret_is_left_behind(tmp_path: Path) -> None:
    with StandIn(sample.world()) as standin:
        done = spotify_etl("run", cwd=tmp_path, env=environment(standin, "0" * 22))
        secrets = [standin.credentials.client_secret, standin.refresh_token]

    assert done.returncode == 1
    assert "nothing_landed" in done.stderr
    written = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())
    assert not [secret for secret in secrets if secret in written + done.stdout + done.stderr]


def test_a_playlist_that_is_no_id_is_refused(tmp_path: Path) -> None:
    with StandIn(sample.world()) as standin:
        done = spotify_etl("run", cwd=tmp_path, env=environment(standin, "https://example.org/x"))

    assert done.returncode == 2
    assert not (tmp_path / "lake").exists()


def test_a_quota_that_is_used_up_is_one_line_with_the_time(tmp_path: Path) -> None:
    with StandIn(sample.world(), before=faults.on("/v1/", faults.quota_exceeded())) as standin:
        done = spotify_etl("run", cwd=tmp_path, env=environment(standin))

    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("spotify-etl: ")]
    assert "(quota_exceeded)" in line
    assert "worth trying again after 20" in line
