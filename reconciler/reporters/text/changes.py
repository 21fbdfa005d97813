"""The actions of a plan: a block a resource with its leaves before and after, or one line a resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.reporters.change_json import plan_word
from reconciler.reporters.grouping import (
    Group,
    group_changes,
    is_pure_import,
    leaves_word,
    names_of,
    notes_of,
    title_of,
)
from reconciler.reporters.shown_leaves import Leaf, change_leaves, drift_leaves, inner_differences, is_prose
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.reporters.values import UNKNOWN, ValueDifference, show, summarize
from reconciler.reporters.wording import directions_of, plural, sentence
from reconciler.types.change import Action, Block, Change, Direction, Reason
from reconciler.types.plan import DriftItem

DRIFTED = "!"


def table_lines(changes: Sequence[Change], drift: Sequence[DriftItem], paint: Paint) -> Iterator[str]:
    """Sign, address, who moved, and what of it, cut at the width; an edit of the account has an exclamation mark."""
    rows = [(DRIFTED, str(item.address), _moved(item), _fields(drift_leaves(item))) for item in drift]
    for change in changes:
        leaves = change_leaves(change, mixed=True) if change.action is Action.UPDATE else []
        said = "blocked" if change.blocked else ",".join(directions_of(change))
        rows.append((sign_of(change), str(change.address), said, _fields(leaves)))
    if not rows:
        return
    widths = [max(len(plain(row[at])) for row in rows) for at in range(3)]
    for sign, address, said, fields in rows:
        head = f"{plain(sign):<{widths[0]}} {plain(address):<{widths[1]}}  {said:<{widths[2]}}"
        line = f"{head}  {plain(fields)}".rstrip()
        yield paint(_cut(line, paint.width), Tone.ERROR if said == "blocked" else Tone.PLAIN)
    yield ""


def _moved(item: DriftItem) -> str:
    return ",".join(dict.fromkeys(change.direction.value for change in item.changes))


def _fields(leaves: Sequence[Leaf]) -> str:
    if len(leaves) == 1:
        return leaves_word(leaves)
    return f"{plural(len(leaves), 'field')}: {', '.join(leaf.path for leaf in leaves)}" if leaves else ""


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


WIDEST_PATH = 52
MAX_ITEMS = 30


def leaf_lines(leaves: Sequence[Leaf], paint: Paint, indent: str) -> Iterator[str]:
    """All lines of one object: first what fits on one line, then texts and lists, else in the order given."""
    looked_into = [(leaf, plain(leaf.path), inner_differences(leaf)) for leaf in leaves]
    looked_into.sort(key=lambda entry: _is_text(entry[0]) or bool(entry[2]))
    aligned = [path for leaf, path, inside in looked_into if not inside and not _is_text(leaf)]
    widest = max((len(path) for path in aligned if len(path) <= WIDEST_PATH), default=0)
    for leaf, path, inside in looked_into:
        head = f"{indent}{paint.symbol(leaf.sign)} {path}"
        tail = paint(f"  ({leaf.direction.value})", _tone(leaf.direction)) if leaf.direction else ""
        below = indent + "    "
        if _is_text(leaf):
            from reconciler.reporters.text.prompts import prompt_lines

            first, *rest = prompt_lines(leaf.before, leaf.after, paint, below)
            yield f"{head}: {first}{tail}"
            yield from rest
        elif inside == [] and leaf.before is not None and leaf.after is not None:
            # What differs was hidden on both sides.
            yield f"{head}: a secret inside it differs{tail}"
        elif inside:
            yield f"{head}:{tail}"
            yield from _inside_lines(inside, leaf, paint, below)
        else:
            yield from _scalar(leaf, f"{head}{' ' * max(widest - len(path), 0)}: ", tail, paint, below)
        if leaf.note:
            yield from paint.wrap(leaf.note, indent + "      ", first=indent + "    # ", tone=Tone.DIM)


def _is_text(leaf: Leaf) -> bool:
    return not leaf.unknown and not leaf.forgotten and is_prose(leaf.before, leaf.after)


def _tone(direction: Direction) -> Tone:
    return Tone.DIM if direction is Direction.GIT else Tone.WARNING


def _inside_lines(found: list[ValueDifference], leaf: Leaf, paint: Paint, indent: str) -> Iterator[str]:
    room = max(paint.width - len(indent) - 8, 24)
    for index, item in enumerate(found):
        if index == MAX_ITEMS and not paint.style.verbose:
            yield paint(f"{indent}  … {len(found) - MAX_ITEMS:,} more differences (--verbose shows them)", Tone.DIM)
            return
        where = plain(item.where) + ": " if item.where else ""
        if item.sign == "~" and item.before is None and item.after is None:
            text = plain(item.where)
        elif item.sign == "~":
            text = f"{where}{show(item.before, room // 2)} -> {show(item.after, room // 2)}"
        else:
            value = item.after if item.sign == "+" else item.before
            text = where + (plain(value) if leaf.names and isinstance(value, str) else summarize(value, room))
        yield f"{indent}{paint.symbol(item.sign)} {text}"


def _scalar(leaf: Leaf, head: str, tail: str, paint: Paint, below: str) -> Iterator[str]:
    before = "(not known)" if leaf.forgotten else summarize(leaf.before)
    after = UNKNOWN if leaf.unknown else summarize(leaf.after)
    if leaf.sign == "+":
        yield head + after + tail
        return
    room = paint.width - len(below) - len(leaf.path) - 6
    if len(before) + len(after) <= max(room, 60):
        yield f"{head}{before} -> {after}{tail}"
    else:
        yield f"{head}{before}"
        yield f"{below}-> {after}{tail}"


IMPORT = "=>"
ADOPT = "<="
_LEGEND = {
    "+": "create",
    "~": "update in-place",
    "-": "destroy",
    ".": "forget (stays in the account)",
    IMPORT: "import or move (changes the state only)",
    ADOPT: "adopt (what the vendor made of it stays; nothing is sent)",
}
_BECAUSE = {
    Reason.PENDING: "an earlier run created it and could not record it",
    Reason.DELETED_OUTSIDE: "it was deleted outside of the manifests",
    Reason.NOT_IN_MANIFESTS: "no manifest declares it any more",
    Reason.REMOVED: "a Removed document says so",
    Reason.ADDED_SINCE: "it came after the moment to go back to",
    Reason.OBSERVE: "observed only: nothing is written",
    Reason.REPOINTED: "what it refers to gets a new id",
}


def change_lines(changes: Sequence[Change], paint: Paint) -> Iterator[str]:
    """The legend of the symbols in use, then the blocks."""
    if not changes:
        return
    yield "Resource actions are indicated with the following symbols:"
    signs = [sign_of(change) for change in changes]
    for sign, meaning in _LEGEND.items():
        if sign in signs:
            yield f"  {paint.symbol(sign)} {meaning}"
    yield ""
    yield paint("reconciler will perform the following actions:", Tone.BOLD)
    yield ""
    for one in group_changes(changes) if paint.style.detail == "compact" else changes:
        yield from _group(one, paint) if isinstance(one, Group) else _change(one, paint)
        yield ""


def sign_of(change: Change) -> str:
    """The symbol before the address; an import that changes nothing has an arrow, so has what the vendor did."""
    if plan_word(change) == "adopt":
        return ADOPT
    return change.action.value if change.action is not Action.NOOP else IMPORT


def _change(change: Change, paint: Paint) -> Iterator[str]:
    directions = {field.direction for field in change.fields}
    single = next(iter(directions)) if len(directions) == 1 and change.action is Action.UPDATE else None
    suffix = f" ({single.value})" if single else ""
    yield paint(f"  # {plain(sentence(change))}{suffix}", Tone.BOLD)
    for because in _reasons(change):
        yield paint(f"  # ({because})", Tone.DIM)
    sign = sign_of(change)
    known = change.id or change.importing
    yield f"  {paint.symbol(sign)} {plain(str(change.address))}" + (f" ({plain(known)})" if known else "")
    yield from leaf_lines(change_leaves(change, mixed=single is None), paint, "      ")
    for note in change.notes:
        yield from paint.wrap(note, "        ", first="      # ", tone=Tone.DIM)
    for block in change.blocked:
        yield from block_lines(block, paint, "      ")


def _group(group: Group[Change], paint: Paint) -> Iterator[str]:
    """Like changes as one block: what they are, to whom, and what is said of each."""
    sign = sign_of(group.first)
    yield paint(f"  # {plain(title_of(group))}", Tone.BOLD)
    names = names_of([plain(str(member.address)) for member in group.members])
    yield from paint.wrap(f"{names} (--full shows each)", "     ", first=f"  {paint.symbol(sign)} ")
    if not is_pure_import(group.first):
        yield from leaf_lines(change_leaves(group.first, mixed=True), paint, "      ")
    for note in notes_of(group):
        yield from paint.wrap(note, "        ", first="      # ", tone=Tone.DIM)


def _reasons(change: Change) -> Iterator[str]:
    if change.importing is not None:
        found = " by its name" if change.reason is Reason.ADOPTED_BY_NAME else ""
        yield f'imported from "{plain(change.importing)}"{found}'
    if change.previous is not None and change.action is not Action.NOOP:
        yield f"moved from {plain(str(change.previous))}"
    if change.reason in _BECAUSE:
        stood = change.reason is Reason.NOT_IN_MANIFESTS and change.source
        yield _BECAUSE[change.reason] + (f"; it stood in {plain(str(change.source))}" if stood else "")


def block_lines(block: Block, paint: Paint, indent: str) -> Iterator[str]:
    """Why something may not be applied, and the way out."""
    label = paint(f"blocked ({plain(block.rule)})", Tone.ERROR)
    yield from paint.wrap(block.message, indent + "  ", first=f"{indent}! {label}: ")
    if block.place:
        yield from paint.wrap(block.place, indent + "      ", first=f"{indent}  at: ", tone=Tone.DIM)
    if block.hint:
        yield from paint.wrap(block.hint, indent + "           ", first=f"{indent}  way out: ", tone=Tone.NOTE)
