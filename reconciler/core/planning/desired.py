"""What a plan is to bring about: resources in scope, the state after the moves, and what of it cannot be meant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.canonical.references import resources_of
from reconciler.core.planning.address_moves import find_replaced, follow_moves
from reconciler.core.planning.records import Bound, Compared, Desired, Moves, PlanRequest
from reconciler.core.planning.run_scope import leave_what_moved, make_along, scope
from reconciler.core.planning.selection_check import leaves_nothing, require_something, unmatched
from reconciler.core.resource_diff.resource_plan import Context, Seen
from reconciler.core.state.entry_changes import made_by, renamed, set_aside
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Resource
from reconciler.types.state import Entry, State


def desire(request: PlanRequest) -> Desired:
    """What is to be, before the account is read. Raises `NothingFound` where nobody says anything."""
    goal, options, manifests = request.goal, request.options, request.manifests
    if goal is None:
        require_something(manifests, request.state, options)
    moves = _moves(request)
    state = set_aside(moves.state, request.replaced)
    resources = _resources(request, state)
    labels = {one.address: one.labels for one in manifests.manifests} if goal is None else None
    beside = frozenset(one.address for one in manifests.beside)
    chosen = scope(
        resources, state, options, manifests.paths, labels,
        beside=beside, declared=frozenset(one.address for one in manifests.manifests),
    )  # fmt: skip
    problems = [*moves.problems, *_irreplaceable(request, resources, state)]
    if goal is None:
        if not options.drift_only:
            chosen, said = leave_what_moved(chosen, manifests)
            problems += said
        return Desired(resources, state, moves, chosen, beside=beside, problems=tuple(problems))
    leaving = goal.leaving | goal.orphans
    back = replace(chosen, deletable=chosen.deletable & leaving, not_looked_at=0)
    from reconciler.core.history.rollback_goal import torn

    problems += [torn(address) for address in goal.torn(back.wanted | back.deletable)]
    return Desired(resources, state, moves, back, chosen.deletable - leaving, beside, tuple(problems))


def _moves(request: PlanRequest) -> Moves:
    """A refresh moves nothing; a rollback moves everything to the address that it had then, at once."""
    if request.options.refresh_only:
        return Moves(request.state, {}, frozenset())
    if request.goal is not None:
        return Moves(renamed(request.state, request.goal.moves), request.goal.moved, request.goal.orphans)
    return follow_moves(request.manifests, request.state)


def _resources(request: PlanRequest, state: State) -> Mapping[Address, Resource]:
    """None for `destroy` and for a refresh, which is between the state and the account."""
    options = request.options
    if request.goal is not None:
        resources = request.goal.resources
    else:
        declared = (*request.manifests.manifests, *request.manifests.beside)
        resources = {} if options.destroy or options.refresh_only else resources_of(declared)
    if options.drift_only:
        return {address: one for address, one in resources.items() if address in state.resources}
    return resources


def _irreplaceable(request: PlanRequest, resources: Mapping[Address, Resource], state: State) -> Iterator[Diagnostic]:
    """An error for each address of `--replace` whose object cannot be made anew."""
    for one in request.options.replace if not request.replaced else ():
        why = _why_not_replaced(one, resources, state)
        if why is not None and (one in resources or one in state.resources):
            yield Diagnostic("E-target", Severity.ERROR, f"{one} cannot be replaced: {why}")


def _why_not_replaced(address: Address, resources: Mapping[Address, Resource], state: State) -> str | None:
    if address not in state.resources:
        return "the state does not hold it"
    if address not in resources:
        return "it has no manifest"
    if resources[address].kind.unique_names:
        return "the API takes no second object of its name beside it"
    return "its manifest has metadata.id" if resources[address].id is not None else None


def to_replace(request: PlanRequest, compared: Compared) -> tuple[Address, ...]:
    """What this plan has to make anew; nothing when that is settled, or nothing is to be written."""
    if request.replaced or request.options.drift_only:
        return ()
    return find_replaced(compared.planned, compared.bound.resources, compared.desired.state, request.options.replace)


def with_needed(request: PlanRequest, desired: Desired, bound: Bound) -> tuple[Desired, Sequence[Diagnostic]]:
    """What a part of the project needs of the rest and nobody made yet is made along; errors where that cannot be."""
    if request.manifests.paths is None or request.goal is not None or request.options.drift_only:
        return desired, ()
    chosen, lost = make_along(desired.scope, bound.resources, desired.beside, bound.matching)
    return replace(desired, scope=chosen), lost


def asked_in_vain(request: PlanRequest, desired: Desired, seen: Seen) -> list[Diagnostic]:
    """Errors for what the command line names and nobody knows, or for all of it together."""
    goal, manifests, options = request.goal, request.manifests, request.options
    more: Collection[Address] = (*goal.resources, *goal.leaving, *goal.orphans) if goal is not None else ()
    found = list(unmatched(manifests, request.state, options, seen.listings, more))
    if found or goal is not None:
        return found
    nothing = leaves_nothing(desired.scope, options, manifests, desired.state)
    return [nothing] if nothing is not None else []


def with_orphans(request: PlanRequest, desired: Desired, seen: Seen, context: Context) -> Desired:
    """An open create whose manifest is gone: if the object is there it is ours, and leaves like any other."""
    state = desired.state
    held = {entry.id for entry in state.resources.values()}
    orphans: dict[Address, Entry] = {}
    for intent in state.pending:
        if intent.address in desired.resources or intent.address in state.resources:
            continue
        if request.goal is not None and context.kinds.get(intent.kind).shared:
            continue
        new = made_by(intent, seen.listings.get(intent.kind), context.book, held)
        if len(new) == 1:
            hidden = {} if intent.digest is None else {context.kinds.get(intent.kind).name_field: intent.digest}
            orphans[intent.address] = Entry(new[0], name=intent.name, sent=hidden)
    if not orphans:
        return desired
    return replace(
        desired,
        state=replace(state, resources={**state.resources, **orphans}),
        scope=replace(desired.scope, deletable=desired.scope.deletable | orphans.keys()),
    )
