from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text_diff.text_diff import Piece
from reconciler.reporters.text.wrap_line import flow_pieces

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
