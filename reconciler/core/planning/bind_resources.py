"""Resources and what is known of the account -> each with the live object that it is, references as ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.canonical.references import bind_resource
from reconciler.core.history.rollback_goal import gone_untouched, not_made
from reconciler.core.planning.attachments import AttachedTools
from reconciler.core.planning.records import Account, Bound, Desired, PlanRequest
from reconciler.core.planning.selection_check import missing_state_warning
from reconciler.core.resource_diff.match_objects import match
from reconciler.core.resource_diff.records import Binding, Context, Matching, Seen
from reconciler.types.address import Address
from reconciler.types.change import Reason
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.manifest import Resource


def bind(request: PlanRequest, desired: Desired, account: Account, context: Context) -> Bound:
    """Every resource bound to its object, to none where one is to be made; `context` with the tools known by then."""
    seen, options = account.seen, request.options
    attached = context.kinds.attached
    tools = next((one for name, one in seen.listings.items() if name in attached), None)
    free = {address: one for address, one in desired.resources.items() if address not in request.replaced}
    matching = match(free, desired.state, seen, desired.moves.previous, context.book)
    for address in request.replaced:
        previous = desired.moves.previous.get(address)
        matching.bindings[address] = Binding(None, Reason.REPLACED, previous=previous)
    resources, problems = desired.resources, [*matching.problems]
    if request.goal is not None:
        resources, unknown = request.goal.settled(matching, tools)
        problems += [not_made(address, why) for address, why in sorted(unknown.items())]
        ids = {address: desired.state.resources[address].id for address in desired.untouched}
        problems += [gone_untouched(address) for address in sorted(ids) if ids[address] in seen.gone]
        matching = Matching({address: one for address, one in matching.bindings.items() if address in resources})
    if told := missing_state_warning(desired.state, [one.reason for one in matching.bindings.values()]):
        problems.append(told)
    known = _ids(desired, resources, matching, seen)
    bound: dict[Address, Resource] = {}
    dangling: list[Diagnostic] = []
    for address, resource in resources.items():
        bound[address], found = bind_resource(resource, known, tools)
        dangling += found
    context = replace(
        context,
        migrate=options.migrate and request.goal is None and not options.drift_only,
        tool=AttachedTools(bound, matching, tools, attached),
    )
    return Bound(bound, matching, context, (*problems, *dangling))


def _ids(
    desired: Desired, resources: Mapping[Address, Resource], matching: Matching, seen: Seen
) -> dict[Address, str]:
    """The id of everything that a reference may mean: what is bound, and what the state holds without a manifest."""
    bound = {address: one.id for address, one in matching.bindings.items() if one.id is not None}
    held = {
        address: entry.id
        for address, entry in desired.state.resources.items()
        if address not in resources and entry.id not in seen.gone
    }
    return bound | held
