"""What the ids in a plan are called: kept beside the plan, so that people read names where the API has ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.field_tree import field_at
from reconciler.types.change import FieldChange
from reconciler.types.json import Json, Object, lookup
from reconciler.types.kind import Field, KindSpec
from reconciler.types.plan import DriftField, Plan


def names_in(plan: Plan, names: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """`kind/id` -> name, for the ids that stand in this plan where a reference may stand; of `names`, by kind and
    id, which may know the whole account."""
    found: dict[str, str] = {}
    for target, value in _referring(plan):
        for id in value if isinstance(value, list) else [value]:
            name = names.get((target, id)) if isinstance(id, str) else None
            if name is not None:
                found[f"{target}/{id}"] = name
    return found


def _referring(plan: Plan) -> Iterator[tuple[str, Json]]:
    for change in plan.changes:
        yield from _of_leaves(change.kind, change.fields)
        for document in (change.before, change.after) if change.is_difference else ():
            yield from ((str(row.ref), lookup(document, row.path)) for row in referring(change.kind))
    for item in plan.drift:
        yield from _of_leaves(item.kind, item.changes)


def _of_leaves(spec: KindSpec, leaves: Iterable[FieldChange | DriftField]) -> Iterator[tuple[str, Json]]:
    for leaf in leaves:
        row = field_at(spec, leaf.path)
        if row is not None and row.ref:
            yield row.ref, leaf.before
            yield row.ref, leaf.after


def referring(spec: KindSpec) -> tuple[Field, ...]:
    """The rows of one place each in which ids of other resources stand."""
    return tuple(row for row in spec.fields if row.ref and "*" not in row.path)


def document_named(spec: KindSpec, document: Object, names: Mapping[str, str]) -> Object:
    """A canonical document with names in the place of the ids that have one."""
    edits: list[Edit] = []
    for row in referring(spec):
        value = lookup(document, row.path)
        named = value_named(row, value, names)
        if named != value:
            edits.append(Edit(row.path, named))
    return apply_edits(spec, document, edits)


def value_named(row: Field | None, value: Json, names: Mapping[str, str]) -> Json:
    """The value of a field with names in the place of the ids that have one: an address alone, and what is only a
    name of the account with its id, for it may not be the only one of that name."""
    if row is None or not row.ref:
        return value
    if isinstance(value, list):
        return [value_named(row, item, names) for item in value]
    name = names.get(f"{row.ref}/{value}") if isinstance(value, str) else None
    if name is None or name == value:
        return value
    return name if name.startswith(f"{row.ref}.") else f"{name} ({value})"
