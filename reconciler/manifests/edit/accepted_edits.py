"""Edits that turn a written list or object into the live one and touch nothing that is equal already."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.canonical.canonical_form import normal, same
from reconciler.core.canonical.field_tree import UNKNOWN, Node
from reconciler.core.canonical.manifest_words import LITERAL, is_reserved, is_written_reference, spell
from reconciler.core.export.live_values import unfilled_object
from reconciler.manifests.read.source_pointer import Misplaced, RawPlace, is_literal
from reconciler.types.json import Json, Object, escape, join
from reconciler.types.kind import Field
from reconciler.types.manifest_edit import Edit, RemoveValue, SetValue


def list_edits(
    row: Field | None, place: RawPlace, new: list[Json], ids: Mapping[str, Json], names: Collection[str]
) -> list[Edit]:
    """A set loses and gains single items; any other list is written anew.

    `ids` says how a live id is written; `names` are the manifests' names, by which tools may be mentioned.
    """
    written = [ids.get(item, item) if isinstance(item, str) else _data(UNKNOWN, item, place) for item in new]
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
    plain = unfilled_object(row, new) if row is not None and row.atomic else new
    if not place.taken and _reads_otherwise(node, place.value, plain):
        return [] if _says(node, place.value, new) else [SetValue(place.pointer, spell(node, plain))]
    if row is not None and row.atomic:
        if not isinstance(place.value, dict):
            raise Misplaced("it is no mapping")
        _members(node, place, place.pointer, place.value, plain if isinstance(plain, dict) else {}, new, edits)
        return edits
    assert isinstance(place.value, dict)
    _members(node, place, place.pointer, place.value, new, new, edits)
    return edits


def _members(
    node: Node, place: RawPlace, pointer: str, old: Object, new: Object, filled: Object, edits: list[Edit]
) -> None:
    """`filled` is the live value with what the server fills in: what is written out and equal to it stays."""
    for key, member in old.items():
        child = node.child(key)
        if child.row is not None and child.row.secret:
            continue
        live = new.get(key, filled.get(key) if _fits(child, member, filled.get(key)) else None)
        here = pointer + join(key)
        if not place.taken and live is not None and _reads_otherwise(child, member, live):
            if not _says(child, member, live):
                edits.append(SetValue(here, spell(child, live)))
        elif isinstance(member, dict) and isinstance(live, dict):
            inner = filled.get(key)
            _members(child, place, here, member, live, inner if isinstance(inner, dict) else live, edits)
        elif live is None and member is not None:
            edits.append(RemoveValue(here))
        elif not same(normal(child.row, member), normal(child.row, live)):
            edits.append(SetValue(here, _data(child, live, place)))
    for key, live in new.items():
        if key not in old and live is not None:
            edits.append(SetValue(f"{pointer}/{escape(key)}", _data(node.child(key), live, place)))


def _data(node: Node, live: Json, place: RawPlace) -> Json:
    """A live value as it is written there."""
    return live if place.taken else spell(node, live)


def _reads_otherwise(node: Node, written: Json, live: Json) -> bool:
    """Whether single members cannot be edited: what stands there, or what is to, is no mapping to a reader."""
    return is_written_reference(written) or (isinstance(live, dict) and is_reserved(node, live))


def _says(node: Node, written: Json, live: Json) -> bool:
    """Whether a literal says what is live."""
    return (
        isinstance(written, dict)
        and is_literal(written)
        and same(normal(node.row, written[LITERAL]), normal(node.row, live))
    )


def _fits(node: Node, written: Json, live: Json) -> bool:
    return isinstance(written, dict) or same(normal(node.row, written), normal(node.row, live))
