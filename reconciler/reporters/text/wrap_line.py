"""A long line with highlighted stretches, cut to what matters and broken at the width."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.core.text_diff.text_diff import Piece

NEAR = 32
_WORDS = re.compile(r"\S+\s*|\s+")


def flow_pieces(pieces: Sequence[Piece], width: int, *, whole: bool = False) -> list[list[Piece]]:
    """Rows of at most `width` characters. Unchanged stretches of a line that does not fit are cut to what stands near
    a change, with the number of characters left out; `whole` keeps all of them."""
    if sum(len(piece.text) for piece in pieces) <= width:
        return [list(pieces)]
    kept = list(pieces) if whole else _cut(pieces, width)
    rows: list[list[Piece]] = [[]]
    room = width
    for piece in kept:
        for word in _WORDS.findall(piece.text):
            for chunk in _chunks(word, width):
                if len(chunk.rstrip()) > room and rows[-1]:
                    rows.append([])
                    room = width
                _append(rows[-1], chunk, piece.changed)
                room -= len(chunk)
    return rows


def _chunks(word: str, width: int) -> list[str]:
    return [word[start : start + width] for start in range(0, len(word), width)]


def _append(row: list[Piece], text: str, changed: bool) -> None:
    if row and row[-1].changed == changed:
        row[-1] = Piece(row[-1].text + text, changed)
    else:
        row.append(Piece(text, changed))


def _cut(pieces: Sequence[Piece], width: int) -> list[Piece]:
    if not any(piece.changed for piece in pieces):
        text = "".join(piece.text for piece in pieces)
        return [Piece(_gap(text, width * 3 // 4 - 12, width // 4 - 12))] if len(text) > width * 3 else list(pieces)
    result: list[Piece] = []
    for index, piece in enumerate(pieces):
        if piece.changed:
            result.append(piece)
        else:
            head = NEAR if index else 0
            tail = NEAR if index < len(pieces) - 1 else 0
            result.append(Piece(_gap(piece.text, head, tail)))
    return result


def _gap(text: str, head: int, tail: int) -> str:
    head, tail = max(head, 0), max(tail, 0)
    left_out = len(text) - head - tail
    if left_out <= 24:
        return text
    return f"{text[:head]} …{left_out:,} characters… {text[len(text) - tail :]}"
