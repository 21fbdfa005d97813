"""Prompts and other long texts: line diffs with context, changed words highlighted, sections and moves named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reconciler.core.text import budget_band, count_tokens, has_hidden, visible
from reconciler.core.text_diff import (
    Fate,
    Line,
    Mark,
    Piece,
    PromptDiff,
    Section,
    diff_prompts,
    near_changes,
)
from reconciler.reporters.text.paint import Paint, Tone, flow_pieces
from reconciler.reporters.wording import BANDS, plural, token_change
from reconciler.types.json import Json

CONTEXT = 2
MAX_LINES = 150
PREVIEW = 6
LONG_LINE = 160

_TONES = {
    Mark.ADDED: Tone.ADDED,
    Mark.REMOVED: Tone.REMOVED,
    Mark.MOVED_HERE: Tone.MOVED,
    Mark.MOVED_AWAY: Tone.MOVED,
    Mark.SAME: Tone.DIM,
}
_WORDS = {Mark.ADDED: Tone.ADDED_WORD, Mark.REMOVED: Tone.REMOVED_WORD}


def prompt_lines(before: Json, after: Json, paint: Paint, indent: str) -> Iterator[str]:
    """First a headline to stand behind the path, then the lines."""
    old, new = (value if isinstance(value, str) else "" for value in (before, after))
    if before is None or after is None:
        text, mark = (new, Mark.ADDED) if before is None else (old, Mark.REMOVED)
        yield _size(text) + (" -> null" if after is None else "")
        yield from _preview(text, mark, paint, indent)
        return
    diff = diff_prompts(old, new)
    yield _headline(diff)
    if diff.hidden:
        yield paint(f"{indent}! holds characters that no screen shows; they are written as «\\u....»", Tone.WARNING)
    yield from _limited(_sections(diff, paint, indent), paint, indent)
    if diff.coarse:
        yield paint(f"{indent}# parts with little in common are shown whole", Tone.DIM)


def _size(text: str) -> str:
    tokens = count_tokens(text)
    lines = text.count("\n") + 1
    band = budget_band(tokens)
    return f"{plural(tokens, 'token')}{'' if band == 'best' else f' ({BANDS[band]})'}, {plural(lines, 'line')}"


def _preview(text: str, mark: Mark, paint: Paint, indent: str) -> Iterator[str]:
    lines = text.split("\n")
    if has_hidden(text):
        yield paint(f"{indent}! holds characters that no screen shows; they are written as «\\u....»", Tone.WARNING)
    shown = lines if paint.style.verbose else lines[:PREVIEW]
    for line in shown:
        yield from _line(Line(mark, (Piece(visible(line)),)), paint, indent, whole=paint.style.verbose)
    if len(lines) > len(shown):
        yield paint(f"{indent}  … {plural(len(lines) - len(shown), 'more line')}", Tone.DIM)


def _headline(diff: PromptDiff) -> str:
    parts = [token_change(diff)]
    for count, word in ((diff.added, "added"), (diff.removed, "removed"), (diff.moved, "moved")):
        if count:
            parts.append(f"{plural(count, 'line')} {word}" if len(parts) == 1 else f"{count:,} {word}")
    return ", ".join(parts)


def _limited(lines: Iterator[str], paint: Paint, indent: str) -> Iterator[str]:
    shown = 0
    for line in lines:
        if shown < MAX_LINES or paint.style.verbose:
            yield line
        shown += 1
    if shown > MAX_LINES and not paint.style.verbose:
        yield paint(f"{indent}… {shown - MAX_LINES:,} more lines of this diff (--verbose shows them)", Tone.DIM)


def _sections(diff: PromptDiff, paint: Paint, indent: str) -> Iterator[str]:
    skipped = 0
    for section in diff.sections:
        if section.fate is Fate.SAME and section.was is None:
            skipped += 1
            continue
        if section.heading is not None or section.fate is not Fate.CHANGED:
            yield from _title(section, paint, indent)
        if section.fate is not Fate.MOVED:
            yield from _body(section, paint, indent)
    if skipped and len(diff.sections) > 1:
        yield paint(f"{indent}  {plural(skipped, 'unchanged section')} not shown", Tone.DIM)


def _title(section: Section, paint: Paint, indent: str) -> Iterator[str]:
    title = section.heading or "(before the first heading)"
    fate = section.fate.value + (f", was {section.was}" if section.was else "")
    if section.fate is Fate.MOVED:
        fate += f" as it is, {plural(len(section.lines), 'line')}"
    yield paint(f"{indent}@@ {title}", Tone.BOLD) + paint(f"  ({fate})", Tone.NOTE)


def _body(section: Section, paint: Paint, indent: str) -> Iterator[str]:
    lines = section.lines
    near = near_changes(lines, CONTEXT)
    # The heading is the title already.
    first = 1 if section.heading is not None and lines and lines[0].mark is not Mark.REMOVED else 0
    if section.was is not None:
        first = 0
    for shown, run in groupby(range(first, len(lines)), key=near.__contains__):
        indexes = list(run)
        if not shown and not any(lines[index].text for index in indexes):
            continue
        if not shown and len(indexes) > 1:
            yield paint(f"{indent}  ⋮ {plural(len(indexes), 'unchanged line')}", Tone.DIM)
            continue
        for index in indexes:
            yield from _line(lines[index], paint, indent)


def _line(line: Line, paint: Paint, indent: str, *, whole: bool = False) -> Iterator[str]:
    tone, words = _TONES[line.mark], _WORDS.get(line.mark, Tone.BOLD)
    width = max(paint.width - len(indent) - 2, 20)
    lead = paint(line.mark.value, tone) + " "
    for row in flow_pieces(line.pieces, width, whole=whole):
        text = "".join(paint(piece.text, words if piece.changed else tone) for piece in row)
        yield f"{indent}{lead}{text}".rstrip() if not paint.style.color else f"{indent}{lead}{text}"
        if not paint.style.color and line.mark in _WORDS and any(piece.changed for piece in row):
            # Without colour the changed words are underlined, the way compilers point at a place.
            marks = "".join(("^" if piece.changed else " ") * len(piece.text) for piece in row)
            yield f"{indent}  {marks.rstrip()}"
        lead = "  "
