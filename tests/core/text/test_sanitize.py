from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text.sanitize import has_hidden, one_line, visible, visible_spaces


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
