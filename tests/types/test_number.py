"""Numbers out of texts that may be anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.types.number import MOST_DIGITS, number_in


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1 ", "1.0", "1e3", "²", "٣", "0x1", "1_0", "9" * 5_000, "x"])
def test_what_is_no_number(text: str) -> None:
    assert number_in(text) is None


@given(st.integers(0, 10**MOST_DIGITS - 1))
def test_what_is(number: int) -> None:
    assert number_in(str(number)) == number


@given(st.text())
def test_any_text_is_one_or_none(text: str) -> None:
    assert number_in(text) in (None, int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None)
