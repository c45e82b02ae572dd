"""docs/spotify-faults.md holds what really happens: each row of its table is made here, by a run against the stand-in.

`make faults` (UPDATE_FAULTS=1) writes the table anew; without it a row that is no longer true is red.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lambda_extract.errors import ExtractError
from lambda_extract.handler import handle
from lambda_extract.raw_zone import PROCESSED, TO_BE_PROCESSED
from lambda_extract.spotify import SpotifyClient
from spotify_etl import credentials, pipeline
from spotify_etl.errors import CommandError
from spotify_etl.lake import Lake
from spotify_etl.sql import QueryResult
from spotify_etl.standin import Answer, Before, Request, StandIn, World, faults
from tests.unit.extract.builders import playlist, playlist_id, row, world

PAGE = Path(__file__).parents[2] / "docs" / "spotify-faults.md"
BEGIN, END = "<!-- the table: make faults -->", "<!-- end of the table -->"
HEADER = (
    "| fault | what you see | code | exit | asked again | what lands |",
    "|---|---|---|---|---|---|",
)
UPDATE = os.environ.get("UPDATE_FAULTS") == "1"

A = playlist_id("a")
"""The playlist that a fault hits where it hits one."""

ROWS = 120
"""More than come with a playlist itself, so that it takes a page and the check of its version too."""

YESTERDAY, TODAY = datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC)
RUN_ID = "20261124T060000Z"
MARKER = f"extract_date=2026-11-24/run-{RUN_ID}.json"

NUMBERS = ("no", "one", "two", "three", "four", "five")


class RunningDown:
    """A context of the Lambda that has 4 s less left whenever it is asked."""

    def __init__(self, left: float) -> None:
        self._left = left

    def get_remaining_time_in_millis(self) -> int:
        self._left -= 4
        return int(self._left * 1000)


@dataclass
class Given:
    """What a fault may change before the run that it hits."""

    standin: StandIn
    environment: dict[str, str]
    monkeypatch: pytest.MonkeyPatch
    wish: pipeline.Wish = field(default_factory=pipeline.Wish)
    context: object = None
    ends: ExitStack = field(default_factory=ExitStack)
    """Is closed after the run: what is to be true then."""

    def answers(self, before: Before) -> None:
        self.standin.before = before

    def answers_for_one(self, answer: Answer, *, times: int | None = None) -> None:
        self.answers(faults.on(A, answer, times=times))


Happens = Callable[[Given], None]


@dataclass(frozen=True)
class Fault:
    """A fault, as people would name it, and how it is brought about.

    Parameters
    ----------
    earlier
        Whether all playlists were read the day before, when they were one song shorter.
    before_too
        Whether a run that the fault hit lies between that one and the one that is looked at, on the same content.
    one
        Whether it hits one playlist, the first.
    rows
        How many that one has.
    """

    what: str
    happens: Happens
    earlier: bool = True
    before_too: bool = False
    one: bool = False
    letters: str = "ab"
    rows: int = ROWS

    @property
    def name(self) -> str:
        return self.what if self.earlier else f"{self.what}; first run"


@dataclass
class Seen:
    """What one run did to the user, to Spotify and to the lake."""

    requests: list[Request]
    tokens: int
    waits: dict[object, list[str]]
    """By request, the seconds that were waited before it was made again; `about` where chance had a say."""
    marker: Mapping[str, Any] | None = None
    error: CommandError | None = None


class Waiting:
    """A sleep that takes no time, and a chance that is none: it notes what was waited for."""

    def __init__(self, standin: StandIn) -> None:
        self.waits: dict[object, list[str]] = {}
        self._standin = standin
        self._requests = len(standin.requests)
        self._by_chance = False

    def random(self) -> float:
        self._by_chance = True
        return 0.5

    def sleep(self, seconds: float) -> None:
        requests = self._standin.requests
        # Where no request was made since, it was the token that did not come.
        about: object = _identity(requests[-1]) if len(requests) > self._requests else "token"
        self._requests = len(requests)
        self.waits.setdefault(about, []).append(f"{'about ' if self._by_chance else ''}{seconds:g}")
        self._by_chance = False


class Silent:
    def step(self, text: str) -> None: ...

    def detail(self, text: str) -> None: ...


# What happens. Each takes what is given and spoils it.


def _no_credentials(given: Given) -> None:
    for name in credentials.NAMES:
        del given.environment[name]


def _wrong_secret(given: Given) -> None:
    given.environment["SPOTIPY_CLIENT_SECRET"] = "another"


def _consent_ended(given: Given) -> None:
    given.environment["SPOTIFY_REFRESH_TOKEN"] = "of-half-a-year-ago"


def _no_premium(given: Given) -> None:
    given.standin.world.premium = False


def _not_listed(given: Given) -> None:
    given.standin.world.allow_listed = False


def _scope_missing(given: Given) -> None:
    given.standin.world.playlists[A].metadata["public"] = False
    given.standin.world.scopes = ()


def _named(happens: Happens) -> Happens:
    """The playlists are named, so that nothing is known of them from the account's list."""

    def named(given: Given) -> None:
        given.wish = replace(given.wish, playlists=f"{A},{playlist_id('b')}")
        happens(given)

    return named


def _token_expires(given: Given) -> None:
    expired: list[Request] = []

    def before(request: Request) -> None:
        if request.path.endswith(f"{A}/items") and not expired:
            expired.append(request)
            given.standin.expire_tokens()

    given.answers(before)


def _token_endpoint(answer: Answer, times: int | None = None) -> Happens:
    def happens(given: Given) -> None:
        normal, left = given.standin._token, [times]

        def token(*question: Any, **more: Any) -> Answer:
            if left[0] == 0:
                return normal(*question, **more)
            left[0] = None if left[0] is None else left[0] - 1
            return answer

        given.monkeypatch.setattr(given.standin, "_token", token)

    return happens


def _somebody_elses(given: Given) -> None:
    given.standin.world.playlists[A].metadata["owner"] = {"id": "somebody"}


def _deleted(given: Given) -> None:
    del given.standin.world.playlists[A]


def _one(answer: Answer, *, times: int | None = None) -> Happens:
    return lambda given: given.answers_for_one(answer, times=times)


def _each(path: str, answer: Answer, *, times: int | None = None) -> Happens:
    return lambda given: given.answers(faults.on(path, answer, times=times))


def _too_slow(given: Given) -> None:
    given.monkeypatch.setattr("lambda_extract.spotify._READ_SECONDS", 0.5)
    given.answers(faults.on(A, faults.slow(30)))


def _reset(times: int | None) -> Happens:
    return lambda given: given.answers(faults.on(A, faults.reset_mid_body(), times=times))


def _quota_then_nothing(given: Given) -> None:
    # Only once: in the run that is looked at Spotify would answer, if it were asked.
    given.answers(faults.on("/v1/", faults.quota_exceeded(), times=1))


def _edited(times: int) -> Happens:
    def happens(given: Given) -> None:
        edits: list[str] = []

        def before(request: Request) -> None:
            if request.path.endswith(f"{A}/items") and len(edits) < times:
                edits.append(f"edit {len(edits)}")
                given.standin.world.playlists[A] = playlist("a", ROWS + 2, snapshot=edits[-1])

        given.answers(before)

    return happens


def _a_page_without_rows(given: Given) -> None:
    def before(request: Request) -> Answer | None:
        if not request.path.endswith(f"{A}/items"):
            return None
        offset = int(request.query["offset"])
        rows = [row("a", number) for number in range(offset, min(offset + 50, 100))]
        return Answer(200, {"items": rows, "offset": offset, "total": ROWS + 1})

    given.answers(before)


def _budget(requests: int) -> Happens:
    def happens(given: Given) -> None:
        given.wish = replace(given.wish, budget=requests)

    return happens


def _little_time(given: Given) -> None:
    given.context = RunningDown(80)


def _points_elsewhere(given: Given) -> None:
    thief = given.ends.enter_context(StandIn(World("thief")))
    given.standin.world.next_host = thief.api_url.removesuffix("/v1/")

    def was_never_asked() -> None:
        assert thief.requests == []
        assert thief.token_requests == []

    given.ends.callback(was_never_asked)


def _wrong_id(given: Given) -> None:
    given.wish = replace(given.wish, playlists="my-favourites")


FAULTS = (
    Fault("no credentials", _no_credentials),
    Fault("a playlist in the setting that is none", _wrong_id),
    Fault("client id or secret refused", _wrong_secret),
    Fault("consent ended (`invalid_grant`)", _consent_ended),
    Fault("no Premium", _no_premium),
    Fault("account not on the app's list", _not_listed),
    Fault("scope missing for one playlist, which is named", _named(_scope_missing), one=True),
    Fault("scope missing for one playlist, of `mine`", _scope_missing, one=True),
    Fault("access token expires in the middle", _token_expires, one=True),
    Fault("access token refused, always", _each("/v1/", faults.invalid_token())),
    Fault("token endpoint 503 twice", _token_endpoint(faults.server_error(), 2)),
    Fault("token endpoint 503 for a whole run", _token_endpoint(faults.server_error())),
    Fault("token endpoint 503 for a whole run", _token_endpoint(faults.server_error()), earlier=False),
    Fault("token endpoint answers HTML", _token_endpoint(faults.html_gateway_error(200))),
    Fault("403: playlist of somebody else", _named(_somebody_elses), one=True, earlier=False),
    Fault("403: playlist that was shared and is no more", _named(_somebody_elses), one=True),
    Fault("404 on one playlist", _named(_deleted), one=True, earlier=False),
    Fault("404 on one playlist", _named(_deleted), one=True),
    Fault("404 on one playlist, in a second run in a row", _named(_deleted), one=True, before_too=True),
    Fault("a playlist left the account", _deleted, one=True),
    *(
        Fault(f"{status} on one playlist, twice", _one(faults.server_error(status), times=2), one=True)
        for status in (500, 502, 503)
    ),
    Fault("503 on one playlist for a whole run", _one(faults.server_error()), one=True),
    Fault("503 on one playlist for a whole run", _one(faults.server_error()), one=True, earlier=False),
    Fault("503 on everything for a whole run", _each("/v1/", faults.server_error())),
    Fault("503 on everything for a whole run", _each("/v1/", faults.server_error()), earlier=False),
    Fault("a gateway's HTML on one playlist, once", _one(faults.html_gateway_error(), times=1), one=True),
    Fault("a gateway's HTML on one playlist for a whole run", _one(faults.html_gateway_error()), one=True),
    Fault("no answer in time for one playlist", _too_slow, one=True),
    Fault("connection reset in the middle of a body, twice", _reset(2), one=True),
    Fault("connection reset in the middle of a body, always", _reset(None), one=True),
    Fault("429, Retry-After 2 s, once", _one(faults.throttled(2), times=1), one=True),
    Fault("429, Retry-After 2 s, always", _one(faults.throttled(2)), one=True),
    Fault("429, Retry-After 31 s", _one(faults.throttled(31)), one=True),
    Fault("429 without Retry-After", _one(faults.throttled(None)), one=True),
    Fault("429, Retry-After 31 s, on everything", _each("/v1/", faults.throttled(31)), earlier=False),
    Fault("429 QUOTA_EXCEEDED, 48,925 s", _each("/v1/", faults.quota_exceeded())),
    Fault("429 QUOTA_EXCEEDED, 48,925 s", _each("/v1/", faults.quota_exceeded()), earlier=False),
    Fault("QUOTA_EXCEEDED told to a run some hours before", _quota_then_nothing, before_too=True),
    Fault("playlist edited once while it is read", _edited(1), one=True),
    Fault("playlist edited whenever it is read", _edited(99), one=True),
    Fault("rows short of the total", _a_page_without_rows, one=True),
    # The account, its list and two playlists of three requests each, with one left over.
    Fault("budget of requests spent", _budget(2 + 2 * 3 + 1), letters="abcde"),
    Fault("budget of requests spent", _budget(2 + 2 * 3 + 1), letters="abcde", earlier=False),
    Fault("budget smaller than one playlist", _budget(10), rows=1000, one=True),
    Fault("budget smaller than one playlist", _budget(10), rows=1000, one=True, earlier=False),
    Fault("the Lambda's time runs out in the middle", _little_time, letters="abcde"),
    Fault("the account's list fails (503)", _each("/me/playlists", faults.server_error())),
    Fault("the account's list fails (503)", _each("/me/playlists", faults.server_error()), earlier=False),
    Fault("account owns no playlist", lambda _: None, letters="", earlier=False),
    Fault("`next` of each page points to another host (never followed)", _points_elsewhere),
    Fault("an answer that is no JSON", _one(Answer(200, b'{"id": "aaa')), one=True),
    Fault("an answer about another playlist", _one(Answer(200, {"id": "b" * 22})), one=True),
)


# What came of it.


def _run(given: Given, lake: Lake, now: datetime) -> Seen:
    """Run the extract as the command does, with its settings and credentials, without Spark behind it."""
    standin = given.standin
    waiting = Waiting(standin)
    asked, tokens = len(standin.requests), len(standin.token_requests)

    def handle_without_waiting(event: object, context: object, **more: Any) -> dict[str, Any]:
        return handle(event, given.context or context, sleep=waiting.sleep, random=waiting.random, **more)

    seen = Seen([], 0, waiting.waits)
    given.monkeypatch.setattr(pipeline, "handle", handle_without_waiting)
    try:
        config = given.wish.config()
        own, _ = credentials.load(given.environment)
        with SpotifyClient(own, api_url=standin.api_url, token_url=standin.token_url, clock=lambda: now) as spotify:
            event = {"time": now.isoformat()}
            seen.marker = pipeline.extract(lake, spotify, config, event, lambda: now, Silent(), own)
    except CommandError as error:
        seen.error = error
    seen.requests = standin.requests[asked:]
    seen.tokens = len(standin.token_requests) - tokens
    return seen


def _happened(fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Let a fault happen and return its row's cells."""
    lake = Lake(tmp_path / "lake")
    sizes = {letter: fault.rows if letter == "a" else ROWS for letter in fault.letters}
    served = world(*(playlist(letter, rows) for letter, rows in sizes.items()))
    with StandIn(served) as standin:
        environment = {
            "HOME": str(tmp_path),
            "SPOTIPY_CLIENT_ID": standin.credentials.client_id,
            "SPOTIPY_CLIENT_SECRET": standin.credentials.client_secret,
            "SPOTIFY_REFRESH_TOKEN": standin.refresh_token,
        }
        given = Given(standin, environment, monkeypatch)
        last: dict[str, list[Any]] = {}

        def run(now: datetime) -> Seen:
            seen = _run(given, lake, now)
            entries = seen.marker["playlists"] if seen.marker else []
            last.update({entry["playlist_id"]: _items(lake, entry) for entry in entries if entry["object"]})
            return seen

        if fault.earlier:
            run(YESTERDAY)
            assert set(last) == set(served.playlists), "the run before was complete"
            # A song more in each since, so that what lands shows when it was read.
            for letter, rows in sizes.items():
                served.playlists[playlist_id(letter)] = playlist(letter, rows + 1, snapshot="v2")
        with given.ends:
            fault.happens(given)
            if fault.before_too:
                run(TODAY.replace(hour=1))
            before = dict(last)
            seen = run(TODAY)
        return (
            fault.name,
            _what_is_shown(seen, lake),
            ", ".join(f"`{code}`" for code in _codes(seen)) or "none",
            _exit(seen, lake),
            _asked_again(seen),
            _landed(fault, lake, seen, served, before),
        )


def _outcome(marker: Mapping[str, Any], lake: Lake) -> pipeline.Outcome:
    """Return what the command makes its summary and, with `--strict`, its exit code of."""
    return pipeline.Outcome(lake.root, marker, None, (), 0, {}, QueryResult((), (), []))


def _what_is_shown(seen: Seen, lake: Lake) -> str:
    """Return the sentence that the command prints, without the code in front of it, which has a column."""
    if seen.error:
        cause = seen.error.__cause__
        prefix = f"The extract stopped ({cause.code}): " if isinstance(cause, ExtractError) else ""
        return _readable(str(seen.error).removeprefix(prefix))
    assert seen.marker
    gone = [entry for entry in seen.marker["playlists"] if entry["outcome"] == "absent"]
    told = [*_outcome(seen.marker, lake).not_read, *gone]
    reasons = [str(entry["reason"]).partition(": ")[2] for entry in told]
    if seen.marker["library_fault"]:
        reasons.insert(0, seen.marker["library_fault"]["message"])
    if not reasons:
        return "nothing"
    others = len(reasons) - reasons.count(reasons[0])
    return _readable(reasons[0]) + (f" (and alike for {others} more)" if others else "")


def _codes(seen: Seen) -> list[str]:
    if seen.error:
        return [seen.error.__cause__.code] if isinstance(seen.error.__cause__, ExtractError) else []
    assert seen.marker
    reasons = [entry["reason"].partition(":")[0] for entry in seen.marker["playlists"] if entry["reason"]]
    faults_ = (seen.marker[name] for name in ("library_fault", "halted"))
    return list(dict.fromkeys([*reasons, *(fault["code"] for fault in faults_ if fault)]))


def _exit(seen: Seen, lake: Lake) -> str:
    if seen.error:
        return str(seen.error.exit_code)
    assert seen.marker
    return "0" if _outcome(seen.marker, lake).is_whole else "0; `--strict` 1"


def _asked_again(seen: Seen) -> str:
    """Tell how often a request was made again, and after how long."""
    if not seen.requests and not seen.tokens:
        return "not asked at all"
    # A playlist that does not fit together is read from its beginning, which asks for its metadata alone.
    read_anew = sum(request.query.get("fields", "").startswith("collaborative") for request in seen.requests)
    fresh = max(0, seen.tokens - 1 - len(seen.waits.get("token", [])))
    told = []
    patterns = Counter(tuple(waits) for waits in seen.waits.values())
    for waits, times in patterns.items():
        told.append(_times(len(waits)) + (" each" if times > 1 else "") + f", after {_seconds(waits)}")
    if fresh:
        told.append(f"{_times(fresh)}, with a fresh token")
    if read_anew:
        told.append(f"read anew {_times(read_anew)}, at once")
    else:
        # Nothing is asked again but what is told here.
        again = sum(Counter(map(_identity, seen.requests)).values()) - len(set(map(_identity, seen.requests)))
        assert again == fresh + sum(len(waits) for about, waits in seen.waits.items() if about != "token")
    return "; ".join(told) or "never"


def _landed(fault: Fault, lake: Lake, seen: Seen, served: World, before: Mapping[str, list[Any]]) -> str:
    """Tell what lies in the lake: by the marker who it is, by the objects what is in them."""
    objects = {key for key in _keys(lake) if RUN_ID in key and not key.endswith(MARKER)}
    if seen.marker is None:
        assert not any(key.endswith(MARKER) for key in _keys(lake)), "a run that stops has no marker"
        assert not objects, "none of these faults comes when something has landed"
        return "nothing"
    entries = {entry["playlist_id"]: entry for entry in seen.marker["playlists"]}
    assert json.loads(lake.raw.read(TO_BE_PROCESSED + MARKER) or b"")["playlists"] == list(entries.values())
    assert objects == {entry["object"] for entry in entries.values() if entry["object"]}

    def told(identity: str) -> str:
        entry = entries.get(identity)
        if entry is None:
            return "not landed, nor told of"
        if entry["object"] is None:
            return f"not landed (`{entry['outcome']}`)"
        items, now = _items(lake, entry), identity in served.playlists and served.playlists[identity].rows
        as_before = items == before.get(identity)
        assert as_before or items == now, "whole, or not at all"
        how = "as it was last read" if items != now else "as it is, as before" if as_before else "as it is now"
        return f"{how} (`{entry['outcome']}`)"

    groups: dict[str, list[str]] = {}
    for letter in fault.letters:
        groups.setdefault(told(playlist_id(letter)), []).append(letter)
    ordered = sorted(groups.items(), key=lambda group: group[1] == ["a"])
    return "; ".join(f"{_who(fault, letters)} {how}" for how, letters in ordered)


def _who(fault: Fault, letters: list[str]) -> str:
    if len(letters) == len(fault.letters):
        return "each"
    if fault.one:
        return "this one" if letters == ["a"] else "the other"
    return f"{NUMBERS[len(letters)]} of {NUMBERS[len(fault.letters)]}, each"


def _keys(lake: Lake) -> set[str]:
    return lake.raw.keys(TO_BE_PROCESSED) | lake.raw.keys(PROCESSED)


def _items(lake: Lake, entry: Mapping[str, Any]) -> list[Any]:
    """Return the rows of what landed, whose lines say of themselves what the marker says of them."""
    lines = [json.loads(line) for line in (lake.raw.read(entry["object"]) or b"").splitlines()]
    assert {(line["fetch_status"], line["fetch_reason"]) for line in lines} == {(entry["outcome"], entry["reason"])}
    return [item for line in lines for item in line["page"]["items"]]


def _identity(request: Request) -> str:
    return f"{request.path}?{sorted(request.query.items())}"


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number} times"


def _seconds(waits: Sequence[str]) -> str:
    if len(set(waits)) == 1:
        return f"{waits[0]} s" + (" each time" if len(waits) > 1 else "")
    about = "about " if any(wait.startswith("about ") for wait in waits) else ""
    numbers = [wait.removeprefix("about ") for wait in waits]
    return f"{about}{', '.join(numbers[:-1])} and {numbers[-1]} s"


def _readable(text: str) -> str:
    """Shorten ids, and leave out what is not the same on every machine."""
    text = re.sub(r"(\w)\1{21}", r"\1\1\1\1…", text)
    text = re.sub(r"\(\w*(?:Error|Timeout)\)", "(…)", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", text)
    return text.replace("|", "\\|")


def _table() -> list[str]:
    """Return the lines between the page's two comments."""
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f"{BEGIN}\n")[2].partition(f"{END}\n")[0].strip().splitlines()


WRITTEN: list[str] = []
"""The rows that were made by now."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_row_is_what_happens(fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"| {' | '.join(_happened(fault, tmp_path, monkeypatch))} |"
    if UPDATE:
        WRITTEN.append(line)
        return
    (documented,) = [row for row in _table() if row.startswith(f"| {fault.name} |")] or ["no row: make faults"]
    assert documented == line


def test_the_table_has_no_other_rows() -> None:
    names = [f"| {fault.name} |" for fault in FAULTS]
    assert len(set(names)) == len(names)
    if UPDATE:
        head, begun, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, ended, tail = rest.partition(END)
        assert begun
        assert ended
        assert len(WRITTEN) == len(FAULTS), "a table of all faults or none"
        PAGE.write_text("\n".join([head + BEGIN, "", *HEADER, *WRITTEN, "", END]) + tail, encoding="utf-8")
    rows = _table()
    assert tuple(rows[:2]) == HEADER
    assert [row[: row.index(" | ") + 2] for row in rows[2:]] == names
