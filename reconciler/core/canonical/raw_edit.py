"""Edits of a raw document (`types.manifest`) and JSON Merge Patch (RFC 7386), carried out on its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.core.canonical.references import is_written_reference
from reconciler.types.json import Json, Object, index_of, join, lookup, split, within
from reconciler.types.manifest import Edit, MoveValue, RemoveValue, RenameKey, SetValue

MISSING: Json = ["missing"]
NULL_KEY = "null"


class EditUnfit(ValueError):
    """An edit does not fit the document; the text says why."""


def edit_document(document: Json, edit: Edit) -> Json:
    """The document after one edit; only what changes is copied. Raises `Unfit`."""
    match edit:
        case SetValue():
            return _set(document, split(edit.pointer), edit.value, edit.pointer)
        case RemoveValue():
            return _change(document, split(prunable_pointer(document, edit)), None, edit.pointer)
        case RenameKey():
            if exists(document, sibling(edit.pointer, edit.name)):
                raise EditUnfit(f"{sibling(edit.pointer, edit.name)} is already there")
            return _change(document, split(edit.pointer), edit.name, edit.pointer)
        case MoveValue():
            for step in steps(document, edit):
                document = edit_document(document, step)
            return document


def steps(document: Json, edit: MoveValue) -> tuple[Edit, ...]:
    """A move as a set and a removal. Raises `Unfit` where the target is taken."""
    if not exists(document, edit.pointer):
        raise EditUnfit(f"{edit.pointer} is not there")
    if lookup(document, edit.target) is not None:
        raise EditUnfit(f"{edit.target} is already there")
    if within(edit.target, edit.pointer):
        raise EditUnfit(f"{edit.pointer} cannot move into itself")
    value = lookup(document, edit.pointer)
    return SetValue(edit.target, value), RemoveValue(edit.pointer, edit.prune, edit.floor)


def prunable_pointer(document: Json, edit: RemoveValue) -> str:
    """The pointer that really goes: the highest parent that holds nothing but the value, where `prune` is set."""
    if not exists(document, edit.pointer):
        raise EditUnfit(f"{edit.pointer} is not there")
    pointer = edit.pointer
    while edit.prune:
        parent = pointer.rpartition("/")[0]
        holder = lookup(document, parent)
        if not parent or within(edit.floor, parent) or not isinstance(holder, dict) or len(holder) != 1:
            break
        pointer = parent
    return pointer


def rebase(edit: Edit, base: str, *, back: bool = False) -> Edit:
    """The edit for a document in which the body stands at `base`; `back`: that edit for the body alone."""

    def at(pointer: str) -> str:
        return pointer.removeprefix(base) if back else base + pointer

    match edit:
        case SetValue() | RenameKey():
            return replace(edit, pointer=at(edit.pointer))
        case RemoveValue():
            return replace(edit, pointer=at(edit.pointer), floor=at(edit.floor))
        case MoveValue():
            return replace(edit, pointer=at(edit.pointer), target=at(edit.target), floor=at(edit.floor))


def exists(document: Json, pointer: str) -> bool:
    """Whether something stands at `pointer`, null included."""
    return lookup(document, pointer, MISSING) is not MISSING


def sibling(pointer: str, name: str) -> str:
    """The pointer of the member `name` beside the one at `pointer`."""
    return pointer.rpartition("/")[0] + join(name)


def _set(value: Json, tokens: tuple[str, ...], new: Json, pointer: str) -> Json:
    if not tokens:
        return new
    head, rest = tokens[0], tokens[1:]
    if isinstance(value, list):
        if head == "-" and not rest:
            return [*value, new]
        if index_of(head, len(value)) is None:
            raise EditUnfit(f"{pointer}: the list has no item {head}")
        return [_set(item, rest, new, pointer) if str(index) == head else item for index, item in enumerate(value)]
    if value is None and head == "-" and not rest:
        return [new]
    if value is not None and not isinstance(value, dict):
        raise EditUnfit(f"{pointer} lies below a value that is no mapping")
    here = value or {}
    return {**here, head: _set(here.get(head), rest, new, pointer)}


def _change(value: Json, tokens: tuple[str, ...], name: str | None, pointer: str) -> Json:
    """The member renamed to `name`, or removed where that is None."""
    if not tokens:
        raise EditUnfit("the whole document cannot go")
    head, rest = tokens[0], tokens[1:]
    if isinstance(value, dict) and head in value:
        if rest:
            return {**value, head: _change(value[head], rest, name, pointer)}
        if name is None:
            return {key: member for key, member in value.items() if key != head}
        return {(name if key == head else key): member for key, member in value.items()}
    if isinstance(value, list) and index_of(head, len(value)) is not None:
        if rest:
            return [
                _change(item, rest, name, pointer) if str(index) == head else item for index, item in enumerate(value)
            ]
        if name is None:
            return [item for index, item in enumerate(value) if str(index) != head]
    raise EditUnfit(f"{pointer} is not there")


def merge(target: Json, patch: Json, whole: Callable[[Json], bool] = lambda _: False) -> Json:
    """RFC 7386 with two additions: what is `whole` is replaced whole, and `{null: true}` sets null (null deletes).

    Neither argument is changed; what did not change is shared.
    """
    if not isinstance(patch, dict) or whole(patch):
        return patch
    if sets_null(patch):
        return None
    result: Object = dict(target) if isinstance(target, dict) and not whole(target) else {}
    for key, member in patch.items():
        if member is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), member, whole)
    return result


def merge_written(target: Object, patch: Object) -> Object:
    """The same for bodies as their authors wrote them, in which references are not resolved yet."""
    merged = merge(target, patch, is_written_reference)
    return merged if isinstance(merged, dict) else {}


def sets_null(value: Json) -> bool:
    """Whether `value` is `{null: true}`: null itself would delete the member."""
    return isinstance(value, dict) and len(value) == 1 and value.get(NULL_KEY) is True
