"""What the ids in a plan are called: kept beside the plan, so that people read names where the API has ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.field_tree import field_at
from reconciler.types.change import Change
from reconciler.types.json import Json, Object, lookup
from reconciler.types.kind import Field, KindSpec
from reconciler.types.plan import DriftItem, Plan


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
        yield from _of_change(change)
    for item in plan.drift:
        yield from _of_drift(item)


def _of_change(change: Change) -> Iterator[tuple[str, Json]]:
    spec = change.kind
    for field in change.fields:
        row = field_at(spec, field.path)
        if row is not None and row.ref:
            yield row.ref, field.before
            yield row.ref, field.after
    for document in (change.before, change.after) if change.is_difference else ():
        yield from ((str(row.ref), lookup(document, row.path)) for row in referring(spec)) if document else ()


def _of_drift(item: DriftItem) -> Iterator[tuple[str, Json]]:
    spec = item.kind
    for change in item.changes:
        row = field_at(spec, change.path)
        if row is not None and row.ref:
            yield row.ref, change.before
            yield row.ref, change.after


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
