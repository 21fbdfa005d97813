"""A prompt as `<pre>` blocks, one a section: changed words struck out and underlined, moves named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reconciler.core.text_diff.text_diff import (
    Fate,
    Line,
    Mark,
    Piece,
    PromptDiff,
    Section,
    diff_prompts,
    near_changes,
)
from reconciler.reporters.markdown.comment_text import FULL, Detail, block, code, prose
from reconciler.reporters.shown_leaves import Leaf
from reconciler.reporters.wording import plural, token_change

CONTEXT = 1
NEAR = 60
PREVIEW = 8


def prompt_markdown(leaf: Leaf, detail: Detail = FULL) -> Iterator[str]:
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
        shown = [f"{sign} {block(_short(line, detail.line))}" for line in lines[:PREVIEW]]
        more = [f"  … {plural(len(lines) - PREVIEW, 'more line')}"] if len(lines) > PREVIEW else []
        yield from _pre([*shown, *more])
        return
    yield from _sections(diff, detail)


def headline(diff: PromptDiff) -> str:
    """Tokens before and after, then how many lines came, went and moved."""
    counts = ((diff.added, "added"), (diff.removed, "removed"), (diff.moved, "moved"))
    parts = [f"{plural(count, 'line')} {word}" for count, word in counts if count]
    return ", ".join([token_change(diff).replace("->", "→"), *parts])


def _sections(diff: PromptDiff, detail: Detail) -> Iterator[str]:
    left = detail.lines
    unchanged = 0
    hidden = 0
    for section in diff.sections:
        if section.fate is Fate.SAME and section.was is None:
            unchanged += 1
            continue
        if left <= 0:
            hidden += 1
            continue
        rows = [] if section.fate is Fate.MOVED else list(_rows(section, detail.line))
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


def _rows(section: Section, longest: int) -> Iterator[str]:
    lines = section.lines
    near = near_changes(lines, CONTEXT)
    for shown, run in groupby(range(len(lines)), key=near.__contains__):
        indexes = list(run)
        if shown:
            yield from (_row(lines[index], longest) for index in indexes)
        elif any(lines[index].text.strip() for index in indexes):
            yield f"  ⋮ {plural(len(indexes), 'unchanged line')}"


def _row(line: Line, longest: int) -> str:
    tag = {Mark.ADDED: "ins", Mark.REMOVED: "del"}.get(line.mark, "b")
    text, room = "", 3 * longest
    for index, piece in enumerate(line.pieces):
        shown = _piece(piece, tag, index, len(line.pieces), longest)
        if len(shown) > room and index:
            text += f" …{sum(len(one.text) for one in line.pieces[index:]):,} characters"
            break
        text, room = text + shown, room - len(shown)
    return f"{block(line.mark.value)} {text}"


def _piece(piece: Piece, tag: str, index: int, count: int, longest: int) -> str:
    if piece.changed:
        return f"<{tag}>{block(_short(piece.text, longest))}</{tag}>"
    if count == 1 or len(piece.text) <= 3 * NEAR:
        return block(_short(piece.text, longest))
    head = piece.text[:NEAR] if index else ""
    tail = piece.text[-NEAR:] if index < count - 1 else ""
    return f"{block(head)} …{len(piece.text) - len(head) - len(tail):,} characters… {block(tail)}"


def _short(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    kept = longest // 2
    return f"{text[:kept]} …{len(text) - 2 * kept:,} characters… {text[-kept:]}"


def _pre(rows: list[str]) -> Iterator[str]:
    yield ""
    yield "<pre>" + "\n".join(rows) + "</pre>"
