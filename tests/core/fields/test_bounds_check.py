"""Bounds of values: what exceeds them and where, in words for people, and as JSON Schema."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.fields.bounds_check import misfits, schema
from reconciler.types.bounds import Bounds
from reconciler.types.json import Json

NAME = Bounds(shortest=1, longest=5, pattern="[a-z]*", looks="small letters")


@pytest.mark.parametrize(
    ("bounds", "value", "expected"),
    [
        (NAME, "", [("", "x is empty")]),
        (NAME, "abcdef", [("", "x has 6 characters; the limit is 5")]),
        (NAME, "a-b", [("", "x is 'a-b'; it must be small letters")]),
        (Bounds(shortest=3), "ab", [("", "x is too short: at least 3 characters")]),
        (Bounds(above=0, most=60), 0, [("", "x is 0; it must be above 0, at most 60")]),
        (Bounds(least=1, most=10), 11, [("", "x is 11; it must be 1 to 10")]),
        (Bounds(fewest=1), [], [("", "x is empty")]),
        (Bounds(fewest=2), ["a"], [("", "x has 1 items; at least 2 items")]),
        (Bounds(many=2), ["a", "b", "c"], [("", "x has 3 items; the limit is 2")]),
        (Bounds(item=NAME), ["a", 7, "toolong"], [("/2", "an item of x has 7 characters; the limit is 5")]),
        (Bounds(unique="t"), [{"t": "a"}, {}, 7, {"t": "a"}], [("/3/t", "x has the t 'a' twice")]),
    ],
)
def test_what_exceeds_the_bounds(bounds: Bounds, value: Json, expected: list[tuple[str, str]]) -> None:
    assert list(misfits(bounds, value, "x")) == expected


@pytest.mark.parametrize("value", ["abc", 7, True, None, {"a": 1}, ["toolong"]])
def test_what_fits_or_is_of_another_type_passes(value: Json) -> None:
    assert list(misfits(NAME, value, "x")) == []


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(), ""),
        (NAME, "small letters, 1 to 5 characters"),
        (Bounds(many=32, item=Bounds(longest=64)), "at most 32 items, each at most 64 characters"),
        (Bounds(many=10_000, unique="text"), "at most 10,000 items, each text once"),
        (Bounds(least=1), "at least 1"),
        (Bounds(fewest=1), "at least 1 item"),
    ],
)
def test_in_words(bounds: Bounds, words: str) -> None:
    assert bounds.words() == words


@given(
    value=st.text(alphabet="ab-", max_size=8) | st.integers(-3, 70) | st.lists(st.just("a"), max_size=4),
    bounds=st.sampled_from([NAME, Bounds(above=0, most=60), Bounds(least=1), Bounds(fewest=1, many=2)]),
)
@settings(max_examples=40, deadline=None)
def test_the_schema_says_the_same(value: Json, bounds: Bounds) -> None:
    kind = "string" if isinstance(value, str) else "array" if isinstance(value, list) else "number"
    valid = jsonschema.Draft7Validator({"type": kind, **schema(bounds, kind)}).is_valid(value)
    assert valid == (not list(misfits(bounds, value, "x")))
