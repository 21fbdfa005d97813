"""A diff of two long texts that is worth reading: by section, by line, and by word inside a changed line.

Made for prompts (20 kB of Markdown, some without a single line end). Sections are matched by their heading, so that
an edit never smears over a heading; text that only changed its place is told from text that changed; characters that
no screen shows are written out.

Work is bounded (`core.linediff`): where two parts have too little in common to compare them line by line, they are
shown as removed and added as a whole, and `coarse` says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.core.linediff import Work, find_edits, find_partners, find_rising, overlap, split_words
from reconciler.core.tokens import budget_band, count_tokens
from reconciler.core.visible import has_hidden, visible, visible_spaces

MIN_MOVED_CHARACTERS = 40
MAX_CANDIDATES = 20
RENAMED = 0.6
"""Share of lines that two sections must have in common to be one section under a new heading."""

_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_FENCE = re.compile(r"\s*(```|~~~)")


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
    """A stretch of a line; `changed` is for highlighting. The text is safe to show (`core.visible`)."""

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


@dataclass(slots=True)
class _Row:
    """A line before words are compared; `mark` may still become a move."""

    mark: Mark
    text: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class _Draft:
    heading: str | None
    fate: Fate
    rows: list[_Row]
    was: str | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    heading: str | None
    start: int
    lines: tuple[str, ...]


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
    old, new = _blocks(before.split("\n") if before else []), _blocks(after.split("\n") if after else [])
    work = Work()
    drafts = list(_sections(old, new, work))
    _mark_moves(drafts)
    sections = tuple(_finish(draft, work) for draft in drafts)
    return PromptDiff(sections, count_tokens(before), count_tokens(after), work.coarse, has_hidden(after))


def _blocks(lines: Sequence[str]) -> list[_Block]:
    """Cut at Markdown headings outside fenced code."""
    blocks: list[_Block] = []
    start, heading, fence = 0, None, ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        elif not fence and _HEADING.match(line):
            if number > start:
                blocks.append(_Block(heading, start, tuple(lines[start:number])))
            start, heading = number, line.strip()
    if len(lines) > start:
        blocks.append(_Block(heading, start, tuple(lines[start:])))
    return blocks


def _sections(old: list[_Block], new: list[_Block], work: Work) -> Iterator[_Draft]:
    pairs = _pair_blocks(old, new)
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
            yield _Draft(new[index].heading, Fate.ADDED, _rows_of(new[index], Mark.ADDED))
        for removed in gone.get(index, []):
            yield _Draft(old[removed].heading, Fate.REMOVED, _rows_of(old[removed], Mark.REMOVED))


def _matched(before: _Block, after: _Block, moved: bool, work: Work) -> _Draft:
    rows: list[_Row] = []
    for a1, a2, b1, b2 in find_edits(before.lines, after.lines, work):
        if before.lines[a1:a2] == after.lines[b1:b2]:
            numbers = zip(range(a1, a2), range(b1, b2), strict=True)
            rows += [_Row(Mark.SAME, after.lines[j], before.start + i + 1, after.start + j + 1) for i, j in numbers]
        else:
            rows += _rows_of(before, Mark.REMOVED, a1, a2) + _rows_of(after, Mark.ADDED, b1, b2)
    changed = any(row.mark is not Mark.SAME for row in rows)
    fate = (Fate.MOVED_AND_CHANGED if changed else Fate.MOVED) if moved else (Fate.CHANGED if changed else Fate.SAME)
    return _Draft(after.heading, fate, rows, before.heading if before.heading != after.heading else None)


def _rows_of(block: _Block, mark: Mark, start: int = 0, end: int | None = None) -> list[_Row]:
    old = mark is Mark.REMOVED
    return [
        _Row(mark, text, number if old else None, None if old else number)
        for number, text in enumerate(block.lines[start:end], block.start + start + 1)
    ]


def _mark_moves(drafts: list[_Draft]) -> None:
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
    rows: list[_Row], index: int, places: dict[str, list[int]], gone: dict[int | None, _Row]
) -> list[tuple[_Row, _Row]]:
    best: list[tuple[_Row, _Row]] = []
    if rows[index].mark is not Mark.ADDED:
        return best
    for start in places.get(rows[index].text, [])[:MAX_CANDIDATES]:
        run: list[tuple[_Row, _Row]] = []
        for offset, here in enumerate(rows[index:]):
            away = gone.get(start + offset)
            if here.mark is not Mark.ADDED or away is None or away.mark is not Mark.REMOVED or away.text != here.text:
                break
            run.append((here, away))
        best = max(best, run, key=len)
    return best


def _finish(draft: _Draft, work: Work) -> Section:
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


def _compared(rows: list[_Row], work: Work) -> list[Line]:
    removed = [index for index, row in enumerate(rows) if row.mark is Mark.REMOVED]
    added = [index for index, row in enumerate(rows) if row.mark is Mark.ADDED]
    pieces: dict[int, tuple[Piece, ...]] = {}
    for i, j in find_partners([rows[index].text for index in removed], [rows[index].text for index in added]):
        left, right = split_words(rows[removed[i]].text, rows[added[j]].text, work)
        pieces[removed[i]], pieces[added[j]] = _pieces(left), _pieces(right)
    return [_line(row, pieces.get(index)) for index, row in enumerate(rows)]


def _line(row: _Row, pieces: tuple[Piece, ...] | None) -> Line:
    return Line(row.mark, pieces or (Piece(visible(row.text)),), row.before, row.after)


def _pieces(parts: list[tuple[str, bool]]) -> tuple[Piece, ...]:
    return tuple(Piece(visible_spaces(text) if changed else visible(text), changed) for text, changed in parts)


def _pair_blocks(old: list[_Block], new: list[_Block]) -> dict[int, int]:
    """New index -> old index: by heading and its number of occurrence, then renamed ones by their lines."""
    by_key = {key: index for index, key in enumerate(_keys(old))}
    pairs = {index: by_key[key] for index, key in enumerate(_keys(new)) if key in by_key}
    taken = set(pairs.values())
    free = [index for index in range(len(old)) if index not in taken and len(old[index].lines) > 1]
    bags = {index: Counter(line for line in old[index].lines[1:] if line.strip()) for index in free}
    for index, block in enumerate(new):
        if index in pairs or not free:
            continue
        bag = Counter(line for line in block.lines[1:] if line.strip())
        likeness = {candidate: overlap(bags[candidate], bag) for candidate in free}
        best = max(free, key=lambda candidate: likeness[candidate])
        words = overlap(_heading_words(old[best]), _heading_words(block))
        if likeness[best] >= RENAMED or (likeness[best] >= RENAMED / 2 and words >= RENAMED):
            pairs[index] = best
            free.remove(best)
    return pairs


def _heading_words(block: _Block) -> Counter[str]:
    return Counter((block.heading or "").casefold().split()[1:])


def _keys(blocks: list[_Block]) -> list[tuple[str, int]]:
    seen: Counter[str] = Counter()
    keys: list[tuple[str, int]] = []
    for block in blocks:
        words = " ".join((block.heading or "").lstrip("#").split()).casefold()
        keys.append((words, seen[words]))
        seen[words] += 1
    return keys
