"""What the job can be asked for: arguments of Glue, all texts, some of them nonsense."""

from __future__ import annotations

import pytest

from load_transform.errors import OrderError
from load_transform.orders import Order, parse_order


def test_no_argument_is_a_plain_load() -> None:
    assert parse_order({}) == parse_order({"action": "load", "from_date": " ", "dry_run": "false"}) == Order()


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        (
            {"action": "reprocess", "from_date": "2026-08-01", "to_date": "2026-08-03", "dry_run": "true"},
            Order("reprocess", from_date="2026-08-01", to_date="2026-08-03", dry_run=True),
        ),
        (
            {"action": "reprocess", "accept_dates": "2026-08-01, 2026-08-02"},
            Order("reprocess", accept=frozenset({"2026-08-01", "2026-08-02"})),
        ),
        ({"action": "requeue", "objects": "all"}, Order("requeue")),
        ({"action": "requeue", "objects": r"a\, b.json,c.json"}, Order("requeue", objects=("a, b.json", "c.json"))),
        ({"action": "forget", "before_date": "20260801"}, Order("forget", before_date="2026-08-01")),
        ({"volume_drop_percent": "12.5"}, Order(volume_drop_percent=12.5)),
    ],
    ids=str,
)
def test_orders(arguments: dict[str, str], order: Order) -> None:
    assert parse_order(arguments) == order


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "delete"}, "--action delete is none of load, reprocess, requeue, forget"),
        ({"action": "reprocess"}, "Which dates"),
        ({"action": "reprocess", "from_date": "yesterday"}, "--from_date yesterday is no date"),
        ({"action": "reprocess", "accept_dates": "2026-02-30"}, "--accept_dates 2026-02-30 is no date"),
        ({"action": "reprocess", "from_date": "2026-08-02", "to_date": "2026-08-01"}, "is later than"),
        ({"action": "requeue"}, "Put which objects back"),
        ({"action": "requeue", "objects": " , "}, "Put which objects back"),
        ({"action": "forget"}, "Give --before_date"),
        ({"action": "forget", "before_date": "../x"}, "is no date"),
        ({"before_date": "2026-08-01"}, "--before_date belongs to --action forget, not to load"),
        ({"action": "forget", "before_date": "2026-08-01", "from_date": "2026-01-01"}, "--from_date belongs to"),
        ({"dry_run": "true"}, "--dry_run belongs to"),
        ({"action": "requeue", "objects": "all", "dry_run": "maybe"}, "neither true nor false"),
        ({"volume_drop_percent": "many"}, "is no number from 0 to 100"),
        ({"volume_drop_percent": "101"}, "is no number from 0 to 100"),
        ({"volume_drop_percent": "nan"}, "is no number from 0 to 100"),
    ],
    ids=str,
)
def test_what_is_no_order_is_refused_with_what_to_do(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(OrderError, match=message.replace("(", r"\(")):
        parse_order(arguments)


@pytest.mark.parametrize(
    ("order", "dates"),
    [
        (Order("reprocess", from_date="2026-08-02"), {"2026-08-02", "2026-08-03"}),
        (Order("reprocess", to_date="2026-08-02"), {"2026-08-01", "2026-08-02"}),
        (Order("reprocess", from_date="2026-08-02", to_date="2026-08-02"), {"2026-08-02"}),
        (Order("reprocess", accept=frozenset({"2026-08-03"})), {"2026-08-03"}),
        (Order("requeue"), set()),
        (Order(), set()),
    ],
    ids=str,
)
def test_the_dates_that_an_order_rebuilds(order: Order, dates: set[str]) -> None:
    assert {date for date in ("2026-08-01", "2026-08-02", "2026-08-03") if order.rebuilds(date)} == dates
