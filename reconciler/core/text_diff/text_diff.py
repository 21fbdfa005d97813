"""What a diff of two long texts says: sections, lines, and pieces of lines, all safe to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.core.text import has_hidden, visible, visible_spaces
from reconciler.core.text_diff.line_diff import Work, find_edits, find_partners, find_rising, split_words
from reconciler.core.text_diff.moved_lines import Draft, Row, mark_moves
from reconciler.core.text_diff.text_sections import Block, cut_blocks, pair_blocks
from reconciler.core.text_diff.token_count import budget_band, count_tokens


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
