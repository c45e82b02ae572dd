from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_extract.errors import PlaylistIdError, PlaylistListError
from lambda_extract.playlist_ids import parse_playlist_file, parse_playlist_id, parse_playlist_ids, resolve

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
IDS = st.text(ALPHABET, min_size=22, max_size=22)
FORMS = (
    "{}",
    "  {}\n",
    "spotify:playlist:{}",
    "spotify:user:some.body:playlist:{}",
    "https://open.spotify.com/playlist/{}",
    "http://open.spotify.com/playlist/{}/",
    "open.spotify.com/playlist/{}",
    "https://open.spotify.com/playlist/{}?si=abc&pt=1",
    "https://open.spotify.com/playlist/{}#top",
    "https://open.spotify.com/intl-de/playlist/{}?si=abc",
    "https://open.spotify.com/embed/playlist/{}",
    "https://open.spotify.com/user/some.body/playlist/{}",
)


@given(IDS, st.sampled_from(FORMS))
def test_the_id_comes_out_of_every_form(playlist_id: str, form: str) -> None:
    assert parse_playlist_id(form.format(playlist_id)) == playlist_id


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a" * 21, "a" * 23, "../" + "a" * 22, "a" * 21 + "/", "a" * 21 + "\n" + "a", "ä" * 22, "٣" * 22),
        *("spotify:track:" + "a" * 22, "https://open.spotify.com/track/" + "a" * 22, "spotify:playlist:" + "a" * 21),
        *("https://evil.example/playlist/" + "a" * 22, "https://open.spotify.com.evil.example/playlist/" + "a" * 22),
        "https://open.spotify.com/playlist/" + "a" * 22 + "/../../x",
    ],
)
def test_anything_else_is_a_readable_error(text: str) -> None:
    with pytest.raises(PlaylistIdError, match="is no Spotify playlist") as raised:
        parse_playlist_id(text)
    assert "\n" not in str(raised.value)


@given(st.text())
def test_whatever_gets_through_fits_a_key(text: str) -> None:
    try:
        playlist_id = parse_playlist_id(text)
    except PlaylistIdError:
        return
    assert len(playlist_id) == 22
    assert set(playlist_id) <= set(ALPHABET)


@given(st.lists(IDS, max_size=5), st.sampled_from([",", " ", "\n", ", ", "\r\n", ",\n,"]))
def test_a_list_keeps_its_order_and_each_playlist_once(ids: list[str], separator: str) -> None:
    assert parse_playlist_ids(separator.join(ids + ids)) == tuple(dict.fromkeys(ids))


def test_a_file_names_its_bad_line_and_nobodys_account() -> None:
    text = f"# list\n{'a' * 22}\nspotify:user:somebody:playlist:short\n"
    with pytest.raises(PlaylistIdError, match=r"^Line 3 of list.txt: ") as raised:
        parse_playlist_file(text, source="list.txt")
    assert "somebody" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "\n \n", "# only a comment", "\ufeff# and a mark"])
def test_a_file_without_playlists_is_refused(text: str) -> None:
    with pytest.raises(PlaylistListError, match=r"list.txt names no playlist"):
        parse_playlist_file(text, source="list.txt")


@pytest.mark.parametrize("text", ["mine", " MINE\n"])
def test_mine_is_no_id(text: str) -> None:
    assert resolve(text, lambda _: "") == "mine"
