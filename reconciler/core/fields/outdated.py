"""What is on its way out: models, engines and fields that the catalogue or the field tables speak of so."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import same
from reconciler.types.catalogue import Catalogue, Status, is_hosted
from reconciler.types.json import Json, is_filled, split, within
from reconciler.types.kind import Field, KindSpec

SAID = {
    Status.LEGACY: "is a legacy choice",
    Status.DEPRECATED: "is deprecated",
    Status.UNLISTED: "is not listed by the vendor any more",
    Status.REMOVED: "was removed",
}


@dataclass(frozen=True, slots=True)
class Outdated:
    """One thing to move away from. `advice` is None where nothing is known to follow it."""

    pointer: str
    summary: str
    detail: str = ""
    advice: str | None = None


def outdated_name(kind: KindSpec, pointer: str, name: Json, catalogue: Catalogue) -> Outdated | None:
    """What the configured generation says of the model or engine called `name` at `pointer`, if it is to be left."""
    table = kind.tables.get(pointer)
    if table is None or not isinstance(name, str) or not name or (table == "llm" and not is_hosted(name)):
        return None
    status = catalogue.status(name, table)
    if not status.is_outdated:
        return None
    after, row = catalogue.successor(name, table), catalogue.entry(name, table)
    detail = f"{after.reason} ({after.basis})" if after is not None else row.note if row is not None else ""
    advice = _advice(after.id, after.alternatives) if after is not None else None
    return Outdated(pointer, f"{name} {SAID[status]}", detail, advice)


def outdated_field(pointer: str, value: Json, row: Field) -> Outdated | None:
    """What the field table says of a field that is deprecated and says something; its default says nothing."""
    if not row.deprecated or not is_filled(value) or (row.default is not None and same(value, row.default)):
        return None
    return Outdated(pointer, f"{split(pointer)[-1]} is deprecated: {row.deprecated}")


def outdated_place(kind: KindSpec, pointer: str, value: Json) -> Outdated | None:
    """A place that is gone altogether."""
    for place, (summary, advice) in kind.gone.items():
        if within(pointer, place) and is_filled(value):
            return Outdated(pointer, summary, advice=advice)
    return None


def _advice(successor: str | None, alternatives: tuple[str, ...]) -> str | None:
    if successor:
        return f"use {successor}" + (f" (or {', '.join(alternatives)})" if alternatives else "")
    return f"choose one of {', '.join(alternatives)}" if alternatives else None
