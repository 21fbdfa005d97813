"""Colours, symbols and line breaking of the text report; everything from outside passes `plain` first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from enum import Enum

from reconciler.core.text import one_line, visible
from reconciler.types.report import Style

RESET = "\x1b[0m"
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
            pieces = textwrap.wrap(
                paragraph,
                width=max(self.width - len(indent), 20),
                break_long_words=False,
                break_on_hyphens=False,
            )
            for piece in pieces or [""]:
                yield lead + self(piece, tone)
                lead = indent


def plain(text: str) -> str:
    """Text from outside on one line, without anything that a terminal would obey."""
    return one_line(text)
