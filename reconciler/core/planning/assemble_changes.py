"""Resources bound to live objects -> the changes of a plan, the order in which they run, drift and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.core.canonical.references import bind_resource
from reconciler.core.canonical.vocabulary import live_document, object_digest
from reconciler.core.planning.attachments import AttachedTools
from reconciler.core.planning.records import Account, Bound, Desired, PlanRequest
from reconciler.core.planning.selection_check import missing_state_warning
from reconciler.core.resource_diff import plan_existing
from reconciler.core.resource_diff.match_objects import match
from reconciler.core.resource_diff.resource_plan import (
    Binding,
    DiffContext,
    Matching,
    ResourcePlan,
    Seen,
    plan_create,
)
from reconciler.core.secrets.redact_document import redact
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Direction, Reason
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manage, Resource
from reconciler.types.plan import DriftField, DriftItem, Summary
from reconciler.types.state import Entry, State


def bind(request: PlanRequest, desired: Desired, account: Account, context: DiffContext) -> Bound:
    """Every resource bound to its live object, or to none if it is created; `context` then knows the tools."""
    seen, options = account.seen, request.options
    attached = context.kinds.attached
    tools = next((listing for name, listing in seen.listings.items() if name in attached), None)
    free = {address: resource for address, resource in desired.resources.items() if address not in request.replaced}
    matching = match(free, desired.state, seen, desired.moves.previous, context.book)
    for address in request.replaced:
        previous = desired.moves.previous.get(address)
        matching.bindings[address] = Binding(None, Reason.REPLACED, previous=previous)
    resources, problems = desired.resources, [*matching.problems]
    if request.goal is not None:
        from reconciler.core.history.restored import gone_untouched, not_made

        resources, unknown = request.goal.settled(matching, tools)
        problems += [not_made(address, why) for address, why in sorted(unknown.items())]
        ids = {address: desired.state.resources[address].id for address in desired.untouched}
        problems += [gone_untouched(address) for address in sorted(ids) if ids[address] in seen.gone]
        matching = Matching(
            {address: binding for address, binding in matching.bindings.items() if address in resources}
        )
    if told := missing_state_warning(desired.state, [binding.reason for binding in matching.bindings.values()]):
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
    return Bound(bound, matching, context, (*problems, *dangling), known)


def _ids(
    desired: Desired, resources: Mapping[Address, Resource], matching: Matching, seen: Seen
) -> dict[Address, str]:
    """Address -> id of every object that a reference may name: bound, or in the state without a manifest."""
    bound = {address: binding.id for address, binding in matching.bindings.items() if binding.id is not None}
    held = {
        address: entry.id
        for address, entry in desired.state.resources.items()
        if address not in resources and entry.id not in seen.gone
    }
    return bound | held


def plan_resource(
    resource: Resource, binding: Binding, live: LiveObject | None, context: DiffContext
) -> ResourcePlan:
    """The change of one resource that has a manifest."""
    if live is None:
        return plan_create(resource, binding)
    return plan_existing(resource, live, binding, context)


def plan_leaving(
    address: Address,
    spec: KindSpec,
    entry: Entry,
    live: LiveObject | None,
    *,
    destroy: bool,
    removed: bool,
    protect: bool,
    observe: bool = False,
    previous: Address | None = None,
) -> Change:
    """The change of an entry whose manifest is gone: delete, or forget what is gone, observed or Removed.

    `protect`, `observe`: what its manifest says today, where there is one (`destroy`)."""
    reason = Reason.DESTROY if destroy else Reason.NOT_IN_MANIFESTS
    if entry.gives_way_to is not None and not destroy:
        reason = Reason.REPLACED
    action = Action.DELETE
    if removed:
        action, reason = Action.FORGET, Reason.REMOVED
    elif live is None:
        action, reason = Action.FORGET, Reason.DELETED_OUTSIDE
    elif observe or entry.lifecycle.manage is Manage.OBSERVE:
        action, reason = Action.FORGET, Reason.OBSERVE
    return Change(
        address=address,
        kind=spec,
        action=action,
        reason=reason,
        id=entry.id,
        previous=previous,
        gives_way_to=entry.gives_way_to,
        before=redact(spec, live_document(spec, live), entry.secret_paths) if live is not None else None,
        name=entry.name if live is None or spec.name_field in entry.secret_paths else live.name,
        lifecycle=replace(entry.lifecycle, protect=entry.lifecycle.protect or protect),
        source=entry.source,
        level=spec.level,
        live_digest=object_digest(spec, live) if live is not None else None,
        detailed=live.detailed if live is not None else False,
    )


def order_deletes(changes: list[Change], state: State) -> list[Change]:
    """Let each delete depend on the changes of its users: a tool goes only after it was detached, and an object that
    is replaced after its users were pointed to the new one."""
    planned = {change.address for change in changes}
    users: dict[str, list[Address]] = {}
    for address, entry in state.resources.items():
        for used in entry.refs:
            if address in planned:
                users.setdefault(used, []).append(address)
    for change in changes:
        if change.replaces is not None:
            users.setdefault(str(change.address), []).append(change.address)
    return [
        replace(change, depends_on=tuple(users.get(str(change.gives_way_to or change.address), ())))
        if change.action is Action.DELETE
        else change
        for change in changes
    ]


def drift_item(address: Address, entry: Entry, planned: ResourcePlan) -> DriftItem | None:
    """The drift of one managed resource."""
    if not planned.drift:
        return None
    reason = "observe" if planned.change.lifecycle.manage is Manage.OBSERVE else None
    if all(field.direction is Direction.VENDOR for field in planned.drift):
        reason = Reason.VENDOR.value
    return DriftItem(address, planned.change.kind, entry.id, planned.drift, reason)


def gone_item(address: Address, kind: KindSpec, entry: Entry) -> DriftItem:
    """A managed object that was deleted outside."""
    gone = DriftField("", Direction.LIVE, before_unknown=True)
    return DriftItem(address, kind, entry.id, (gone,), "deleted_outside")


def summarise(
    items: Sequence[Change], *, not_looked_at: int, unmanaged: int, unchanged: int, incomplete: int = 0
) -> Summary:
    """The counts of the summary line."""
    return Summary(
        imported=sum(1 for change in items if change.importing),
        added=sum(1 for change in items if change.action is Action.CREATE),
        changed=sum(1 for change in items if change.action is Action.UPDATE),
        destroyed=sum(1 for change in items if change.action is Action.DELETE),
        forgotten=sum(1 for change in items if change.action is Action.FORGET),
        moved=sum(1 for change in items if change.previous is not None),
        adopted=sum(1 for change in items if change.adopt),
        unchanged=unchanged,
        not_looked_at=not_looked_at,
        unmanaged=unmanaged,
        incomplete=incomplete,
    )


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Writes by level then address, then deletes by falling level, then what only leaves state."""
    return tuple(sorted(changes, key=_key))


def _key(change: Change) -> tuple[int, int, str, str]:
    if change.action is Action.DELETE:
        phase, level = 1, -change.level
    elif change.action is Action.FORGET:
        phase, level = 2, 0
    else:
        phase, level = 0, change.level
    return phase, level, change.address.kind, change.address.name
