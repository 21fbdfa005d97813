"""Objects that we created on the way to our leaves, and that are left with nothing of ours and nothing to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.canonical import at_default, leaves
from reconciler.core.edit import Edit, apply_edits
from reconciler.core.shape import field_at
from reconciler.kinds.base import KindSpec
from reconciler.types.json import Json, Object, lookup, within
from reconciler.types.state import Entry


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
        if all(path in inside or at_default(field_at(spec, path), value) for path, value in rest.items()):
            yield parent, inside
