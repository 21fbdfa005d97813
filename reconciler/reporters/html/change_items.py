"""One change or one drifted object as a folded part of the page; a long text side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from typing import TypeVar

from reconciler.core.text import one_line, visible
from reconciler.core.text_diff import Fate, Line, Mark, Section, diff_prompts, near_changes
from reconciler.reporters.change_json import plan_word
from reconciler.reporters.grouping import Group, is_pure_import, kinds_word, leaves_word, notes_of, title_of
from reconciler.reporters.html.page_parts import escape
from reconciler.reporters.shown_leaves import Leaf, change_leaves, drift_leaves, inner_differences, is_prose
from reconciler.reporters.values import UNKNOWN, ValueDifference, show
from reconciler.reporters.wording import directions_of, edited_line, plural, sentence, token_change
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.json import Json
from reconciler.types.plan import DriftItem

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


LONGEST = 2_000
Item = TypeVar("Item")
NOTHING: Mapping[Address, str] = {}


def text(value: str) -> str:
    """A text from outside, on one line, safe inside an element and inside a quoted attribute."""
    return escape(one_line(value))


def change_item(
    change: Change, detailed: bool = True, *, outcomes: Mapping[Address, str] = NOTHING, opened: bool = False
) -> Iterator[str]:
    """Closed, except where something is blocked and where the page has few (`opened`); without details only what it
    is about and why it is blocked."""
    word = plan_word(change)
    sign = "⇒" if change.action is Action.NOOP else change.action.value
    directions = directions_of(change)
    tags = "".join(f' <span class="tag {direction}">{direction}</span>' for direction in directions)
    tags += ' <span class="tag blocked">blocked</span>' if change.blocked else ""
    mark = " open" if change.blocked or opened else ""
    yield f'<details class="item {word}" data-action="{word}"{mark}>'
    fields = f" <span class=soft>{plural(len(change.fields), 'field')}</span>" if change.fields else ""
    said = sentence(change, outcomes.get(change.address))
    yield f"<summary><span class='sign mono' aria-hidden=true>{escape(sign)}</span>{text(said)}"
    yield f"{fields}{tags}</summary><div class=inside>"
    known = change.id or change.importing
    source = [text(change.source)] if change.source else []
    about = " · ".join([*([f"<code>{text(known)}</code>"] if known else []), *source])
    yield f"<p class=soft>{about}</p>" if about else ""
    yield from (block_box(block) for block in change.blocked)
    if detailed:
        yield from _leaves(change_leaves(change, mixed=True))
        yield from (f"<p>{text(note)}</p>" for note in change.notes)
    yield "</div></details>"


def group_item(group: Group[Change], detailed: bool = True) -> Iterator[str]:
    """Like changes as one part: whom they are about, and what changes of each of them."""
    word = plan_word(group.first)
    sign = "⇒" if group.first.action is Action.NOOP else group.first.action.value
    yield f'<details class="item {word}" data-action="{word}"><summary>'
    yield f"<span class='sign mono' aria-hidden=true>{escape(sign)}</span>{text(title_of(group))}</summary>"
    yield f"<div class=inside>{_members([str(member.address) for member in group.members])}"
    if detailed:
        if not is_pure_import(group.first):
            yield from _leaves(change_leaves(group.first, mixed=True))
        yield from (f"<p>{text(note)}</p>" for note in notes_of(group))
    yield "</div></details>"


def drift_group_item(group: Group[DriftItem], detailed: bool = True) -> Iterator[str]:
    """Like edits of the account as one part."""
    leaves = drift_leaves(group.first)
    who = kinds_word([member.kind for member in group.members])
    yield "<details class='item drift' data-action=drift><summary><span class='sign mono' aria-hidden=true>!</span>"
    yield f"{text(f'{who}: {leaves_word(leaves)}')}</summary>"
    yield f"<div class=inside>{_members([str(member.address) for member in group.members])}"
    if detailed:
        yield from _leaves(leaves)
    yield "</div></details>"


def either(
    single: Callable[[Item, bool], Iterator[str]], several: Callable[[Group[Item], bool], Iterator[str]]
) -> Callable[[Item | Group[Item], bool], Iterator[str]]:
    """Makes the part of one, or that of a group."""
    return lambda one, detailed: several(one, detailed) if isinstance(one, Group) else single(one, detailed)


def _members(addresses: Sequence[str]) -> str:
    return f"<p class=mono>{', '.join(text(address) for address in addresses)}</p>"


def drift_item(item: DriftItem, detailed: bool = True) -> Iterator[str]:
    """Before is what was applied, after what the account shows."""
    gone = any(change.path == "" for change in item.changes)
    by = " by the vendor" if item.reason == "vendor" else ""
    fate = "was deleted" if gone else f"was changed{by}: {plural(len(item.changes), 'field')}"
    yield "<details class='item drift' data-action=drift>"
    yield f"<summary><span class='sign mono' aria-hidden=true>!</span>{text(str(item.address))} {fate}</summary>"
    about = " · ".join([f"<code>{text(item.id)}</code>", *([text(told)] if (told := edited_line(item)) else [])])
    yield f"<div class=inside><p class=soft>{about}</p>"
    if detailed:
        yield from _leaves(drift_leaves(item))
    yield "</div></details>"


def block_box(block: Block) -> str:
    """Why something may not be applied, and the way out."""
    head = f"<p><b>Blocked ({text(block.rule)}):</b> {text(block.message)}</p>"
    place = f"<p class=soft><code>{text(block.place)}</code></p>" if block.place else ""
    return f"<div class=box>{head}{place}<p>{text(block.hint)}</p></div>"


def _leaves(leaves: Sequence[Leaf]) -> Iterator[str]:
    texts = [leaf for leaf in leaves if _is_text(leaf)]
    others = [leaf for leaf in leaves if not _is_text(leaf)]
    if others:
        yield "<div class=scroll><table><thead><tr><th scope=col>Field</th><th scope=col>Change</th>"
        yield "<th scope=col>Moved by</th></tr></thead><tbody>"
        for leaf in others:
            direction = (
                f'<span class="tag {leaf.direction.value}">{leaf.direction.value}</span>' if leaf.direction else ""
            )
            yield f"<tr><td><code>{text(leaf.path)}</code></td><td class='value mono'>{_value(leaf)}</td>"
            yield f"<td>{direction}</td></tr>"
        yield "</tbody></table></div>"
    for leaf in texts:
        yield from prompt_html(leaf)


def _is_text(leaf: Leaf) -> bool:
    return not leaf.unknown and not leaf.forgotten and is_prose(leaf.before, leaf.after)


def _value(leaf: Leaf) -> str:
    inside = inner_differences(leaf)
    note = f"\n<span class=soft># {text(leaf.note)}</span>" if leaf.note else ""
    if inside:
        return "\n".join(_inside(leaf, item) for item in inside) + note
    if inside == [] and leaf.before is not None and leaf.after is not None:
        return "a secret inside it differs" + note
    before = "(not known)" if leaf.forgotten else _shown(leaf.before)
    after = UNKNOWN if leaf.unknown else _shown(leaf.after)
    if leaf.sign == "+":
        return f"<ins>{escape(after)}</ins>{note}"
    return f"<del>{escape(before)}</del> → <ins>{escape(after)}</ins>{note}"


def _inside(leaf: Leaf, item: ValueDifference) -> str:
    where = f"{escape(visible(item.where))}: " if item.where else ""
    if item.sign == "~" and item.before is None and item.after is None:
        return f"~ {escape(visible(item.where))}"
    if item.sign == "~":
        return f"~ {where}<del>{escape(_shown(item.before))}</del> → <ins>{escape(_shown(item.after))}</ins>"
    tag, value = ("ins", item.after) if item.sign == "+" else ("del", item.before)
    name = visible(value) if leaf.names and isinstance(value, str) else _shown(value)
    return f"{item.sign} {where}<{tag}>{escape(name)}</{tag}>"


def _shown(value: Json) -> str:
    return show(value, LONGEST)
