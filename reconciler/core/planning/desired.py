"""What a plan is to bring about: resources in scope, and objects that change their address or identity.

The order of the documents means nothing: from each address its moves are followed to the last one. So one apply
finishes all of them, and what moved is found at its new address whatever becomes of it there.

Replacing an object whose fixed fields are to change: make the new one, re-point its users, delete the old one.
Meanwhile the old object keeps an entry in state under an own address (`state.entry_changes`), so that nothing is lost
when a run ends between the two: the next plan finds it without a manifest and deletes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.canonical.references import resources_of
from reconciler.core.planning.records import Bound, Compared, Desired, Moves, PlanRequest
from reconciler.core.planning.run_scope import exclude_moved, include_dependencies, select_scope
from reconciler.core.planning.selection_check import leaves_nothing, require_something, unmatched
from reconciler.core.resource_diff.resource_plan import DiffContext, ResourcePlan, Seen
from reconciler.core.state.entry_records import made_by, old_address, renamed, set_aside
from reconciler.core.text import circle_text
from reconciler.types.address import Address
from reconciler.types.change import Change
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manage, ManifestSet, Moved, Resource
from reconciler.types.state import Entry, Move, State


def follow_moves(manifests: ManifestSet, state: State) -> Moves:
    """A move whose old address state does not hold was made before, or never applied: nothing to do."""
    documents = {move.before: move for move in manifests.moved}
    ends, circles = _follow(documents)
    problems = [*(_circle(circle, documents) for circle in circles), *_undecided(manifests)]
    here = {*state.resources, *(intent.address for intent in state.pending)}
    wanted = {before: ends[before] for before in documents if before in ends and before in here}
    taken = {address: address for address in here if address not in wanted}
    moves: list[Move] = []
    for before, after in wanted.items():
        if after in taken:
            problems.append(_both(documents[before], before, taken[after], after))
            continue
        taken[after] = before
        entry = state.resources.get(before)
        moves.append(Move(before, after, entry.id if entry is not None else None))
    return Moves(
        renamed(state, moves),
        {move.after: move.before for move in moves},
        frozenset(document.address for document in manifests.removed),
        tuple(problems),
    )


def _follow(documents: Mapping[Address, Moved]) -> tuple[dict[Address, Address], list[list[Address]]]:
    """Where the moves from each address end, each looked at once; and the circles, from which nothing comes out."""
    ends: dict[Address, Address | None] = {}
    circles: list[list[Address]] = []
    for start in documents:
        address, way = start, dict[Address, int]()
        while address in documents and address not in ends and address not in way:
            way[address] = len(way)
            address = documents[address].after
        if address in way:
            circles.append(list(way)[way[address] :])
        ends |= dict.fromkeys(way, None if address in way else ends.get(address, address))
    return {before: after for before, after in ends.items() if after is not None}, circles


def _circle(circle: Sequence[Address], documents: Mapping[Address, Moved]) -> Diagnostic:
    return Diagnostic(
        "E-moved",
        Severity.ERROR,
        f"moves go round in a circle: {circle_text(circle)}",
        hint="delete one of the Moved documents; to exchange addresses use `reconciler state mv`, three times",
        source=documents[circle[0]].source,
    )


def _undecided(manifests: ManifestSet) -> Iterable[Diagnostic]:
    declared = {manifest.address for manifest in manifests.manifests}
    return [
        Diagnostic(
            "E-removed",
            Severity.ERROR,
            f"{document.address} has both a manifest and a Removed document",
            hint="keep one of the two",
            address=document.address,
            source=document.source,
        )
        for document in manifests.removed
        if document.address in declared
    ]


def _both(document: Moved, before: Address, other: Address, after: Address) -> Diagnostic:
    if other == after:
        summary = f"{before} cannot move to {after}: the state holds both"
    else:
        summary = f"{before} and {other} cannot both move to {after}: the state holds both"
    return Diagnostic(
        "E-moved",
        Severity.ERROR,
        summary,
        hint="`reconciler state rm` one of them; its live object stays",
        source=document.source,
    )


def find_replaced(
    planned: Mapping[Address, ResourcePlan],
    resources: Mapping[Address, Resource],
    state: State,
    asked: Collection[Address] = (),
) -> tuple[Address, ...]:
    """What has to be made anew: fixed fields are to change, or the user asked for it.

    Only objects that are ours already, in full, not bound to one id by their manifest, and that may stand beside
    another of their name for a while.
    """
    return tuple(
        address
        for address, result in planned.items()
        if (address in asked or any(block.rule == "immutable" for block in result.change.blocked))
        and address in state.resources
        and result.change.lifecycle.manage is Manage.FULL
        and not result.change.kind.unique_names
        and resources[address].id is None
    )


def as_replacement(change: Change, id: str) -> Change:
    """The create of a replacement; it first sets the entry of the old object (`id`) aside."""
    return replace(change, replaces=old_address(change.address, id))


def build_desired(request: PlanRequest) -> Desired:
    """The desired resources and state, before the account is read. Raises `NothingFound` for an empty run."""
    goal, options, manifests = request.goal, request.options, request.manifests
    if goal is None:
        require_something(manifests, request.state, options)
    moves = _moves(request)
    state = set_aside(moves.state, request.replaced)
    resources = _resources(request, state)
    labels = {manifest.address: manifest.labels for manifest in manifests.manifests} if goal is None else None
    beside = frozenset(manifest.address for manifest in manifests.beside)
    chosen = select_scope(
        resources, state, options, manifests.paths, labels,
        beside=beside, declared=frozenset(manifest.address for manifest in manifests.manifests),
    )  # fmt: skip
    problems = [*moves.problems, *_irreplaceable(request, resources, state)]
    if goal is None:
        if not options.drift_only:
            chosen, said = exclude_moved(chosen, manifests)
            problems += said
        return Desired(resources, state, moves, chosen, beside=beside, problems=tuple(problems))
    leaving = goal.leaving | goal.orphans
    back = replace(chosen, deletable=chosen.deletable & leaving, not_looked_at=0)
    from reconciler.core.history.restored import torn

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
        return {address: resource for address, resource in resources.items() if address in state.resources}
    return resources


def _irreplaceable(request: PlanRequest, resources: Mapping[Address, Resource], state: State) -> Iterator[Diagnostic]:
    """An error for each address of `--replace` whose object cannot be made anew."""
    for address in request.options.replace if not request.replaced else ():
        why = _why_not_replaced(address, resources, state)
        if why is not None and (address in resources or address in state.resources):
            yield Diagnostic("E-target", Severity.ERROR, f"{address} cannot be replaced: {why}")


def _why_not_replaced(address: Address, resources: Mapping[Address, Resource], state: State) -> str | None:
    if address not in state.resources:
        return "the state does not hold it"
    if address not in resources:
        return "it has no manifest"
    if resources[address].kind.unique_names:
        return "the API takes no second object of its name beside it"
    return "its manifest has metadata.id" if resources[address].id is not None else None


def to_replace(request: PlanRequest, compared: Compared) -> tuple[Address, ...]:
    """Addresses to replace; empty on the second pass and for runs that only read."""
    if request.replaced or request.options.drift_only:
        return ()
    return find_replaced(compared.planned, compared.bound.resources, compared.desired.state, request.options.replace)


def with_needed(request: PlanRequest, desired: Desired, bound: Bound) -> tuple[Desired, Sequence[Diagnostic]]:
    """What a part of the project needs of the rest and nobody made yet is made along; errors where that cannot be."""
    if request.manifests.paths is None or request.goal is not None or request.options.drift_only:
        return desired, ()
    chosen, lost = include_dependencies(desired.scope, bound.resources, desired.beside, bound.matching)
    return replace(desired, scope=chosen), lost


def unmatched_selection(request: PlanRequest, desired: Desired, seen: Seen) -> list[Diagnostic]:
    """Errors for what the command line names and nobody knows, or for all of it together."""
    goal, manifests, options = request.goal, request.manifests, request.options
    more: Collection[Address] = (*goal.resources, *goal.leaving, *goal.orphans) if goal is not None else ()
    found = list(unmatched(manifests, request.state, options, seen.listings, more))
    if found or goal is not None:
        return found
    nothing = leaves_nothing(desired.scope, options, manifests, desired.state)
    return [nothing] if nothing is not None else []


def with_orphans(request: PlanRequest, desired: Desired, seen: Seen, context: DiffContext) -> Desired:
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
