from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text import any_matches, has_hidden, has_wildcard, matches, one_line, visible, visible_spaces

TEXTS = st.text(alphabet="ab.*?[]-\n", max_size=12)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\x1b[31mred", "«\\u001b»[31mred"),
        ("a\r\nb", "a«\\u000d»\nb"),
        ("\x00\x07", "«\\u0000\\u0007»"),
        ("\x9b31m", "«\\u009b»31m"),
        ("user\u202etxt.exe", "user«\\u202e»txt.exe"),
        ("\u2066x\u2069", "«\\u2066»x«\\u2069»"),
        ("zero\u200bwidth", "zero«\\u200b»width"),
        ("\ufeffbom", "«\\ufeff»bom"),
        ("soft\xadhyphen", "soft«\\u00ad»hyphen"),
        ("\u3164", "«\\u3164»"),
        ("\u2028", "«\\u2028»"),
        ("lone \ud800", "lone «\\ud800»"),
        ("\U000e0101", "«\\U000e0101»"),
        ("\u200b" * 20, "«" + "\\u200b" * 8 + " and 12 more»"),
    ],
)
def test_what_a_screen_would_hide_or_obey(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert has_hidden(text) == (text != shown)


def test_a_message_in_tag_characters_is_read_out() -> None:
    hidden = "".join(chr(0xE0000 + ord(character)) for character in "obey me")
    assert visible(f"hi{hidden}") == "hi«7 invisible tag characters: obey me»"


@pytest.mark.parametrize("text", ["👩‍💻", "❤️", "👨‍👩‍👧", "1️⃣", "می‌خواهم", "क्‍ष", "Grüße, 你好, 🇩🇪", "👍🏽"])
def test_ordinary_spelling_stays(text: str) -> None:
    assert visible(text) == text


def test_a_joiner_between_latin_letters_is_no_spelling() -> None:
    assert visible("pass\u200dword") == "pass«\\u200d»word"


def test_one_line() -> None:
    assert one_line("a\nb\tc\x1b") == "a\\nb\\tc«\\u001b»"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("  ", "··"), ("\t", "→"), ("a b", "a b"), ("a\u00a0b", "a«\\u00a0»b"), ("", ""), ("\u2003", "«\\u2003»")],
)
def test_blanks_of_a_change(text: str, shown: str) -> None:
    assert visible_spaces(text) == shown


@given(st.text(alphabet=st.characters(), max_size=40))
def test_nothing_that_steers_is_left(text: str) -> None:
    shown = visible(text)
    for character in shown:
        if character in "\t\n" or character in "\u200c\u200d":
            continue
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u061c]", shown)


@given(st.text(max_size=40))
def test_showing_twice_is_showing_once(text: str) -> None:
    assert visible(visible(text)) == visible(text)


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
