"""Where two sequences of lines, or of words, differ: bounded work for texts of any shape.

Common ends are cut off first; what is left goes to difflib while it is small (`MAX_CELLS` pairs); else items that
stand once on both sides anchor it, and only the gaps between anchors are compared. A large gap without anchors counts
as replaced whole, and `Work.coarse` says so.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MAX_CELLS = 40_000
MAX_PAIRS = 400
SIMILAR = 0.45

Range = tuple[int, int, int, int]
"""`a[first:second]` became `b[third:fourth]`."""

# Han and kana have no blanks between words: each character counts. Skin tones and joined signs stay with their base.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+|[^\S\n]+|[^\w\s](?:[\U0001f3fb-\U0001f3ff\ufe0f]|\u200d[^\w\s])*")


class Work:
    """Remembers whether the cap was hit anywhere in one comparison."""

    __slots__ = ("coarse",)

    def __init__(self) -> None:
        self.coarse = False


def find_edits(a: Sequence[str], b: Sequence[str], work: Work) -> Iterator[Range]:
    """Ranges of `a` and `b` in order, equal and unequal ones; neighbours of one sort are joined."""
    head = 0
    while head < len(a) and head < len(b) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < len(a) - head and tail < len(b) - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    if head:
        yield 0, head, 0, head
    yield from _middle(a, b, (head, len(a) - tail, head, len(b) - tail), work)
    if tail:
        yield len(a) - tail, len(a), len(b) - tail, len(b)


def _middle(a: Sequence[str], b: Sequence[str], window: Range, work: Work) -> Iterator[Range]:
    a1, a2, b1, b2 = window
    if a1 == a2 or b1 == b2:
        if a1 != a2 or b1 != b2:
            yield window
        return
    if (a2 - a1) * (b2 - b1) <= MAX_CELLS:
        matcher = SequenceMatcher(None, a[a1:a2], b[b1:b2], autojunk=False)
        for _, i1, i2, j1, j2 in matcher.get_opcodes():
            yield a1 + i1, a1 + i2, b1 + j1, b1 + j2
        return
    anchors = _anchors(a, b, window)
    if not anchors:
        work.coarse = True
        yield window
        return
    for i, j in anchors:
        if i < a1 or j < b1:
            continue
        size = 1
        while i + size < a2 and j + size < b2 and a[i + size] == b[j + size]:
            size += 1
        yield from _middle(a, b, (a1, i, b1, j), work)
        yield i, i + size, j, j + size
        a1, b1 = i + size, j + size
    yield from _middle(a, b, (a1, a2, b1, b2), work)


def _anchors(a: Sequence[str], b: Sequence[str], window: Range) -> list[tuple[int, int]]:
    """Lines that stand once in each window, as far as they kept their order."""
    a1, a2, b1, b2 = window
    once_a, once_b = Counter(a[a1:a2]), Counter(b[b1:b2])
    places = {text: index for index, text in enumerate(b[b1:b2], b1) if once_b[text] == 1}
    common = [(i, places[text]) for i, text in enumerate(a[a1:a2], a1) if once_a[text] == 1 and text in places]
    kept = set(find_rising([j for _, j in common]))
    return [(i, j) for i, j in common if j in kept]


def find_rising(values: list[int]) -> list[int]:
    """A longest rising subsequence: what kept its order. The rest moved."""
    tails: list[int] = []
    ends: list[int] = []
    links: list[int] = []
    for index, value in enumerate(values):
        place = bisect_left(tails, value)
        links.append(ends[place - 1] if place else -1)
        tails[place : place + 1] = [value]
        ends[place : place + 1] = [index]
    result: list[int] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        result.append(values[index])
        index = links[index]
    return result[::-1]


def overlap(a: Counter[str], b: Counter[str]) -> float:
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 0.0


def find_partners(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Which removed line became which added one: in order, similar ones only."""
    if not old or not new:
        return
    if len(old) * len(new) > MAX_PAIRS:
        candidates = list(zip(range(len(old)), range(len(new)), strict=False))
        yield from ((i, j) for i, j in candidates if _likeness(_bag(old[i]), _bag(new[j])) >= SIMILAR)
        return
    bags_a, bags_b = [_bag(text) for text in old], [_bag(text) for text in new]
    scores = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            score = _likeness(bags_a[i], bags_b[j])
            paired = score + scores[i + 1][j + 1] if score >= SIMILAR else 0.0
            scores[i][j] = max(paired, scores[i + 1][j], scores[i][j + 1])
    i = j = 0
    while i < len(old) and j < len(new):
        if scores[i][j] == scores[i + 1][j]:
            i += 1
        elif scores[i][j] == scores[i][j + 1]:
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1


def _bag(text: str) -> Counter[str]:
    return Counter(word for word in _WORD.findall(text) if not word.isspace())


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    return 1.0 if not a and not b else overlap(a, b)


def split_words(old: str, new: str, work: Work) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Both lines as stretches with "changed" flags. A blank between two changed words belongs to the change."""
    a, b = _WORD.findall(old), _WORD.findall(new)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for a1, a2, b1, b2 in _close_gaps(a, b, list(find_edits(a, b, work))):
        changed = a[a1:a2] != b[b1:b2]
        _extend(left, "".join(a[a1:a2]), changed)
        _extend(right, "".join(b[b1:b2]), changed)
    return left, right


def _extend(parts: list[tuple[str, bool]], text: str, changed: bool) -> None:
    if not text:
        return
    if parts and parts[-1][1] == changed:
        parts[-1] = (parts[-1][0] + text, changed)
    else:
        parts.append((text, changed))


def _close_gaps(a: Sequence[str], b: Sequence[str], edits: list[Range]) -> Iterator[Range]:
    """Join two replacements that only a blank keeps apart, so that two changed words light up as one."""
    whole: list[Range] = []
    for edit in edits:
        whole.append(edit)
        while (
            len(whole) >= 3 and _replaces(a, b, whole[-3]) and _is_blank(a, whole[-2]) and _replaces(a, b, whole[-1])
        ):
            last, _, first = whole.pop(), whole.pop(), whole.pop()
            whole.append((first[0], last[1], first[2], last[3]))
    yield from whole


def _replaces(a: Sequence[str], b: Sequence[str], edit: Range) -> bool:
    a1, a2, b1, b2 = edit
    return a2 > a1 and b2 > b1 and a[a1:a2] != b[b1:b2]


def _is_blank(a: Sequence[str], edit: Range) -> bool:
    return edit[1] - edit[0] == 1 == edit[3] - edit[2] and a[edit[0]].isspace()


RENAMED = 0.6
"""Share of lines that two sections must have in common to be one section under a new heading."""

_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_FENCE = re.compile(r"\s*(```|~~~)")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (None before the first) and the lines under it, itself included; `start` counts from 0."""

    heading: str | None
    start: int
    lines: tuple[str, ...]


def cut_blocks(lines: Sequence[str]) -> list[Block]:
    """Cut at Markdown headings outside fenced code."""
    blocks: list[Block] = []
    start, heading, fence = 0, None, ""
    for index, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        elif not fence and _HEADING.match(line):
            if index > start:
                blocks.append(Block(heading, start, tuple(lines[start:index])))
            start, heading = index, line.strip()
    if len(lines) > start:
        blocks.append(Block(heading, start, tuple(lines[start:])))
    return blocks


def pair_blocks(old: list[Block], new: list[Block]) -> dict[int, int]:
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


def _heading_words(block: Block) -> Counter[str]:
    return Counter((block.heading or "").casefold().split()[1:])


def _keys(blocks: list[Block]) -> list[tuple[str, int]]:
    seen: Counter[str] = Counter()
    keys: list[tuple[str, int]] = []
    for block in blocks:
        words = " ".join((block.heading or "").lstrip("#").split()).casefold()
        keys.append((words, seen[words]))
        seen[words] += 1
    return keys
