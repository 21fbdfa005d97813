"""One change or one drifted object as a folded part of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from reconciler.core.text import one_line, visible
from reconciler.reporters.change_json import plan_word
from reconciler.reporters.grouping import Group, is_pure_import, kinds_word, leaves_word, notes_of, title_of
from reconciler.reporters.html.html_escape import escape
from reconciler.reporters.html.prompts import prompt_html
from reconciler.reporters.shown_leaves import Leaf, change_leaves, drift_leaves, inner_differences, is_prose
from reconciler.reporters.values import UNKNOWN, ValueDifference, show
from reconciler.reporters.wording import directions_of, edited_line, plural, sentence
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.json import Json
from reconciler.types.plan import DriftItem

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
    yield f"<div class=inside>{_members([str(one.address) for one in group.members])}"
    if detailed:
        if not is_pure_import(group.first):
            yield from _leaves(change_leaves(group.first, mixed=True))
        yield from (f"<p>{text(note)}</p>" for note in notes_of(group))
    yield "</div></details>"


def drift_group_item(group: Group[DriftItem], detailed: bool = True) -> Iterator[str]:
    """Like edits of the account as one part."""
    leaves = drift_leaves(group.first)
    who = kinds_word([one.kind for one in group.members])
    yield "<details class='item drift' data-action=drift><summary><span class='sign mono' aria-hidden=true>!</span>"
    yield f"{text(f'{who}: {leaves_word(leaves)}')}</summary>"
    yield f"<div class=inside>{_members([str(one.address) for one in group.members])}"
    if detailed:
        yield from _leaves(leaves)
    yield "</div></details>"


def either(
    single: Callable[[Item, bool], Iterator[str]], several: Callable[[Group[Item], bool], Iterator[str]]
) -> Callable[[Item | Group[Item], bool], Iterator[str]]:
    """Makes the part of one, or that of a group."""
    return lambda one, detailed: several(one, detailed) if isinstance(one, Group) else single(one, detailed)


def _members(addresses: Sequence[str]) -> str:
    return f"<p class=mono>{', '.join(text(one) for one in addresses)}</p>"


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
