"""Colours, signs and folded lines for a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text_diff import Piece
from reconciler.reporters.text.paint import SEQUENCE, SMALLEST_WIDTH, Paint, Tone, flow_pieces, plain
from reconciler.types.report import Style

PIECES = st.lists(st.builds(Piece, st.text(alphabet="ab c", max_size=60), st.booleans()), max_size=6)


def joined(rows: list[list[Piece]]) -> str:
    return "".join(piece.text for row in rows for piece in row)


def test_a_short_line_is_one_row() -> None:
    pieces = [Piece("a "), Piece("b", True)]
    assert flow_pieces(pieces, 40) == [pieces]


def test_rows_break_between_words_and_keep_the_highlight() -> None:
    rows = flow_pieces([Piece("one two "), Piece("three four", True), Piece(" five")], 10)
    assert [[(piece.text, piece.changed) for piece in row] for row in rows] == [
        [("one two ", False)],
        [("three four", True), (" ", False)],
        [("five", False)],
    ]


def test_a_word_longer_than_the_row_is_cut() -> None:
    rows = flow_pieces([Piece("x" * 25)], 10)
    assert [len(row[0].text) for row in rows] == [10, 10, 5]


def test_unchanged_stretches_far_from_a_change_are_left_out_with_their_size() -> None:
    rows = flow_pieces([Piece("a" * 500), Piece("new", True), Piece("b" * 500), Piece("!", True)], 100)
    text = joined(rows)
    assert "…468 characters…" in text
    assert "…436 characters…" in text
    assert "new" in text


def test_whole_leaves_nothing_out() -> None:
    rows = flow_pieces([Piece("a " * 500), Piece("new", True)], 50, whole=True)
    assert joined(rows) == "a " * 500 + "new"


def test_a_long_unchanged_line_keeps_its_ends() -> None:
    text = joined(flow_pieces([Piece("begin " + "x " * 500 + "end")], 80))
    assert text.startswith("begin")
    assert text.endswith("end")
    assert "characters…" in text


@given(PIECES, st.integers(20, 60))
def test_no_row_is_wider_than_asked(pieces: list[Piece], width: int) -> None:
    for row in flow_pieces(pieces, width):
        assert len("".join(piece.text for piece in row).rstrip()) <= width


@given(PIECES, st.integers(20, 60))
def test_nothing_is_lost_when_whole_is_asked_for(pieces: list[Piece], width: int) -> None:
    rows = flow_pieces(pieces, width, whole=True)
    assert joined(rows) == "".join(piece.text for piece in pieces)
    changed = "".join(piece.text for row in rows for piece in row if piece.changed)
    assert changed == "".join(piece.text for piece in pieces if piece.changed)


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


@pytest.mark.parametrize("first", ["! blocked (mass_change): ", "! \x1b[1;31mblocked (mass_change)\x1b[0m: ", "- "])
def test_the_first_line_is_no_longer_than_the_others(first: str) -> None:
    lines = [SEQUENCE.sub("", line) for line in PLAIN.wrap("word " * 40, "  ", first=first)]
    assert all(60 - len("word ") <= len(line) <= 60 for line in lines[:-1])


def test_line_ends_of_a_text_stay() -> None:
    assert list(PLAIN.wrap("one\n\ntwo", "  ")) == ["  one", "  ", "  two"]


def test_a_wrapped_text_cannot_steer_the_terminal() -> None:
    assert list(PLAIN.wrap("a\x1b[2Jb", "")) == ["a«\\u001b»[2Jb"]


def test_plain_is_one_safe_line() -> None:
    assert plain("a\nb\x07") == "a\\nb«\\u0007»"
