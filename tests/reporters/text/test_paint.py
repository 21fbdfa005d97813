from __future__ import annotations

import re

import pytest

from reconciler.reporters.text.paint import SMALLEST_WIDTH, Paint, Tone, plain
from reconciler.types.report import Style

PLAIN = Paint(Style(width=60))
COLOURED = Paint(Style(color=True, width=60))


def test_no_style_without_colour() -> None:
    assert PLAIN("x", Tone.ERROR) == "x"


@pytest.mark.parametrize("tone", [tone for tone in Tone if tone is not Tone.PLAIN])
def test_a_style_is_always_ended(tone: Tone) -> None:
    assert re.fullmatch("\x1b\\[[0-9;]+mx\x1b\\[0m", COLOURED("x", tone))


def test_nothing_is_styled_where_there_is_nothing() -> None:
    assert COLOURED("", Tone.ERROR) == ""
    assert COLOURED("x") == "x"


@pytest.mark.parametrize("sign", ["+", "-", "~", ".", "<", ">"])
def test_symbols_have_a_tone(sign: str) -> None:
    assert COLOURED.symbol(sign) != sign
    assert PLAIN.symbol(sign) == sign


def test_an_unknown_symbol_has_none() -> None:
    assert COLOURED.symbol("?") == "?"


def test_a_tiny_terminal_gets_the_smallest_width() -> None:
    assert Paint(Style(width=3)).width == SMALLEST_WIDTH


def test_paragraphs_are_broken_at_the_width() -> None:
    lines = list(PLAIN.wrap("word " * 40, "    "))
    assert len(lines) > 1
    assert all(len(line) <= 60 and line.startswith("    word") for line in lines)


def test_the_first_line_has_its_own_beginning() -> None:
    lines = list(PLAIN.wrap("word " * 20, "      ", first="hint: "))
    assert lines[0].startswith("hint: word")
    assert lines[1].startswith("      word")


def test_line_ends_of_a_text_stay() -> None:
    assert list(PLAIN.wrap("one\n\ntwo", "  ")) == ["  one", "  ", "  two"]


def test_a_wrapped_text_cannot_steer_the_terminal() -> None:
    assert list(PLAIN.wrap("a\x1b[2Jb", "")) == ["a«\\u001b»[2Jb"]


def test_plain_is_one_safe_line() -> None:
    assert plain("a\nb\x07") == "a\\nb«\\u0007»"
