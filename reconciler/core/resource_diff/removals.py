"""Leaves and items of lists that are ours and left the manifest, and what goes along with them."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.core.canonical.canonical_edit import Edit, emptied_parents
from reconciler.core.canonical.canonical_form import at_default, comparable, effective, has_parent, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import item_of, named_lists
from reconciler.core.diff import three_way
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.resource_plan import atomic_parent, field_change, ignored
from reconciler.core.secrets.secret_book import HIDDEN, is_unseen
from reconciler.core.serialization.digest import digest
from reconciler.types.change import Block, Direction, FieldChange
from reconciler.types.json import Json, Object, escape, lookup, within
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


def find_extras(work: Work) -> None:
    """Items of a named list that the manifest does not have: the list is ours as a whole."""
    for path in named_lists(work.spec):
        desired = lookup(work.resource.spec, path)
        live = lookup(comparable(work.spec, work.document), path)
        if not isinstance(desired, dict) or not isinstance(live, dict):
            continue
        gone: list[str] = []
        for name, item in live.items():
            place = f"{path}/{escape(name)}"
            if name in desired or ignored(place, work.resource.lifecycle.ignore):
                continue
            touched = work.resource.touched
            if touched is not None and not any(within(one, place) for one in touched):
                continue
            ours = work.entry is None or any(within(sent, place) for sent in work.entry.sent)
            direction = Direction.GIT if ours and not work.observing else Direction.LIVE
            work.fields.append(FieldChange(place, direction, item))
            if direction is Direction.LIVE:
                work.drift.append(DriftField(place, direction, after=item))
            work.edits[place] = Edit(place, remove=True)
            gone.append(name)
        if gone and not work.observing:
            left = {name: item for name, item in live.items() if name not in gone}
            _unlink(work, path, left, {*gone} - {*left, *desired})


def _unlink(work: Work, path: str, left: Object, gone: Collection[str]) -> None:
    """Take what refers to an item along with it: nobody can follow the reference, and the API refuses it."""
    members = [row for row in work.spec.fields if row.sibling and row.path.startswith(f"{path}/*/")]
    for name, item in left.items():
        for row in members:
            place = f"{path}/{escape(name)}{row.path[len(path) + 2 :]}"
            value = lookup(item, row.path[len(path) + 2 :])
            lost = sorted(_named(value) & set(gone))
            if not lost or place in work.resource.leaves or place in work.edits:
                continue
            if ignored(place, work.resource.lifecycle.ignore):
                message = f"{place} refers to {', '.join(lost)}, which is to go, and the manifest leaves it alone"
                hint = "take it out of lifecycle.ignore, or keep the item in the manifest"
                work.blocks.append(Block("in_use", message, hint, place))
                continue
            kept = _without(value, lost)
            note = f"refers to {', '.join(lost)}, which goes"
            work.fields.append(FieldChange(place, Direction.GIT, value, kept, note=note))
            work.edits[place] = Edit(place, kept, remove=kept is None)


def _named(value: Json) -> set[str]:
    """The items that a reference names."""
    if isinstance(value, str):
        return {value}
    return {one for one in value if isinstance(one, str)} if isinstance(value, (list, dict)) else set()


def _without(value: Json, names: Collection[str]) -> Json:
    """A reference without some of the items that it names; None where it then names none."""
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if name not in names} or None
    if isinstance(value, list):
        return [one for one in value if one not in names] or None
    return None
