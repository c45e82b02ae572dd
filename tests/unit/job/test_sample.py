"""Which new objects are looked through for unknown fields."""

from __future__ import annotations

from itertools import pairwise

import pytest

from load_transform.drift import SAMPLED_BYTES, SAMPLED_OBJECTS, sample

MB = 1024 * 1024


def objects(number: int, size: int) -> dict[str, int]:
    return {f"{index:06d}": size for index in range(number)}


@pytest.mark.parametrize("number", [1, 2, 99, 100])
def test_of_few_small_objects_all_are_taken(number: int) -> None:
    assert sample(objects(number, 100)) == sorted(objects(number, 100))


@pytest.mark.parametrize("number", [101, 250, 50_001])
def test_of_many_a_hundred_at_most_are_spread_over_all(number: int) -> None:
    taken = [int(name) for name in sample(objects(number, 100))]

    assert SAMPLED_OBJECTS / 2 < len(taken) <= SAMPLED_OBJECTS
    assert taken[-1] > 0.9 * number
    assert len({after - before for before, after in pairwise(taken)}) == 1


def test_of_large_ones_only_what_is_soon_read() -> None:
    """Forty-five playlists of 10,000 items each did not fit in the heap together with what had been loaded of them."""
    taken = sample(objects(45, 22 * MB))

    assert 1 <= len(taken) * 22 * MB <= SAMPLED_BYTES


@pytest.mark.parametrize("size", [0, 1, 500 * MB])
def test_one_is_always_taken_and_none_of_none(size: int) -> None:
    assert sample(objects(1, size)) == ["000000"]
    assert sample({}) == []
