"""Edits of a canonical document: leaves to set and to remove, what they make, and what they leave empty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import is_at_default, keyed_parent, leaves, tool_name
from reconciler.core.canonical.field_tree import field_at
from reconciler.types.json import Json, Object, lookup, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.state import Entry


@dataclass(frozen=True, slots=True)
class Edit:
    """Set the leaf at `path` (canonical) to `value`, or remove it."""

    path: str
    value: Json = None
    remove: bool = False


def apply_edits(spec: KindSpec, document: Object, edits: Iterable[Edit]) -> Object:
    """The document after `edits`; only what changes is copied. Parents are created, inline tools found by name."""
    result: Json = document
    for edit in edits:
        keyed = keyed_parent(spec, edit.path)
        if keyed is not None:
            result = _edit_keyed(result, split(keyed), split(edit.path)[-1], edit)
        else:
            result = _edit(result, split(edit.path), edit)
    return result if isinstance(result, dict) else document


def _edit(value: Json, tokens: tuple[str, ...], edit: Edit) -> Json:
    here = value if isinstance(value, dict) else {}
    head, rest = tokens[0], tokens[1:]
    if rest:
        if edit.remove and not isinstance(here.get(head), dict):
            return value
        return {**here, head: _edit(here.get(head), rest, edit)}
    if edit.remove:
        return {key: member for key, member in here.items() if key != head}
    return {**here, head: edit.value}


def _edit_keyed(value: Json, tokens: tuple[str, ...], name: str, edit: Edit) -> Json:
    here = value if isinstance(value, dict) else {}
    head, rest = tokens[0], tokens[1:]
    if rest:
        if edit.remove and not isinstance(here.get(head), dict):
            return value
        return {**here, head: _edit_keyed(here.get(head), rest, name, edit)}
    items = here.get(head)
    return {**here, head: edit_items(items if isinstance(items, list) else [], name, edit)}


def edit_items(items: list[Json], name: str, edit: Edit) -> list[Json]:
    """A list of inline tools with the tool `name` set (in its place, doubles dropped) or removed."""
    result: list[Json] = []
    placed = edit.remove
    for item in items:
        if tool_name(item) != name:
            result.append(item)
        elif not placed:
            result.append(edit.value)
            placed = True
    if not placed:
        result.append(edit.value)
    return result


def emptied_parents(
    spec: KindSpec, entry: Entry, gone: Sequence[str], wanted: Mapping[str, Json], document: Object
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each parent in which nothing but defaults would stay without the leaves in `gone`, with those leaves."""
    for parent in sorted(entry.parents):
        inside = tuple(path for path in gone if within(path, parent))
        if not inside or any(within(path, parent) for path in wanted):
            continue
        held = lookup(document, parent)
        if not isinstance(held, dict):
            continue
        rest = leaves(spec, apply_edits(spec, {}, [Edit(parent, held)]))
        if all(path in inside or is_at_default(field_at(spec, path), value) for path, value in rest.items()):
            yield parent, inside


def whole_removals(
    spec: KindSpec, document: Object, edits: Mapping[str, Edit], wanted: Collection[str] = ()
) -> dict[str, Edit]:
    """The edits with one removal for each object that they would leave empty, in the place of all removals in it.

    An object that has something of `wanted` stays: servers hide what is at its default.
    """
    after = apply_edits(spec, document, edits.values())
    result = dict(edits)
    for path in sorted(path for path, edit in edits.items() if edit.remove):
        gone = path
        parent = path.rpartition("/")[0]
        while parent and _emptied(lookup(document, parent), lookup(after, parent)):
            if any(within(other, parent) for other in wanted):
                break
            gone, parent = parent, parent.rpartition("/")[0]
        if gone != path:
            result = {other: edit for other, edit in result.items() if not within(other, gone)}
            result[gone] = Edit(gone, remove=True)
    return result


def _emptied(before: Json, after: Json) -> bool:
    """Whether a collection that held something holds nothing now, or only what was emptied with it."""
    if isinstance(before, list):
        return bool(before) and after == []
    if not isinstance(before, dict) or not isinstance(after, dict) or not before:
        return False
    return all(_emptied(before.get(key), member) for key, member in after.items())
