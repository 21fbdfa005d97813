"""A prompt as `<pre>` blocks, one a section: changed words struck out and underlined, moves named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reconciler.core.promptdiff import (
    Fate,
    Line,
    Mark,
    Piece,
    PromptDiff,
    Section,
    diff_prompts,
    near_changes,
)
from reconciler.reporters.leaves import Leaf
from reconciler.reporters.markdown.escape import block, code, prose
from reconciler.reporters.wording import plural, token_change

CONTEXT = 1
LONGEST_LINE = 600
NEAR = 60
MAX_LINES = 120
PREVIEW = 8


def prompt_markdown(leaf: Leaf) -> Iterator[str]:
    """Lines of Markdown for a text that changed, came or went."""
    before = leaf.before if isinstance(leaf.before, str) else ""
    after = leaf.after if isinstance(leaf.after, str) else ""
    diff = diff_prompts(before, after)
    yield f"{code(leaf.path)}: {headline(diff)}"
    if leaf.note:
        yield ""
        yield prose(leaf.note)
    if diff.hidden:
        yield ""
        yield ":warning: holds characters that no screen shows; they are written as «\\\\u....»"
    if leaf.before is None or leaf.after is None:
        text, sign = (after, "+") if leaf.before is None else (before, "-")
        lines = text.split("\n")
        shown = [f"{sign} {block(_short(line))}" for line in lines[:PREVIEW]]
        more = [f"  … {plural(len(lines) - PREVIEW, 'more line')}"] if len(lines) > PREVIEW else []
        yield from _pre([*shown, *more])
        return
    yield from _sections(diff)


def headline(diff: PromptDiff) -> str:
    """Tokens before and after, then how many lines came, went and moved."""
    counts = ((diff.added, "added"), (diff.removed, "removed"), (diff.moved, "moved"))
    parts = [f"{plural(count, 'line')} {word}" for count, word in counts if count]
    return ", ".join([token_change(diff).replace("->", "→"), *parts])


def _sections(diff: PromptDiff) -> Iterator[str]:
    left = MAX_LINES
    unchanged = 0
    hidden = 0
    for section in diff.sections:
        if section.fate is Fate.SAME and section.was is None:
            unchanged += 1
            continue
        if left <= 0:
            hidden += 1
            continue
        rows = [] if section.fate is Fate.MOVED else list(_rows(section))
        yield ""
        yield _title(section)
        if rows:
            more = [f"  … {plural(len(rows) - left, 'more line')} of this section"] if len(rows) > left else []
            yield from _pre([*rows[:left], *more])
        left -= len(rows)
    notes = [f"{plural(unchanged, 'unchanged section')} not shown"] if unchanged and len(diff.sections) > 1 else []
    notes += [f"{plural(hidden, 'changed section')} not shown"] if hidden else []
    if notes:
        yield ""
        yield f"*{', '.join(notes)}*"


def _title(section: Section) -> str:
    name = code(section.heading) if section.heading else "before the first heading"
    was = f", was {code(section.was)}" if section.was else ""
    return f"{name} ({section.fate.value}{was})"


def _rows(section: Section) -> Iterator[str]:
    lines = section.lines
    near = near_changes(lines, CONTEXT)
    for shown, run in groupby(range(len(lines)), key=near.__contains__):
        indexes = list(run)
        if shown:
            yield from (_row(lines[index]) for index in indexes)
        elif any(lines[index].text.strip() for index in indexes):
            yield f"  ⋮ {plural(len(indexes), 'unchanged line')}"


def _row(line: Line) -> str:
    tag = {Mark.ADDED: "ins", Mark.REMOVED: "del"}.get(line.mark, "b")
    text = "".join(_piece(piece, tag, index, len(line.pieces)) for index, piece in enumerate(line.pieces))
    return f"{block(line.mark.value)} {text}"


def _piece(piece: Piece, tag: str, index: int, count: int) -> str:
    if piece.changed:
        return f"<{tag}>{block(_short(piece.text))}</{tag}>"
    if count == 1 or len(piece.text) <= 3 * NEAR:
        return block(_short(piece.text))
    head = piece.text[:NEAR] if index else ""
    tail = piece.text[-NEAR:] if index < count - 1 else ""
    return f"{block(head)} …{len(piece.text) - len(head) - len(tail):,} characters… {block(tail)}"


def _short(text: str) -> str:
    if len(text) <= LONGEST_LINE:
        return text
    kept = LONGEST_LINE // 2
    return f"{text[:kept]} …{len(text) - 2 * kept:,} characters… {text[-kept:]}"


def _pre(rows: list[str]) -> Iterator[str]:
    yield ""
    yield "<pre>" + "\n".join(rows) + "</pre>"
