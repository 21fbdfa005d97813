"""One change or drifted object as a folded block or a line of Markdown, its prompts; two workspaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.core.markdown_text import block, code, prose
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
from reconciler.reporters.comparison import SIGNS, counts, leaves, remark, words
from reconciler.reporters.grouping import Group, is_pure_import, kinds_word, leaves_word, notes_of, title_of
from reconciler.reporters.markdown.comment_text import FULL, Detail
from reconciler.reporters.shown_leaves import Leaf, change_leaves, drift_leaves, inner_differences, is_prose
from reconciler.reporters.values import UNKNOWN, ValueDifference, show, summarize
from reconciler.reporters.wording import directions_of, edited_line, plural, sentence, token_change
from reconciler.types.change import Action, Block, Change
from reconciler.types.json import Json
from reconciler.types.plan import DriftItem
from reconciler.types.report import Comparison, Side, Standing

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
        rows = [] if section.fate is Fate.MOVED else list(_prompt_rows(section, detail.line))
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


def _prompt_rows(section: Section, longest: int) -> Iterator[str]:
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


VALUE = 300
NAMES = 200
LONGEST = 1_000


def change_block(change: Change, detail: Detail = FULL, *, outcome: str | None = None, opened: bool = False) -> str:
    """Folded: the sentence is the summary, the fields are inside. Open where something is blocked."""
    lines = [_blocked(change)] if change.blocked else []
    lines += _leaf_blocks(change_leaves(change, mixed=True), detail)
    lines += [f"- {prose(note[:LONGEST])}" for note in change.notes[: detail.items]]
    return _folded(change_line(change, outcome), lines, opened=opened or bool(change.blocked))


def change_line(change: Change, outcome: str | None = None) -> str:
    """`~ persona.x will be updated in-place: 3 fields (git, live)`; what became of it, where an apply tells."""
    sign = {Action.NOOP: "=>"}.get(change.action, change.action.value)
    fields = f": {plural(len(change.fields), 'field')}" if change.fields and change.action is Action.UPDATE else ""
    directions = directions_of(change)
    tail = f" ({', '.join(directions)})" if directions else ""
    mark = "⛔ " if change.blocked else ""
    return f"{mark}{code(sign + ' ' + str(change.address))} {_predicate(change, outcome)}{fields}{tail}"


def _predicate(change: Change, outcome: str | None) -> str:
    if change.action is Action.NOOP and change.previous is not None:
        return f"has moved from {code(str(change.previous))}"
    return prose(sentence(change, outcome).removeprefix(f"{change.address} "))


def group_block(group: Group[Change], detail: Detail = FULL) -> str:
    """Like changes, folded: whom they are about, and what changes of each of them."""
    lines = [_members([str(member.address) for member in group.members])]
    if not is_pure_import(group.first):
        lines += _leaf_blocks(change_leaves(group.first, mixed=True), detail)
    lines += [f"- {prose(note[:LONGEST])}" for note in [*notes_of(group)][: detail.items]]
    return _folded(group_line(group), lines, opened=False)


def group_line(group: Group[Change]) -> str:
    """What the group is, on one line."""
    sign = {Action.NOOP: "=>"}.get(group.first.action, group.first.action.value)
    return f"{code(sign)} {prose(title_of(group)[:VALUE])}"


def drift_group_block(group: Group[DriftItem], detail: Detail = FULL) -> str:
    """Like edits of the account, folded."""
    lines = [_members([str(member.address) for member in group.members])]
    return _folded(drift_group_line(group), lines + _leaf_blocks(drift_leaves(group.first), detail), opened=False)


def drift_group_line(group: Group[DriftItem]) -> str:
    """What was edited alike, on one line."""
    who = kinds_word([member.kind for member in group.members])
    return prose(f"{who}: {leaves_word(drift_leaves(group.first))}"[:VALUE])


def _members(addresses: Sequence[str]) -> str:
    """All names while they are few; the JSON report has all."""
    more = f" and {len(addresses) - NAMES:,} more" if len(addresses) > NAMES else ""
    return f"- {', '.join(code(address) for address in addresses[:NAMES])}{more}\n"


def drift_block(item: DriftItem, detail: Detail = FULL) -> str:
    """What somebody changed in the account; before is what was applied."""
    return _folded(drift_line(item), _leaf_blocks(drift_leaves(item), detail), opened=False)


def drift_line(item: DriftItem) -> str:
    gone = any(change.path == "" for change in item.changes)
    by = " by the vendor" if item.reason == "vendor" else ""
    fate = "was deleted" if gone else f"was changed{by}: {plural(len(item.changes), 'field')}"
    edited = f", {prose(told)}" if (told := edited_line(item)) else ""
    return f"{code(str(item.address))} {fate}{edited}"


def _blocked(change: Change) -> str:
    return "".join(f"{block_line(one)}\n" for one in change.blocked)


def block_line(block: Block) -> str:
    """Why something may not be applied, where, and the way out."""
    place = f" at {code(block.place[:LONGEST])}" if block.place else ""
    rule, message, hint = code(block.rule), prose(block.message[:LONGEST]), prose(block.hint[:LONGEST])
    return f"- **blocked** ({rule}){place}: {message}. {hint}"


def _folded(summary: str, lines: list[str], *, opened: bool) -> str:
    if not lines:
        return f"- {summary}\n"
    body = "\n".join(lines)
    # A blank line ends the HTML: without it what follows would not be read as Markdown.
    return f"\n<details{' open' if opened else ''}><summary>{summary}</summary>\n\n{body}\n</details>\n\n"


def _leaf_blocks(leaves: Sequence[Leaf], detail: Detail) -> list[str]:
    """Short fields together in one block, then texts and objects, each on its own."""
    rows: list[str] = []
    blocks: list[str] = []
    for leaf in leaves:
        inside = inner_differences(leaf)
        if not leaf.unknown and not leaf.forgotten and is_prose(leaf.before, leaf.after):
            blocks += [*prompt_markdown(leaf, detail), ""]
        elif inside:
            rows += _inside_rows(leaf, inside, detail.items)
        else:
            rows += _rows(leaf, hidden=inside == [])
    if len(rows) > detail.fields:
        rows = [*rows[: detail.fields], f"… {len(rows) - detail.fields:,} more lines"]
    return [_diff(rows), *blocks] if rows else blocks


def _diff(rows: list[str]) -> str:
    return "<pre>" + "\n".join(rows) + "</pre>\n"


def _rows(leaf: Leaf, *, hidden: bool) -> Iterator[str]:
    tail = f"  ({leaf.direction.value})" if leaf.direction else ""
    before = "(not known)" if leaf.forgotten else summarize(leaf.before, VALUE)
    after = UNKNOWN if leaf.unknown else summarize(leaf.after, VALUE)
    if hidden and leaf.before is not None and leaf.after is not None:
        value = "a secret inside it differs"
    elif leaf.sign == "+":
        value = f"<ins>{block(after)}</ins>"
    else:
        value = f"<del>{block(before)}</del> → <ins>{block(after)}</ins>"
    yield f"{leaf.sign} {block(leaf.path)}: {value}{tail}"
    if leaf.note:
        yield f"    # {block(leaf.note)}"


def _inside_rows(leaf: Leaf, found: list[ValueDifference], most: int) -> Iterator[str]:
    tail = f"  ({leaf.direction.value})" if leaf.direction else ""
    yield f"{leaf.sign} {block(leaf.path)}:{tail}"
    for item in found[:most]:
        where = f"{block(item.where)}: " if item.where else ""
        if item.sign == "~" and item.before is None and item.after is None:
            yield f"    ~ {block(item.where)}"
        elif item.sign == "~":
            yield f"    ~ {where}<del>{block(show(item.before))}</del> → <ins>{block(show(item.after))}</ins>"
        elif item.sign == "+":
            yield f"    + {where}<ins>{block(_item(leaf, item.after))}</ins>"
        else:
            yield f"    - {where}<del>{block(_item(leaf, item.before))}</del>"
    if len(found) > most:
        yield f"    … {len(found) - most:,} more differences"


def _item(leaf: Leaf, value: Json) -> str:
    return value if leaf.names and isinstance(value, str) else summarize(value)


MOST = 20
"""Leaves of one address that are shown; of the others only the number."""


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Addresses that are not the same, each with the leaves that its manifests want differently."""
    for side in comparison.sides:
        if side.standing is not Standing.SAME:
            yield _side(side, comparison)


def heading(comparison: Comparison) -> str:
    """What is compared, and how it stands."""
    return f"{code(comparison.here)} beside {code(comparison.there)}: {prose(counts(comparison))}"


def _side(side: Side, comparison: Comparison) -> str:
    more = remark(side, comparison)
    line = f"- {code(f'{SIGNS[side.standing]} {side.address}')} {prose(words(side.standing, comparison))}"
    line += f" ({prose(more)})" if more else ""
    found = list(leaves(side))
    shown = [
        f"{code(difference.path)}: {code(show(difference.here))} → {code(show(difference.there))}"
        for difference in found[:MOST]
    ]
    if len(found) > MOST:
        shown.append(f"… {len(found) - MOST:,} more")
    return "\n".join([line, *(f"  - {piece}" for piece in shown)])
