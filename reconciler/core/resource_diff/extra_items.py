"""Items of a list whose members bear names, live and not in the manifest: the list is ours as a whole."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import comparable
from reconciler.core.canonical.keyed_lists import named_lists
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.resource_plan import ignored
from reconciler.types.change import Block, Direction, FieldChange
from reconciler.types.json import Json, Object, escape, lookup, within
from reconciler.types.plan import DriftField


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
