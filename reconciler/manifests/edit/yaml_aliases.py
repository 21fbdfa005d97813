"""Aliases and merge keys of a YAML document written out as the values that they are, as far as edits need it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.manifests.edit.editable_text import EditableText
from reconciler.manifests.edit.splice import splice_drop
from reconciler.manifests.edit.text_layout import ALIAS, LIST, MAP, Member, Part
from reconciler.manifests.read.documents import Document
from reconciler.types.json import escape, lookup, within
from reconciler.types.manifest_edit import Edit, SetValue

MOST = 1_000
"""Aliases that are written out for one change."""


def written_out(text: str, path: str, number: int, document: Document, edits: Sequence[Edit]) -> str:
    """The text without the aliases and merges that tie the edited places to others; the same text where none does.

    Raises what `EditableText` raises where one cannot be written out.
    """
    names = _related(EditableText(text, path).roots[number], [edit.pointer for edit in edits])
    for _ in range(MOST):
        file = EditableText(text, path)
        found = next(_aliases(file.roots[number], "", names), None)
        if found is None:
            break
        pointer, holder, member = found
        if member.key is None and holder.kind == MAP:
            text = _without_merge(file, number, pointer, holder, member, document)
        else:
            text = file.apply(number, SetValue(pointer, lookup(document.value, pointer)), document)
    return text


def _without_merge(
    file: EditableText, number: int, pointer: str, holder: Part, member: Member, document: Document
) -> str:
    """The members that come in through `<<` stand in the mapping itself."""
    value = lookup(document.value, pointer)
    written = {one.key for one in holder.members}
    missing = {key: one for key, one in value.items() if key not in written} if isinstance(value, dict) else {}
    if len(holder.members) == 1:
        return file.apply(number, SetValue(pointer, value), document)
    inner = splice_drop(file.inner, holder, member, file.manner(file.roots[number]))
    text = file.text[: file.start] + inner + file.text[file.stop :]
    for key, one in missing.items():
        text = file.again(text).apply(number, SetValue(f"{pointer}/{escape(key)}", one), document)
    return text


def _related(root: Part, pointers: Sequence[str]) -> frozenset[str]:
    """Names of the anchors that stand at, above or below one of the places, and of the aliases that lead there."""
    names: set[str] = set()
    todo = [(root, "")]
    while todo:
        part, at = todo.pop()
        if part.anchor and any(within(one, at) or within(at, one) for one in pointers):
            names.add(part.anchor)
        todo += [(member.value, _below(at, part, index, member)) for index, member in enumerate(part.members)]
    return frozenset(names)


def _aliases(part: Part, at: str, names: frozenset[str]) -> Iterator[tuple[str, Part, Member]]:
    """Aliases of these names with their places; a merge has the place of its mapping."""
    for index, member in enumerate(part.members):
        place = _below(at, part, index, member)
        merged = member.value if part.kind == MAP and member.key is None else None
        if merged is not None and merged.kind == LIST:
            if any(one.value.anchor in names for one in merged.members):
                yield at, part, member
        elif member.value.kind == ALIAS and member.value.anchor in names:
            yield place, part, member
        else:
            yield from _aliases(member.value, place, names)


def _below(at: str, part: Part, index: int, member: Member) -> str:
    if part.kind == LIST:
        return f"{at}/{index}"
    return at if member.key is None else f"{at}/{escape(member.key)}"
