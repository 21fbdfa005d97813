"""What a diff of two long texts says: sections, lines, and pieces of lines, all safe to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.core.text_diff.token_count import budget_band


class Mark(Enum):
    """What became of a line; the value is the sign that stands before it."""

    SAME = " "
    ADDED = "+"
    REMOVED = "-"
    MOVED_HERE = ">"
    MOVED_AWAY = "<"


class Fate(Enum):
    """What became of a section."""

    SAME = "unchanged"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    MOVED_AND_CHANGED = "moved and changed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line; `changed` is for highlighting. The text is safe to show (`core.text`)."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Numbers count from 1 in the whole text; None on the side where the line does not stand."""

    mark: Mark
    pieces: tuple[Piece, ...]
    before: int | None = None
    after: int | None = None

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Section:
    """The lines under one heading; `heading` is None for what stands before the first."""

    heading: str | None
    fate: Fate
    lines: tuple[Line, ...]
    was: str | None = None
    """The heading it had before, where it was renamed."""


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """All sections in their new order, removed ones where they stood."""

    sections: tuple[Section, ...]
    tokens_before: int
    tokens_after: int
    coarse: bool = False
    """Some part was too different to compare line by line and is shown as removed and added."""
    hidden: bool = False
    """The new text holds invisible or bidirectional characters."""

    @property
    def added(self) -> int:
        return self._count(Mark.ADDED)

    @property
    def removed(self) -> int:
        return self._count(Mark.REMOVED)

    @property
    def moved(self) -> int:
        return self._count(Mark.MOVED_HERE) + sum(
            len(section.lines) for section in self.sections if section.fate is Fate.MOVED
        )

    @property
    def band(self) -> str:
        return budget_band(self.tokens_after)

    def _count(self, mark: Mark) -> int:
        return sum(line.mark is mark for section in self.sections for line in section.lines)


def near_changes(lines: Sequence[Line], context: int) -> set[int]:
    """Indexes of the lines worth showing: changed ones and `context` unchanged ones around each, without the blank
    ones at the end."""
    near = {
        index + offset
        for index, line in enumerate(lines)
        if line.mark is not Mark.SAME
        for offset in range(-context, context + 1)
        if 0 <= index + offset < len(lines)
    }
    while near and lines[max(near)].mark is Mark.SAME and not lines[max(near)].text.strip():
        near.remove(max(near))
    return near
