"""A prompt side by side: before on the left, after on the right, one table a section."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, zip_longest

from reconciler.core.text import one_line
from reconciler.core.text_diff.text_diff import Fate, Line, Mark, Section, diff_prompts, near_changes
from reconciler.reporters.html.html_escape import escape
from reconciler.reporters.shown_leaves import Leaf
from reconciler.reporters.wording import plural, token_change

CONTEXT = 2
MAX_LINES = 3_000
"""Lines of one text; what is left out is counted."""
_CLASSES = {
    Mark.ADDED: "added",
    Mark.REMOVED: "removed",
    Mark.MOVED_HERE: "moved",
    Mark.MOVED_AWAY: "moved",
    Mark.SAME: "same",
}


def prompt_html(leaf: Leaf) -> Iterator[str]:
    """A heading with the tokens, then the sections that changed."""
    before = leaf.before if isinstance(leaf.before, str) else ""
    after = leaf.after if isinstance(leaf.after, str) else ""
    diff = diff_prompts(before, after)
    tokens = token_change(diff).replace("->", "→")
    direction = f' <span class="tag {leaf.direction.value}">{leaf.direction.value}</span>' if leaf.direction else ""
    yield f"<h3><code>{escape(one_line(leaf.path))}</code> <span class=soft>{tokens}</span>{direction}</h3>"
    if leaf.note:
        yield f"<p class=soft># {escape(one_line(leaf.note))}</p>"
    if diff.hidden:
        yield "<p class='box warning'>Holds characters that no screen shows; they are written as «\\u....»</p>"
    unchanged = hidden = 0
    left = MAX_LINES
    for section in diff.sections:
        if section.fate is Fate.SAME and section.was is None:
            unchanged += 1
        elif left > 0:
            near = near_changes(section.lines, CONTEXT)
            yield from _section(section, near, left)
            left -= len(near)
        else:
            hidden += 1
    if hidden:
        yield f"<p class=soft>{plural(hidden, 'changed section')} not shown: too long for a page</p>"
    if unchanged:
        yield f"<p class=soft>{plural(unchanged, 'unchanged section')} not shown</p>"
    if diff.coarse:
        yield "<p class=soft>Parts with little in common are shown whole.</p>"


def _section(section: Section, near: Collection[int], most: int) -> Iterator[str]:
    was = f", was {escape(section.was)}" if section.was else ""
    title = escape(section.heading or "before the first heading")
    yield f"<p><b>{title}</b> <span class=soft>({section.fate.value}{was})</span></p>"
    if section.fate is Fate.MOVED:
        return
    yield "<div class=scroll><table class='diff mono'><colgroup><col style='width:3.2rem'><col>"
    yield "<col style='width:3.2rem'><col></colgroup><thead hidden><tr><th scope=col>Line before</th>"
    yield "<th scope=col>Before</th><th scope=col>Line after</th><th scope=col>After</th></tr></thead><tbody>"
    last = sorted(near)[most] if len(near) > most else len(section.lines)
    for shown, run in groupby(range(last), key=near.__contains__):
        lines = [section.lines[index] for index in run]
        if shown:
            yield from _rows(lines)
        elif any(line.text.strip() for line in lines):
            yield f"<tr class=gap><td colspan=4>{plural(len(lines), 'unchanged line')}</td></tr>"
    if last < len(section.lines):
        rest = plural(len(section.lines) - last, "more line")
        yield f"<tr class=gap><td colspan=4>{rest} of this section: too long for a page</td></tr>"
    yield "</tbody></table></div>"


def _rows(lines: Sequence[Line]) -> Iterator[str]:
    for same, run in groupby(lines, key=lambda line: line.mark is Mark.SAME):
        block = list(run)
        if same:
            yield from (f"<tr>{_cell(line, line.before)}{_cell(line, line.after)}</tr>" for line in block)
            continue
        left = [line for line in block if line.before is not None]
        right = [line for line in block if line.after is not None]
        for old, new in zip_longest(left, right):
            before = _cell(old, old.before) if old else "<td class=no></td><td></td>"
            after = _cell(new, new.after) if new else "<td class=no></td><td></td>"
            yield f"<tr>{before}{after}</tr>"


def _cell(line: Line, number: int | None) -> str:
    text = "".join(
        f"<mark>{escape(piece.text)}</mark>" if piece.changed else escape(piece.text) for piece in line.pieces
    )
    sign = "" if line.mark is Mark.SAME else f"<span aria-hidden=true>{escape(line.mark.value)} </span>"
    return f"<td class=no>{number}</td><td class={_CLASSES[line.mark]}>{sign}{text}</td>"
