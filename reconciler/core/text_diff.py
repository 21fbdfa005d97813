"""A diff of two long texts that is worth reading: by section, by line, and by word inside a changed line.

Made for prompts (20 kB of Markdown, some without a single line end). Sections are matched by their heading, so that
an edit never smears over a heading; text that only changed its place is told from text that changed; characters that
no screen shows are written out.

Work is bounded (`line_diff`): where two parts have too little in common to compare them line by line, they
are shown as removed and added as a whole, and `coarse` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.core.line_diff import (
    Block,
    Work,
    cut_blocks,
    find_edits,
    find_partners,
    find_rising,
    pair_blocks,
    split_words,
)
from reconciler.core.text import budget_band, count_tokens, has_hidden, visible, visible_spaces

MIN_MOVED_CHARACTERS = 40
MAX_CANDIDATES = 20


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


def diff_prompts(before: str, after: str) -> PromptDiff:
    """Compare two texts. Equal texts give sections of unchanged lines only."""
    old, new = cut_blocks(before.split("\n") if before else []), cut_blocks(after.split("\n") if after else [])
    work = Work()
    drafts = list(_sections(old, new, work))
    mark_moves(drafts)
    sections = tuple(_finish(draft, work) for draft in drafts)
    return PromptDiff(sections, count_tokens(before), count_tokens(after), work.coarse, has_hidden(after))


def _sections(old: list[Block], new: list[Block], work: Work) -> Iterator[Draft]:
    pairs = pair_blocks(old, new)
    matched = {before: after for after, before in pairs.items()}
    kept = set(find_rising([pairs[index] for index in sorted(pairs)]))
    # A removed section is shown after the section that it followed, if that one kept its place.
    gone: dict[int, list[int]] = {}
    anchor = -1
    for index in range(len(old)):
        if index in kept:
            anchor = matched[index]
        elif index not in matched:
            gone.setdefault(anchor, []).append(index)
    for index in range(-1, len(new)):
        if index in pairs:
            yield _matched(old[pairs[index]], new[index], pairs[index] not in kept, work)
        elif index >= 0:
            yield Draft(new[index].heading, Fate.ADDED, _rows_of(new[index], Mark.ADDED))
        for removed in gone.get(index, []):
            yield Draft(old[removed].heading, Fate.REMOVED, _rows_of(old[removed], Mark.REMOVED))


def _matched(before: Block, after: Block, moved: bool, work: Work) -> Draft:
    rows: list[Row] = []
    for a1, a2, b1, b2 in find_edits(before.lines, after.lines, work):
        if before.lines[a1:a2] == after.lines[b1:b2]:
            numbers = zip(range(a1, a2), range(b1, b2), strict=True)
            rows += [Row(Mark.SAME, after.lines[j], before.start + i + 1, after.start + j + 1) for i, j in numbers]
        else:
            rows += _rows_of(before, Mark.REMOVED, a1, a2) + _rows_of(after, Mark.ADDED, b1, b2)
    changed = any(row.mark is not Mark.SAME for row in rows)
    fate = (Fate.MOVED_AND_CHANGED if changed else Fate.MOVED) if moved else (Fate.CHANGED if changed else Fate.SAME)
    return Draft(after.heading, fate, rows, before.heading if before.heading != after.heading else None)


def _rows_of(block: Block, mark: Mark, start: int = 0, end: int | None = None) -> list[Row]:
    old = mark is Mark.REMOVED
    return [
        Row(mark, text, number if old else None, None if old else number)
        for number, text in enumerate(block.lines[start:end], block.start + start + 1)
    ]


def _finish(draft: Draft, work: Work) -> Section:
    """Compare words inside each run of changed lines."""
    rows = draft.rows
    lines: list[Line] = []
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end].mark is not Mark.SAME:
            end += 1
        lines += _compared(rows[start:end], work) or [_line(rows[start], None)]
        start = max(end, start + 1)
    was = visible(draft.was) if draft.was is not None else None
    return Section(visible(draft.heading) if draft.heading is not None else None, draft.fate, tuple(lines), was)


def _compared(rows: list[Row], work: Work) -> list[Line]:
    removed = [index for index, row in enumerate(rows) if row.mark is Mark.REMOVED]
    added = [index for index, row in enumerate(rows) if row.mark is Mark.ADDED]
    pieces: dict[int, tuple[Piece, ...]] = {}
    for i, j in find_partners([rows[index].text for index in removed], [rows[index].text for index in added]):
        left, right = split_words(rows[removed[i]].text, rows[added[j]].text, work)
        pieces[removed[i]], pieces[added[j]] = _pieces(left), _pieces(right)
    return [_line(row, pieces.get(index)) for index, row in enumerate(rows)]


def _line(row: Row, pieces: tuple[Piece, ...] | None) -> Line:
    return Line(row.mark, pieces or (Piece(visible(row.text)),), row.before, row.after)


def _pieces(parts: list[tuple[str, bool]]) -> tuple[Piece, ...]:
    return tuple(Piece(visible_spaces(text) if changed else visible(text), changed) for text, changed in parts)


@dataclass(slots=True)
class Row:
    """A line before words are compared; `mark` may still become a move."""

    mark: Mark
    text: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A section whose lines are still rows."""

    heading: str | None
    fate: Fate
    rows: list[Row]
    was: str | None = None


def mark_moves(drafts: list[Draft]) -> None:
    """A run of lines removed in one place and added in another, unchanged, moved. Short ones may be chance."""
    gone = {row.before: row for draft in drafts for row in draft.rows if row.mark is Mark.REMOVED}
    places: dict[str, list[int]] = {}
    for number, row in gone.items():
        if number is not None and row.text.strip():
            places.setdefault(row.text, []).append(number)
    for draft in drafts:
        index = 0
        while index < len(draft.rows):
            run = _longest_run(draft.rows, index, places, gone)
            if sum(len(row.text.strip()) for row, _ in run) >= MIN_MOVED_CHARACTERS:
                for here, away in run:
                    here.mark, away.mark = Mark.MOVED_HERE, Mark.MOVED_AWAY
            index += max(1, len(run))


def _longest_run(
    rows: list[Row], index: int, places: dict[str, list[int]], gone: dict[int | None, Row]
) -> list[tuple[Row, Row]]:
    best: list[tuple[Row, Row]] = []
    if rows[index].mark is not Mark.ADDED:
        return best
    for start in places.get(rows[index].text, [])[:MAX_CANDIDATES]:
        run: list[tuple[Row, Row]] = []
        for offset, here in enumerate(rows[index:]):
            away = gone.get(start + offset)
            if here.mark is not Mark.ADDED or away is None or away.mark is not Mark.REMOVED or away.text != here.text:
                break
            run.append((here, away))
        best = max(best, run, key=len)
    return best
