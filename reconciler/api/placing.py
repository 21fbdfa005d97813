"""What a plan says about values gets its place in the manifest: warnings of the planner, and blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.opened import Opened
    from reconciler.types.change import Block, Change
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.plan import Plan


def located(run: Opened, manifests: ManifestSet, plan: Plan) -> Plan:
    """The same plan with the places filled in; nothing is read where there is nothing to look up."""
    from reconciler.loader.placing import place
    from reconciler.types.diagnostic import Diagnostic, Severity

    blocks = [(change, block) for change in plan.changes for block in change.blocked if block.pointer is not None]
    open_places = any(one.source is not None and one.span is None for one in plan.diagnostics)
    if not blocks and not open_places:
        return plan
    sources = {one.address: one.source for one in manifests.manifests}
    asked = [
        Diagnostic(
            block.rule, Severity.ERROR, "", address=change.address, pointer=block.pointer,
            source=sources.get(change.address),
        )
        for change, block in blocks
    ]  # fmt: skip
    found = place(run.project, [*plan.diagnostics, *asked], manifests=manifests.manifests, ref=run.ref)
    spans = {(one.address, one.pointer): one.span for one in found[len(plan.diagnostics) :]}

    def placed(change: Change, block: Block) -> Block:
        span = spans.get((change.address, block.pointer)) if block.pointer is not None else None
        return block if span is None else replace(block, span=span)

    changes = tuple(
        replace(change, blocked=tuple(placed(change, block) for block in change.blocked)) for change in plan.changes
    )
    return replace(plan, changes=changes, diagnostics=found[: len(plan.diagnostics)])
