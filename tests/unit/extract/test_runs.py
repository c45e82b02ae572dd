from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_extract.errors import EventTimeError
from lambda_extract.runs import Run, utc_text

NOW = datetime(2026, 11, 23, 6, 7, 8, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "run_id", "date"),
    [
        ("2026-11-23T06:00:00Z", "20261123T060000Z", "2026-11-23"),
        ("2026-11-23T06:00Z", "20261123T060000Z", "2026-11-23"),
        ("2026-11-23T06:00:00.987Z", "20261123T060000Z", "2026-11-23"),
        ("2026-11-23T06:00:00", "20261123T060000Z", "2026-11-23"),
        ("2026-11-23T00:30:00+01:00", "20261122T233000Z", "2026-11-22"),
        ("2026-12-31T20:00:00-05:30", "20270101T013000Z", "2027-01-01"),
    ],
)
def test_the_time_of_the_schedule_names_the_run(time: str, run_id: str, date: str) -> None:
    assert Run.of({"time": time}, NOW) == Run(run_id, date)


@pytest.mark.parametrize(
    "time",
    [
        *(
            "",
            "now",
            "2026-11-23",
            "20261123T060000Z",
            "2026-13-23T06:00:00Z",
            "2026-11-23T25:00:00Z",
            "2026-11-23 06:00",
        ),
        *("<aws.scheduler.scheduled-time>", "0001-01-01T00:00:00+14:00", "2026-11-23T06:00:00Z\n", None, 1, ["x"]),
    ],
)
def test_nonsense_is_a_typed_error_on_one_line(time: object) -> None:
    with pytest.raises(EventTimeError) as raised:
        Run.of({"time": time}, NOW)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("event", [{}, None, [], "2026-01-01T00:00:00Z", {"detail": {}}])
def test_without_a_time_it_is_now(event: object) -> None:
    assert Run.of(event, NOW.astimezone(timezone(timedelta(hours=9)))) == Run("20261123T060708Z", "2026-11-23")


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_names_sort_as_times_and_fit_a_key(moment: datetime) -> None:
    run = Run.of({}, moment)
    assert re.fullmatch(r"\d{8}T\d{6}Z", run.run_id)
    assert run.extract_date.replace("-", "") == run.run_id[:8]
    later = moment + timedelta(seconds=1)
    assert Run.of({}, later).run_id > run.run_id or later.astimezone(UTC) - moment.astimezone(UTC) != timedelta(
        seconds=1
    )
    assert abs(datetime.fromisoformat(utc_text(moment)) - moment) < timedelta(milliseconds=1)
