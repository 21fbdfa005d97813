"""Taking over a live object by its name alone, where the manifest allows that only if the object is the same."""

from __future__ import annotations

from reconciler.core.canonical.canonical_form import leaves, may_hide
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.name_conflicts import other_content
from reconciler.core.resource_diff.resource_plan import ignored
from reconciler.types.change import Reason
from reconciler.types.json import within
from reconciler.types.manifest import Adopt


def refuse_other_content(work: Work) -> None:
    """Block the import of an object that says anything else than the manifest, defaults filled; what is hidden, so
    that nobody can compare it, is not known to be the same."""
    if work.entry is not None or work.binding.reason is not Reason.ADOPTED_BY_NAME:
        return
    if work.resource.lifecycle.adopt is not Adopt.SAME or work.observing:
        return
    paths = {field.path for field in work.fields} | {one.path for one in work.adopt} | {*work.assumed}
    paths |= {one.path for one in work.differences}
    paths |= {
        path
        for path, value in leaves(work.spec, work.document).items()
        if path not in work.resource.leaves
        and not any(within(path, one) or within(one, path) for one in work.resource.leaves)
        and not may_hide(field_at(work.spec, path), value)
        and not ignored(path, work.resource.lifecycle.ignore)
        and path != work.spec.name_field
    }
    if paths:
        work.blocks.append(other_content(work.resource.address, work.live.name, work.live.id, sorted(paths)))
