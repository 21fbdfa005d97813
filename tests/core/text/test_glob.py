"""Patterns with `*` and `?`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text.glob import any_matches, has_wildcard, matches

TEXTS = st.text(alphabet="ab.*?[]-\n", max_size=12)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("persona.prod-a", "persona.prod-*", True),
        ("persona.dev-a", "persona.prod-*", False),
        ("api.eu.example.com", "*.example.com", True),
        ("example.com", "*.example.com", False),
        ("evilexample.com", "*.example.com", False),
        ("example.com.evil", "*.example.com", False),
        ("tavus-gpt-4o", "tavus-gpt-??", True),
        ("tavus-gpt-4", "tavus-gpt-??", False),
        ("::1", "[::1]", False),
        ("[::1]", "[::1]", True),
        ("axb", "a.b", False),
        ("A", "a", False),
        ("", "", True),
        ("", "*", True),
        ("a\nb", "a*", True),
        ("abc", "ab", False),
    ],
)
def test_what_a_pattern_is_like(text: str, pattern: str, expected: bool) -> None:
    assert matches(text, pattern) is expected


@given(TEXTS)
def test_a_text_without_wildcards_is_like_itself_alone(text: str) -> None:
    assert matches(text, "*")
    if not has_wildcard(text):
        assert matches(text, text)
        assert not matches(text + "x", text)
        assert not matches("x" + text, text)


@given(TEXTS, TEXTS, TEXTS)
def test_a_star_stands_for_any_run(head: str, middle: str, tail: str) -> None:
    if not has_wildcard(head + tail):
        assert matches(head + middle + tail, f"{head}*{tail}")
        assert matches(head + middle + tail, f"{head}***{tail}")


def test_many_stars_take_no_time() -> None:
    assert not matches("a" * 2_000, "*" * 200 + "b")


def test_the_first_pattern_that_fits_is_named() -> None:
    assert any_matches("persona.a", ["tool.*", "persona.*", "*"]) == "persona.*"
    assert any_matches("persona.a", []) is None


@given(TEXTS, st.text(alphabet="ab.*?", max_size=10))
def test_a_pattern_means_what_it_would_as_a_regular_expression(text: str, pattern: str) -> None:
    words = {"*": ".*", "?": "."}
    expected = re.fullmatch("".join(words.get(char, re.escape(char)) for char in pattern), text, re.DOTALL)
    assert matches(text, pattern) is (expected is not None)


def test_no_pattern_makes_it_try_again() -> None:
    assert not matches("a" * 5_000, "*a" * 500 + "*b")
    assert not matches("a" * 2_000, "*a?" * 400 + "b*c")
