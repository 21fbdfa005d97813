"""The diff of one resource and its live object: what differs, who changed it, and the resulting change."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.canonical.canonical_edit import whole_removals
from reconciler.core.resource_diff.build_change import carry_companions, in_sync, to_change, with_ignored
from reconciler.core.resource_diff.findings import subject_of
from reconciler.core.resource_diff.leaf_diff import compare_leaves, settle, write_enabling
from reconciler.core.resource_diff.name_conflicts import refuse_other_content
from reconciler.core.resource_diff.removals import find_extras, find_removals
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext, ResourcePlan
from reconciler.core.resource_diff.superseded import find_copies, find_leftovers
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Resource

STEPS = (find_copies, settle, find_extras, find_removals, find_leftovers, write_enabling, carry_companions,
         refuse_other_content)  # fmt: skip
"""Run in this order; each takes the subject and the findings so far, and returns them with its own."""


def plan_existing(resource: Resource, live: LiveObject, binding: Binding, context: DiffContext) -> ResourcePlan:
    """The change of a resource that has a live object: one in the state, or one that this plan adopts."""
    if resource.lifecycle.ignore:
        resource = with_ignored(resource, live)
    subject = subject_of(resource, live, binding, context)
    found = compare_leaves(subject)
    for step in STEPS:
        found = step(subject, found)
    if found.edits:
        found = replace(found, edits=whole_removals(resource.kind, subject.document, found.edits, resource.leaves))
    is_news = found.fields or found.edits or found.adopt or subject.entry is None
    change = to_change(subject, found) if is_news else in_sync(subject, found)
    return ResourcePlan(
        change, found.drift, found.absent, found.dropped, found.assumed, found.left, found.incomplete, found.noted
    )
