"""What can be read of an account, and what that costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lambda_extract.errors import SpotifyAnswerError
from lambda_extract.settings import Credentials
from spotify_etl.account import Account, days_needed, listed_playlist, printable, read_account
from spotify_etl.authorise import account_lines, consent_line
from tests.unit.extract.builders import NOW


class Library:
    """An account as far as it is asked for."""

    def __init__(self, entries: list[Any], me: dict[str, Any]) -> None:
        self._entries, self._me = entries, me

    def me(self) -> dict[str, Any]:
        return self._me

    def my_playlists(self, offset: int) -> dict[str, Any]:
        return {"items": self._entries[offset : offset + 50], "total": len(self._entries), "offset": offset}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not needed")


def entry(number: int, *, owner: str = "me", total: int = 10, **more: Any) -> dict[str, Any]:
    return {"id": f"{number:022d}", "name": f"List {number}", "owner": {"id": owner}, "items": {"total": total}, **more}


def account(*entries: Any, **me: Any) -> Account:
    return read_account(Library(list(entries), {"id": "me", "display_name": "Me", **me}))


def test_whose_and_why() -> None:
    found = account(
        entry(1),
        entry(2, owner="other", collaborative=True),
        entry(3, owner="other"),
        entry(4, owner="spotify"),
        {**entry(5), "owner": None, "name": None, "items": None},
        {**entry(6), "id": "nonsense"},
    )
    assert [one.relation for one in found.playlists] == ["yours", "collaborative", "followed", "followed", "followed"]
    assert [bool(one.why_not) for one in found.playlists] == [False, False, True, True, True]
    assert (found.playlists[4].name, found.playlists[4].items) == (None, None)


@pytest.mark.parametrize(
    ("me", "label"), [({}, "Me (me)"), ({"display_name": None}, "me"), ({"display_name": "me"}, "me")]
)
def test_the_label(me: dict[str, Any], label: str) -> None:
    assert account(**me).label == label


def test_no_account() -> None:
    with pytest.raises(SpotifyAnswerError):
        account(id=None)


def test_what_a_first_load_costs() -> None:
    # 120 playlists are three pages of the list; 101 rows are the playlist, a page and a check.
    found = account(
        *(entry(number, total=101) for number in range(100)), *(entry(n, owner="x") for n in range(100, 120))
    )
    assert (found.first_load, found.usual_day) == (303, 3)
    assert found.days_of_first_load(900) == 1
    assert found.days_of_first_load(103) == 4  # 33 of three requests each, then 33, 33 and the last
    assert any("a first load takes 303: the first run" in line for line in account_lines(found))


def test_a_load_of_several_days_is_told_so() -> None:
    found = account(*(entry(number, total=10_000) for number in range(6)))
    assert any("1,201: 2 daily runs at 900 a day" in line for line in account_lines(found))


def test_an_empty_account_still_asks_for_its_list() -> None:
    assert (account().first_load, account().days_of_first_load()) == (1, 1)


@pytest.mark.parametrize(
    ("costs", "days"), [([], 1), ([5], 1), ([5, 5], 1), ([6, 5], 2), ([6, 5, 4], 2), ([11], 1), ([11, 1], 2)]
)
def test_days(costs: list[int], days: int) -> None:
    assert days_needed(costs, 10) == days


def test_names_cannot_move_the_terminal() -> None:
    assert printable("a\x1b[2J\u202e\n🌙 é") == "a\ufffd[2J\ufffd\ufffd🌙 é"


def test_nobody_else_is_named() -> None:
    told = "\n".join(account_lines(account(entry(1, owner="a-stranger"), entry(2, owner="spotify"))))
    assert "a-stranger" not in told
    assert listed_playlist(entry(1, owner="a-stranger"), "me").as_json().keys() == {
        "playlist_id",
        "name",
        "items",
        "relation",
        "readable",
        "why_not",
    }


def test_the_time_left_of_a_consent() -> None:
    unknown = Credentials("i", "s", "t")

    def after(days: float) -> str:
        return consent_line(replace(unknown, authorized_at=NOW - timedelta(days=days)), NOW)

    assert after(0) == "ends in 182 days."
    assert after(149.5) == "ends in 32 days."
    assert after(150.5).startswith("ends in 31 days. Authorise again")
    assert after(180.5).startswith("ends in 1 day. ")
    assert "should have ended" in after(182.5)
    assert "not known" in consent_line(unknown, NOW)
