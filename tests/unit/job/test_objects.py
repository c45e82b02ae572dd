"""Raw objects by name: their times, dates, keys. No Spark."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from load_transform import reasons
from load_transform.contract import PROCESSED, QUARANTINE, TO_BE_PROCESSED
from load_transform.objects import (
    FILE_TIME,
    MAX_OBJECT_BYTES,
    STATED_TIME,
    ObjectTime,
    RawObject,
    extract_date,
    extraction_time,
    name_timestamp,
    playlist_stem,
    processed_key,
    quarantine_key,
    unreadable,
)

MODIFIED = datetime(2026, 8, 3, 6, 30, 0, 123000, tzinfo=UTC)
SHA256 = "0123456789abcdef" * 4
RUN = "extract_date=2026-08-03/37i9dQZEVXbNG2KDcFcKOF-20260803T060000Z.jsonl"

moments = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
text_without_digits = st.text(st.characters(exclude_categories=("N", "Cs", "Cc"), exclude_characters="/"), max_size=12)


def pending(name: str, length: int = 10, modified: datetime = MODIFIED) -> RawObject:
    return RawObject(f"file:/raw/{TO_BE_PROCESSED}{name}", TO_BE_PROCESSED + name, length, modified)


def moved(item: RawObject, key: str) -> RawObject:
    """The object as a later listing shows it: S3 gives it another modification time."""
    return replace(item, key=key, uri=f"file:/raw/{key}", modified=item.modified + timedelta(days=90))


def target(item: RawObject, *, stated: str | None = None, own: bool = False) -> str:
    time = extraction_time(item, stated)
    return processed_key(item, extract_date(item, time), time, SHA256, own=own)


# --- Timestamps in names ---


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("spotify_raw_2023-10-28 20:12:33.123456.json", datetime(2023, 10, 28, 20, 12, 33, 123456, tzinfo=UTC)),
        ("spotify_raw_2023-10-28 20:12:33.json", datetime(2023, 10, 28, 20, 12, 33, tzinfo=UTC)),
        ("spotify_raw_20231028_201233.json", datetime(2023, 10, 28, 20, 12, 33, tzinfo=UTC)),
        ("20231028T201233Z.json", datetime(2023, 10, 28, 20, 12, 33, tzinfo=UTC)),
        ("x-2023-10-28T20-12-33.jsonl", datetime(2023, 10, 28, 20, 12, 33, tzinfo=UTC)),
        ("2023-10-28T20:12:33+02:00.json", datetime(2023, 10, 28, 18, 12, 33, tzinfo=UTC)),
        ("2023-10-28T20:12:33-0330 copy.json", datetime(2023, 10, 28, 23, 42, 33, tzinfo=UTC)),
        ("2023-10-28T20:12:33,5Z.json", datetime(2023, 10, 28, 20, 12, 33, 500000, tzinfo=UTC)),
        ("2023-10-28T20:12:33.123456789Z.json", datetime(2023, 10, 28, 20, 12, 33, 123456, tzinfo=UTC)),
        ("liked 2023-10-28.json", datetime(2023, 10, 28, tzinfo=UTC)),
        ("liked_20231028.json", datetime(2023, 10, 28, tzinfo=UTC)),
        ("liked 2023-10-28 20:12.json", datetime(2023, 10, 28, 20, 12, tzinfo=UTC)),
        ("2023-02-30 then 2023-03-01.json", datetime(2023, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_name_tells_the_time(name: str, moment: datetime) -> None:
    assert name_timestamp(name) == moment


@pytest.mark.parametrize(
    "name",
    [
        "top50.json",
        "37i9dQZEVXbNG2KDcFcKOF.json",
        "playlist_12345678.json",
        "1234567890123456.json",
        "2023-13-01.json",
        "a2023-10-28b.json",
        "99991231.json",
        "export_00120530.json",
        "v1.2.3.json",
    ],
)
def test_a_name_without_a_time_tells_none(name: str) -> None:
    assert name_timestamp(name) is None


@pytest.mark.parametrize("name", ["2023-10-28 25:00:00.json", "2023-10-28-9999.json"])
def test_a_date_beside_a_nonsense_time_is_still_a_date(name: str) -> None:
    assert name_timestamp(name) == datetime(2023, 10, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "hour"),
    [
        ("2023-10-28T10:00+99:00.json", 10),
        ("2023-10-28_10-00-00-1534.json", 10),
        ("2023-10-28 10:00:00 -0200.json", 12),
        ("2023-10-28T10:00:00+14:00 x.json", -4),
    ],
)
def test_only_a_zone_that_there_is_moves_a_time(name: str, hour: int) -> None:
    assert name_timestamp(name) == datetime(2023, 10, 28, tzinfo=UTC) + timedelta(hours=hour)


@given(moment=moments, zone=zones, before=text_without_digits, after=text_without_digits)
def test_any_iso_time_survives_in_a_name(moment: datetime, zone: timezone, before: str, after: str) -> None:
    assume(not before[-1:].isascii() or not before[-1:].isalnum())
    assume(not after[:1].isascii() or not after[:1].isalnum())
    assume(not after.startswith((".", ",", "+", "-", ":")))
    assert name_timestamp(f"{before}{moment.astimezone(zone).isoformat()}{after}.json") == moment


@given(
    moment=moments,
    form=st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%Y%m%d_%H%M%S", "%Y-%m-%dT%H-%M-%S", "%Y%m%dT%H%M%SZ"]),
)
def test_the_classic_forms_are_read_to_their_precision(moment: datetime, form: str) -> None:
    expected = moment if "%f" in form else moment.replace(microsecond=0)
    assert name_timestamp(f"spotify_raw_{moment.strftime(form)}.json") == expected


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=60))
def test_no_name_breaks_the_reading(name: str) -> None:
    item = pending(f"{name}.json")
    time = extraction_time(item, name)
    assert time.at.tzinfo == UTC
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", extract_date(item, time))
    assert playlist_stem(item.name)


# --- Times and dates ---


def test_the_envelope_goes_before_the_name_and_the_name_before_the_file() -> None:
    item = pending("spotify_raw_2023-10-28 20:12:33.json")
    assert extraction_time(item, "2026-08-01T06:00:02.345Z") == ObjectTime(
        datetime(2026, 8, 1, 6, 0, 2, 345000, tzinfo=UTC), STATED_TIME
    )
    assert extraction_time(item, None) == ObjectTime(datetime(2023, 10, 28, 20, 12, 33, tzinfo=UTC), STATED_TIME)
    assert extraction_time(item, "soon") == extraction_time(item, None)
    assert extraction_time(pending("top50.json"), None) == ObjectTime(MODIFIED, FILE_TIME)


def test_a_time_without_a_zone_is_utc() -> None:
    assert extraction_time(pending("x.json"), "2026-08-01T06:00:02").at == datetime(2026, 8, 1, 6, 0, 2, tzinfo=UTC)


def test_a_zone_may_move_the_date() -> None:
    item = pending("2026-08-03T00:30:00+02:00.json")
    assert extract_date(item, extraction_time(item, None)) == "2026-08-02"


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("extract_date=2020-02-29/x 2023-10-28.json", "2020-02-29"),
        ("old/extract_date=2020-02-29/deep/x.json", "2020-02-29"),
        ("extract_date=2021-02-29/x.json", "2026-08-03"),
        ("extract_date=20200229/x.json", "2026-08-03"),
        ("extract_date=2020-02-29 (copy)/x.json", "2026-08-03"),
        ("x.json", "2026-08-03"),
    ],
)
def test_the_folder_says_the_date_where_it_is_one(name: str, date: str) -> None:
    item = pending(name)
    assert extract_date(item, extraction_time(item, None)) == date


# --- The playlist in a name ---


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("37i9dQZEVXbNG2KDcFcKOF.json", "37i9dQZEVXbNG2KDcFcKOF"),
        ("spotify_raw_2023-10-28 20:12:33.123456.json", "spotify_raw"),
        ("2023-10-28 20:12:33 Road trip.jsonl", "Road trip"),
        ("road 2023-10-28 trip.json", "road_trip"),
        ("2023-10-28.json", "2023-10-28"),
        ("a.b.json", "a.b"),
        ("Änder%ungen [1].json", "Änder%ungen [1]"),
    ],
)
def test_the_stem_without_its_timestamp_names_the_playlist(name: str, stem: str) -> None:
    assert playlist_stem(name) == stem


# --- Names that are not read ---


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("_x.json", reasons.HIDDEN_NAME),
        (".x.json", reasons.HIDDEN_NAME),
        ("x.json._COPYING_", reasons.HIDDEN_NAME),
        ("_temporary/0/x.json", reasons.HIDDEN_NAME),
        ("a/.git/x.json", reasons.HIDDEN_NAME),
        ("x.csv", reasons.UNSUPPORTED_NAME),
        ("x.json.gz", reasons.UNSUPPORTED_NAME),
        ("x", reasons.UNSUPPORTED_NAME),
        ("json", reasons.UNSUPPORTED_NAME),
        ("a_.json", None),
        ("a/b.c/x.jsonl", None),
        ("extract_date=2026-08-03/x.json", None),
    ],
)
def test_what_is_not_opened(name: str, reason: str | None) -> None:
    assert unreadable(pending(name)) == reason


def test_an_empty_and_a_huge_object_are_not_opened() -> None:
    assert unreadable(pending("x.json", length=0)) == reasons.EMPTY_FILE
    assert unreadable(pending("x.json", length=MAX_OBJECT_BYTES)) is None
    assert unreadable(pending("x.json", length=MAX_OBJECT_BYTES + 1)) == reasons.TOO_LARGE


def test_every_reason_has_a_sentence() -> None:
    codes = {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
    assert codes == set(reasons.SENTENCES)
    assert all(re.fullmatch(r"[a-z0-9_]+", code) for code in codes)
    assert all(sentence.endswith(".") for sentence in reasons.SENTENCES.values())


# --- Where objects go ---


def test_the_extracts_own_keep_their_names() -> None:
    assert pending(RUN).has_own_name
    assert pending("extract_date=2026-08-03/run-20260803T060000Z.json").has_own_name
    assert target(pending(RUN), own=True) == PROCESSED + RUN


@pytest.mark.parametrize(
    "name", [RUN.partition("/")[2], f"x/{RUN}", RUN.replace("Z.", "."), RUN.replace("37i9", "3_9")]
)
def test_names_that_only_look_like_the_extracts(name: str) -> None:
    assert not pending(name).has_own_name


def test_others_go_under_their_time_and_content_with_the_folders_that_they_came_in() -> None:
    item = pending("mine/extract_date=2026-08-01/50% [a] b:c.json")
    assert target(item) == (
        f"{PROCESSED}extract_date=2026-08-01/dropped/20260803T063000123000Z-0123456789ab/mine/50% [a] b:c.json"
    )
    assert item.relative_name == "mine/50% [a] b:c.json"


names = st.sampled_from(
    [
        "x.json",
        "2023-10-28 20:12:33.5 x.json",
        "extract_date=2020-01-02/x.json",
        "a/extract_date=2020-01-02/b/2023-10-28.jsonl",
        "dropped/x.json",
        "dropped/20260101T000000000000Z-0123456789ab/y.json",
        "extract_date=nonsense/x.json",
        "e%CC%81/é [1]:?#.json",
        "export_00120530.json",
    ]
)


@given(name=names, modified=moments, stated=st.sampled_from([None, "2026-08-01T06:00:02Z"]))
def test_what_a_name_and_a_time_told_comes_out_the_same_after_the_move(
    name: str, modified: datetime, stated: str | None
) -> None:
    before = pending(name, modified=modified)
    after = moved(before, target(before, stated=stated))
    time, later = extraction_time(before, stated), extraction_time(after, stated)

    assert later == time
    assert extract_date(after, later) == extract_date(before, time)
    assert after.relative_name == before.relative_name
    assert playlist_stem(after.name) == playlist_stem(before.name)
    assert target(after, stated=stated) == after.key


def test_a_refused_object_goes_to_quarantine_under_its_own_path() -> None:
    item = pending("a b/extract_date=2026-08-03/_x.json")
    assert quarantine_key(item) == f"{QUARANTINE}20260803T063000123000Z/a b/extract_date=2026-08-03/_x.json"
