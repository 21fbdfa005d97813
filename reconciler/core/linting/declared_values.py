"""Every value of a body that its kind's field table declares, whatever the shape of the body."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.field_tree import Node, shape
from reconciler.types.json import Json, Object, escape
from reconciler.types.kind import Field, KindSpec


def declared(kind: KindSpec, spec: Object) -> Iterator[tuple[str, Json, Field]]:
    """Every value of `spec` that the kind's table declares: pointer, value, row. Markers are leaves."""
    yield from _declared(shape(kind), spec, "")


def _declared(node: Node, value: Json, path: str) -> Iterator[tuple[str, Json, Field]]:
    if node.row is not None and path:
        yield path, value, node.row
        if node.row.verbatim:
            return
    if isinstance(value, dict) and (node.children or node.star is not None):
        for key, member in value.items():
            yield from _declared(node.child(key), member, f"{path}/{escape(key)}")
