"""Edits that turn a written list or object into the live one and touch nothing that is equal already."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.canonical import normal, same
from reconciler.core.export.values import unfilled_object
from reconciler.core.shape import Node
from reconciler.kinds.base import Field
from reconciler.loader.rawplace import Misplaced, RawPlace
from reconciler.types.edit import Edit, RemoveValue, SetValue
from reconciler.types.json import Json, Object, escape, join


def list_edits(
    row: Field | None, place: RawPlace, new: list[Json], ids: Mapping[str, Json], names: Collection[str]
) -> list[Edit]:
    """A set loses and gains single items; any other list is written anew.

    `ids` says how a live id is written; `names` are the manifests' names, by which tools may be mentioned.
    """
    written = [ids.get(item, item) if isinstance(item, str) else item for item in new]
    old = place.value
    if row is None or not row.set_like or not isinstance(old, list) or not old or not new:
        return [SetValue(place.pointer, written)]
    kept = [item for item in old if any(_means(item, one, names) for one in written)]
    if not kept:
        return [SetValue(place.pointer, written)]
    gone = [number for number, item in enumerate(old) if not any(_means(item, one, names) for one in written)]
    more = [one for one in written if not any(_means(item, one, names) for item in old)]
    return [
        *(RemoveValue(f"{place.pointer}/{number}") for number in reversed(gone)),
        *(SetValue(f"{place.pointer}/-", one) for one in more),
    ]


def _means(old: Json, new: Json, names: Collection[str]) -> bool:
    """Whether an item as written is the one wanted: equal, or a name for the same reference."""
    if isinstance(old, str) and isinstance(new, dict) and old in names:
        return str(new.get("ref", "")).partition(".")[2] == old
    return same(old, new)


def object_edits(node: Node, place: RawPlace, new: Object) -> list[Edit]:
    """Member by member. Secrets stay as they are written: the live value does not show them."""
    row = node.row
    edits: list[Edit] = []
    if row is not None and row.atomic:
        if not isinstance(place.value, dict):
            raise Misplaced("it is no mapping")
        plain = unfilled_object(row, new)
        _members(node, place.pointer, place.value, plain if isinstance(plain, dict) else {}, new, edits)
        return edits
    assert isinstance(place.value, dict)
    _members(node, place.pointer, place.value, new, new, edits)
    return edits


def _members(node: Node, pointer: str, old: Object, new: Object, filled: Object, edits: list[Edit]) -> None:
    """`filled` is the live value with what the server fills in: what is written out and equal to it stays."""
    for key, member in old.items():
        child = node.child(key)
        if child.row is not None and child.row.secret:
            continue
        live = new.get(key, filled.get(key) if _fits(child, member, filled.get(key)) else None)
        here = pointer + join(key)
        if isinstance(member, dict) and isinstance(live, dict):
            inner = filled.get(key)
            _members(child, here, member, live, inner if isinstance(inner, dict) else live, edits)
        elif live is None and member is not None:
            edits.append(RemoveValue(here))
        elif not same(normal(child.row, member), normal(child.row, live)):
            edits.append(SetValue(here, live))
    for key, live in new.items():
        if key not in old and live is not None:
            edits.append(SetValue(f"{pointer}/{escape(key)}", live))


def _fits(node: Node, written: Json, live: Json) -> bool:
    return isinstance(written, dict) or same(normal(node.row, written), normal(node.row, live))
