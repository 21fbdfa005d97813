"""Colours, signs and folded lines for a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from reconciler.core.text import one_line, visible
from reconciler.types.report import Style

if TYPE_CHECKING:
    from reconciler.core.text_diff import Piece

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
    from reconciler.core.text_diff import Piece

    if row and row[-1].changed == changed:
        row[-1] = Piece(row[-1].text + text, changed)
    else:
        row.append(Piece(text, changed))


def _cut(pieces: Sequence[Piece], width: int) -> list[Piece]:
    from reconciler.core.text_diff import Piece

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


RESET = "\x1b[0m"
SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
SMALLEST_WIDTH = 40


class Tone(Enum):
    """What a stretch of text means; the value is its ANSI style."""

    PLAIN = ""
    BOLD = "\x1b[1m"
    DIM = "\x1b[2m"
    ADDED = "\x1b[32m"
    REMOVED = "\x1b[31m"
    CHANGED = "\x1b[33m"
    MOVED = "\x1b[36m"
    ERROR = "\x1b[1;31m"
    WARNING = "\x1b[1;33m"
    NOTE = "\x1b[96m"
    ADDED_WORD = "\x1b[1;7;32m"
    REMOVED_WORD = "\x1b[1;7;31m"


SYMBOL_TONES = {
    "+": Tone.ADDED,
    "-": Tone.REMOVED,
    "~": Tone.CHANGED,
    ".": Tone.DIM,
    "<": Tone.MOVED,
    ">": Tone.MOVED,
}


class Paint:
    """Writes styled text where the style asks for colour, and the same text without it otherwise."""

    __slots__ = ("style", "width")

    def __init__(self, style: Style) -> None:
        self.style = style
        self.width = max(style.width, SMALLEST_WIDTH)

    def __call__(self, text: str, tone: Tone = Tone.PLAIN) -> str:
        """`text` must be safe already (`plain`)."""
        if not self.style.color or tone is Tone.PLAIN or not text:
            return text
        return f"{tone.value}{text}{RESET}"

    def symbol(self, sign: str) -> str:
        return self(sign, SYMBOL_TONES.get(sign, Tone.PLAIN))

    def wrap(self, text: str, indent: str, *, first: str | None = None, tone: Tone = Tone.PLAIN) -> Iterator[str]:
        """A paragraph from outside, broken at the width; line ends in it stay. `first` stands before line one."""
        lead = indent if first is None else first
        for paragraph in visible(text).split("\n"):
            taken = len(SEQUENCE.sub("", lead))
            pieces = textwrap.wrap(
                paragraph,
                width=max(self.width, len(indent) + 20, taken + 20),
                initial_indent=" " * taken,
                subsequent_indent=" " * len(indent),
                break_long_words=False,
                break_on_hyphens=False,
            )
            for piece in pieces or [""]:
                yield lead + self(piece[taken:], tone)
                lead, taken = indent, len(indent)


def plain(text: str) -> str:
    """Text from outside on one line, without anything that a terminal would obey."""
    return one_line(text)
