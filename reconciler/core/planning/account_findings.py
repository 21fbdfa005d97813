"""What a plan says beside its changes: drift, what could not be compared, what nothing claims, what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from reconciler.core.canonical.references import resources_of
from reconciler.core.canonical.vocabulary import object_digest
from reconciler.core.planning.assemble_changes import drift_item, gone_item, plan_resource
from reconciler.core.planning.records import Compared, PlanRequest
from reconciler.core.planning.state_drift import drift_from_state, incomplete_from_state
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.core.resource_diff.records import Binding, Context
from reconciler.core.state.entry_changes import name_given
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.change import Action, Change, Direction, Reason
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manifest
from reconciler.types.plan import DriftItem, Incomplete, Obstacle, Unmanaged
from reconciler.types.state import Entry


def drift_items(
    compared: Compared, request: PlanRequest, catalogue: Callable[[], Catalogue] | None
) -> tuple[DriftItem, ...]:
    """What moved outside: by the manifests where there are any, else by what state remembers."""
    planned, state, book = compared.planned, compared.desired.state, compared.bound.context.book
    bound = compared.bound.context
    declared = {one.address: one for one in request.manifests.manifests} if request.options.refresh_only else {}
    found: list[DriftItem | None] = []
    for address in sorted(planned.keys() | compared.desired.scope.deletable):
        entry = state.resources.get(address)
        if entry is None:
            continue
        if entry.id in compared.account.seen.gone:
            found.append(gone_item(address, bound.kinds.get(address.kind), entry))
        elif address in planned:
            found.append(drift_item(address, entry, planned[address]))
        elif (live := compared.live.get((address.kind, entry.id))) is not None:
            item = drift_from_state(address, entry, live, book, catalogue)
            if item is not None and address in declared:
                context = Context(book, bound.kinds, bound.vocabulary, catalogue=catalogue)
                item = _with_vendor(item, entry, live, declared[address], context)
            found.append(item)
    return tuple(item for item in found if item is not None)


def _with_vendor(item: DriftItem, entry: Entry, live: LiveObject, manifest: Manifest, context: Context) -> DriftItem:
    """The item with what the vendor moved told apart by the manifest, which knows more of it than the state."""
    vendors = {
        field.path: field
        for resource in resources_of([manifest]).values()
        for field in plan_resource(resource, Binding(entry.id, Reason.CHANGED, entry), live, context).drift
        if field.direction is Direction.VENDOR
    }
    return replace(item, changes=tuple(vendors.get(field.path, field) for field in item.changes))


def find_incomplete(compared: Compared) -> tuple[Incomplete, ...]:
    """What could not be compared: of resources, of entries without a manifest, and of what was not to be read."""
    return tuple(sorted(_incomplete(compared), key=lambda one: (str(one.address or ""), one.path)))


def _incomplete(compared: Compared) -> Iterator[Incomplete]:
    for name, error in compared.unlisted.items():
        yield Incomplete(Obstacle.UNREADABLE, detail=unlisted_text(name, error.message))
    for address, why in compared.unread.items():
        yield Incomplete(Obstacle.UNREADABLE, address, "", why)
    for planned in compared.planned.values():
        yield from planned.incomplete
    for address in compared.desired.scope.deletable - compared.planned.keys():
        entry = compared.desired.state.resources[address]
        if (live := compared.live.get((address.kind, entry.id))) is not None:
            yield from incomplete_from_state(address, entry, live, compared.bound.context.book)


def unlisted_text(name: str, why: str) -> str:
    """What is said of a kind whose list the account did not give."""
    return f"{name} objects cannot be listed: {why}"


def find_unmanaged(compared: Compared) -> tuple[Unmanaged, ...]:
    """User objects that neither a manifest nor the state claims."""
    bindings = compared.bound.matching.bindings.items()
    known = {(address.kind, binding.id) for address, binding in bindings}
    known |= {(address.kind, entry.id) for address, entry in compared.desired.state.resources.items()}
    return tuple(
        Unmanaged(name, live.id, live.name)
        for name, listing in compared.account.seen.listings.items()
        for live in listing.objects.values()
        if (name, live.id) not in known
    )


def find_namesakes(compared: Compared, changes: Sequence[Change]) -> dict[str, tuple[str, ...]]:
    """For each create the ids of the objects that bear its name already."""
    account, book = compared.account, compared.bound.context.book
    lists = {**account.seen.listings, **account.whole}
    return {
        str(change.address): tuple(objects_of(lists.get(change.address.kind), name_given(change, book)))
        for change in changes
        if change.action is Action.CREATE
    }


def find_references(compared: Compared, changes: Sequence[Change]) -> dict[str, str]:
    """Digests of the live objects that the plan refers to without changing them."""
    touched = {(change.address.kind, change.id) for change in changes if change.requests}
    found: dict[str, str] = {}
    for change in changes:
        for used in change.depends_on if change.requests and change.action is not Action.DELETE else ():
            live = _managed(compared, used)
            if live is not None and (used.kind, live.id) not in touched:
                found[f"{used.kind}/{live.id}"] = object_digest(live.kind, live)
    return found


def _managed(compared: Compared, address: Address) -> LiveObject | None:
    """The object that the state holds at an address, as its list shows it."""
    entry = compared.desired.state.resources.get(address)
    listing = compared.account.seen.listings.get(address.kind)
    return listing.objects.get(entry.id) if entry is not None and listing is not None else None
