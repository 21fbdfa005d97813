"""Unquoted scalars, one by one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.read.yaml_rules import NotJson, ambiguity, number


@given(st.integers(-(10**200), 10**200))
def test_integers_are_exact(value: int) -> None:
    assert number(str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_round_trip(value: float) -> None:
    found = number(repr(value))
    assert isinstance(found, int | float)
    assert math.isclose(found, value, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize(
    "text", ["1_0", "0b1", "1:2", "2026-01-01", "1.2.3", "+", "-", ".", "e1", "0x", "0o8", "--1"]
)
def test_what_only_looks_like_a_number_is_text(text: str) -> None:
    assert number(text) == text


@pytest.mark.parametrize("text", ["1e309", "-1e309", "9" * 301, "0x" + "f" * 300])
def test_what_json_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        number(text)


@pytest.mark.parametrize("text", ["true", "null", "maybe", "1", "1.5", "abc", "offline", "none", "yesterday"])
def test_readers_agree_on_plain_words(text: str) -> None:
    assert ambiguity(text, number(text)) is None


@pytest.mark.parametrize("text", ["yes", "No", "on", "OFF", "y", "N", "0123", "-010", "1e5", "12E3"])
def test_readers_disagree_on_the_traps(text: str) -> None:
    assert ambiguity(text, number(text)) is not None
