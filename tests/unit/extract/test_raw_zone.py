from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_extract import raw_zone
from lambda_extract.errors import SpotifyAnswerError
from load_transform import contract

# All of Unicode, lone surrogates too: JSON's \u escapes can hold them, and so does what the API sends.
TEXT = st.text(st.characters(codec=None, categories=None), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_any_document_becomes_one_line_that_reads_back(document: dict[str, Any]) -> None:
    line = raw_zone.json_line(document)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    assert json.loads(line) == document


def test_text_stays_readable_where_utf8_can_hold_it() -> None:
    assert raw_zone.json_line({"a": "서울 🌙"}) == '{"a":"서울 🌙"}\n'.encode()
    assert raw_zone.json_line({"a": "\ud83d 서울"}) == b'{"a":"\\ud83d \\uc11c\\uc6b8"}\n'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_no_json_are_refused(number: float) -> None:
    with pytest.raises(SpotifyAnswerError, match="cannot hold"):
        raw_zone.json_line({"a": number})


def test_both_ends_of_the_raw_zone_mean_the_same_folders() -> None:
    assert raw_zone.TO_BE_PROCESSED == contract.TO_BE_PROCESSED
    assert raw_zone.PROCESSED == contract.PROCESSED
    assert raw_zone.SCHEMA_VERSION == contract.CONTRACT_VERSION
