"""Edits of a canonical document: the leaves to set and to remove, and the document they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import keyed_parent, tool_name
from reconciler.types.json import Json, Object, split
from reconciler.types.kind import KindSpec


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
