"""Items of a list whose members bear names, live and not in the manifest: the list is ours as a whole."""

from __future__ import annotations

from reconciler.core.canonical import comparable
from reconciler.core.edit import Edit
from reconciler.core.existing.work import Work
from reconciler.core.named import named_lists
from reconciler.core.planning.planner import ignored
from reconciler.types.change import Direction, FieldChange
from reconciler.types.json import escape, lookup, within
from reconciler.types.plan import DriftField


def find_extras(work: Work) -> None:
    """Items of a named list that the manifest does not have: the list is ours as a whole."""
    for path in named_lists(work.spec):
        desired = lookup(work.resource.spec, path)
        live = lookup(comparable(work.spec, work.document), path)
        if not isinstance(desired, dict) or not isinstance(live, dict):
            continue
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
