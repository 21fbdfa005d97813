"""The actions of a plan: one block per resource, in the order of apply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.reporters.change_json import plan_word
from reconciler.reporters.grouping import Group, group_changes, is_pure_import, names_of, notes_of, title_of
from reconciler.reporters.shown_leaves import change_leaves
from reconciler.reporters.text.field_lines import leaf_lines
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.reporters.wording import sentence
from reconciler.types.change import Action, Block, Change, Reason

IMPORT = "=>"
ADOPT = "<="
_LEGEND = {
    "+": "create",
    "~": "update in-place",
    "-": "destroy",
    ".": "forget (stays in the account)",
    IMPORT: "import or move (changes the state only)",
    ADOPT: "adopt (the vendor changed it; nothing is sent)",
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
    names = names_of([plain(str(one.address)) for one in group.members])
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
