"""Objects that removals leave with nothing in them, or with nothing of ours and nothing to say: they go whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import at_default, leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.types.json import Json, Object, lookup, within
from reconciler.types.kind import KindSpec
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
