"""What a plan says about values gets its place in the manifest: warnings of the planner, and blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.types.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.api.session import Opened
    from reconciler.types.change import Block, Change, FieldChange
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.plan import Plan


def anchored(diagnostics: Sequence[Diagnostic], manifests: ManifestSet) -> tuple[Diagnostic, ...]:
    """The same findings; what names an address of the manifests also names the document that declares it."""
    if all(one.address is None or one.span is not None for one in diagnostics):
        return tuple(diagnostics)
    sources = {one.address: one.source for one in manifests.manifests}

    def source(one: Diagnostic) -> Source | None:
        known = sources.get(one.address) if one.address is not None else None
        # A path alone, as state keeps it, knows neither the document in the file nor where its spec begins.
        vague = one.source is None or (known is not None and one.source == Source(known.path))
        return known if known is not None and vague else one.source

    return tuple(one if one.span is not None else replace(one, source=source(one)) for one in diagnostics)


def located(run: Opened, manifests: ManifestSet, plan: Plan) -> Plan:
    """The same plan with the places filled in: file, line and column of every finding and every block about a value.
    Nothing is read where there is nothing to look up."""
    from reconciler.manifests.read.locations import place
    from reconciler.types.diagnostic import Diagnostic, Severity

    asked = dict.fromkeys(
        (change.address, pointer)
        for change in plan.changes
        for pointer in (
            *(block.pointer for block in change.blocked),
            *(field.path for field in change.fields if field.wanted),
        )
        if pointer is not None
    )
    diagnostics = anchored(plan.diagnostics, manifests)
    open_places = any(one.source is not None and one.span is None for one in diagnostics)
    if not asked and not open_places:
        return plan
    sources = {one.address: one.source for one in manifests.manifests}
    questions = [
        Diagnostic("E-place", Severity.ERROR, "", address=address, pointer=pointer, source=sources.get(address))
        for address, pointer in asked
    ]
    found = place(run.project, [*diagnostics, *questions], manifests=manifests.manifests, ref=run.ref)
    spans = {(one.address, one.pointer): one.span for one in found[len(diagnostics) :]}

    def placed(change: Change, block: Block) -> Block:
        span = spans.get((change.address, block.pointer)) if block.pointer is not None else None
        return block if span is None else replace(block, span=span)

    def seen(change: Change, field: FieldChange) -> FieldChange:
        span = spans.get((change.address, field.path)) if field.wanted else None
        return field if span is None else replace(field, span=span)

    changes = tuple(
        replace(
            change,
            blocked=tuple(placed(change, block) for block in change.blocked),
            fields=tuple(seen(change, field) for field in change.fields),
        )
        for change in plan.changes
    )
    return replace(plan, changes=changes, diagnostics=found[: len(diagnostics)])
