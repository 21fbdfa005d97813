"""One resource against its live object: what differs, whose doing it is, and the change they make."""

from __future__ import annotations

from reconciler.core.canonical.canonical_edit import whole_removals
from reconciler.core.resource_diff.build_change import in_sync, to_change
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.leaf_diff import compare_leaf, settle, write_enabling
from reconciler.core.resource_diff.name_conflicts import refuse_other_content
from reconciler.core.resource_diff.preserve_values import carry_companions, with_ignored
from reconciler.core.resource_diff.records import Binding, Context, ResourcePlan
from reconciler.core.resource_diff.removals import find_extras, find_removals
from reconciler.core.resource_diff.superseded import find_copies, find_leftovers
from reconciler.types.live import LiveObject
from reconciler.types.resource import Resource


def plan_existing(resource: Resource, live: LiveObject, binding: Binding, context: Context) -> ResourcePlan:
    """A resource whose live object is known: tracked in state, or adopted by this plan."""
    if resource.lifecycle.ignore:
        resource = with_ignored(resource, live)
    work = Work(resource, live, binding, context)
    for path, value in work.compared.items():
        compare_leaf(work, path, value)
    find_copies(work)
    settle(work)
    find_extras(work)
    if work.entry is not None and not work.observing:
        find_removals(work, work.entry)
    find_leftovers(work)
    if not work.observing:
        write_enabling(work)
    if not work.observing:
        carry_companions(work)
    refuse_other_content(work)
    work.edits = whole_removals(work.spec, work.document, work.edits, work.resource.leaves)
    change = to_change(work) if work.is_news else in_sync(work)
    return ResourcePlan(
        change,
        tuple(work.drift),
        work.absent,
        tuple(work.dropped),
        tuple(work.assumed),
        tuple(work.left),
        tuple(work.incomplete),
        tuple(work.noted),
    )
