"""Paths that we once applied and that left the manifest, and the parents that they leave empty."""

from __future__ import annotations

from reconciler.core.canonical.canonical_edit import Edit, emptied_parents
from reconciler.core.canonical.canonical_form import at_default, effective, has_parent, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import item_of
from reconciler.core.diff import three_way
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.resource_plan import atomic_parent, field_change, ignored
from reconciler.core.secrets.secret_book import HIDDEN, is_unseen
from reconciler.core.serialization.digest import digest
from reconciler.types.change import Direction, FieldChange
from reconciler.types.json import Json, lookup, within
from reconciler.types.plan import DriftField
from reconciler.types.state import Entry


def find_removals(work: Work, entry: Entry) -> None:
    """Paths that we once applied and that left the manifest."""
    gone: list[str] = []
    for path in entry.sent:
        if path in work.resource.leaves or path in work.resource.kept:
            continue
        item = item_of(work.spec, path)
        if item is not None and lookup(work.resource.spec, item) is None:
            work.dropped.append(path)  # items go as a whole, and only from a list that the manifest has
            continue
        related = any(within(path, other) or within(other, path) for other in work.resource.leaves)
        row = field_at(work.spec, path)
        current = leaf_at(work.spec, work.document, path)
        if ignored(path, work.resource.lifecycle.ignore) or related:
            work.dropped.append(path)
        elif current is None or at_default(row, current):
            seen = entry.seen_at(path)
            work.absent = work.absent or (current is None and seen not in (None, digest(None), HIDDEN))
            work.dropped.append(path)
        elif path == work.spec.name_field:
            # An object without a name cannot be found again; the name stays as it is and is no longer ours.
            work.dropped.append(path)
        else:
            gone.append(path)
            _take_out(work, entry, path, current)
    _remove_empty_parents(work, entry, gone)


def _take_out(work: Work, entry: Entry, path: str, current: Json) -> None:
    """Plan the removal of one leaf and show it; as drift too, where the account moved meanwhile."""
    shown = effective(field_at(work.spec, path), current, parent_present=has_parent(work.document, path))
    moved = _live_moved(work, entry, path, shown)
    direction = Direction.BOTH if moved else Direction.GIT
    change = field_change(work.spec, path, direction, current, None, secret=work.was_secret(path))
    if path == work.spec.attachments:
        change = FieldChange(path, direction, current, [])
    work.fields.append(change)
    if moved:
        work.drift.append(
            DriftField(path, direction, after=change.before, before_unknown=True, sensitive=change.sensitive)
        )
    atomic = atomic_parent(work.spec, path)
    if atomic is not None and atomic != path and lookup(work.resource.spec, atomic) is not None:
        work.edit_whole(path)
    elif path not in work.spec.apart:
        work.edits[path] = Edit(path, remove=True)


def _live_moved(work: Work, entry: Entry, path: str, current: Json) -> bool:
    seen = entry.seen_at(path)
    if seen is None or is_unseen(seen):
        return False
    if three_way.hidden(field_at(work.spec, path), current):
        return False
    return work.context.book.matches(current, seen) is False


def _remove_empty_parents(work: Work, entry: Entry, gone: list[str]) -> None:
    """Remove a parent that we created when nothing but defaults would stay in it."""
    for parent, inside in emptied_parents(work.spec, entry, gone, work.resource.leaves, work.document):
        for path in inside:
            work.edits.pop(path, None)
        if not any(within(parent, other) for other in work.edits):
            work.edits[parent] = Edit(parent, remove=True)
