"""Numbers out of texts that may be anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.types.number import MOST_DIGITS, number_in, seconds_in


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1 ", "1.0", "1e3", "²", "٣", "0x1", "1_0", "9" * 5_000, "x"])
def test_what_is_no_number(text: str) -> None:
    assert number_in(text) is None


@given(st.integers(0, 10**MOST_DIGITS - 1))
def test_what_is(number: int) -> None:
    assert number_in(str(number)) == number


@given(st.text())
def test_any_text_is_one_or_none(text: str) -> None:
    assert number_in(text) in (None, int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30.0), ("1.5h", 5400.0), ("10m", 600.0), ("2d", 172_800.0), ("0s", 0.0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1 s", "1s ", "1ms", "1w", "1e3s", ".5s"])
def test_what_is_no_duration(text: str) -> None:
    assert seconds_in(text) is None


def test_only_the_units_asked_for_count() -> None:
    assert (seconds_in("2d", "smh"), seconds_in("2h", "smh")) == (None, 7200.0)
