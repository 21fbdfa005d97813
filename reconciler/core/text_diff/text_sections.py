"""A long text cut at its headings, and which section of one text is which of another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.text_diff.line_diff import overlap

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
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        elif not fence and _HEADING.match(line):
            if number > start:
                blocks.append(Block(heading, start, tuple(lines[start:number])))
            start, heading = number, line.strip()
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
