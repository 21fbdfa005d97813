"""Reading who uses what a plan deletes or changes: lists of the kinds of its users, and attachments where needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reconciler.core.planning.records import Compared, PlanRequest
from reconciler.core.planning.usage import NOTHING, Key, Usage, claimed, find_usage, in_use, items_of, user_kinds
from reconciler.engine.account_reader import AccountReader
from reconciler.errors import PlanStale
from reconciler.types.address import Address
from reconciler.types.change import Action, Change
from reconciler.types.live import Listing, LiveObject
from reconciler.types.state import State

AGAIN = "make a new plan, and look at who uses it"


def read_usage(
    doomed: Collection[Key],
    changed: Collection[Key],
    listings: Mapping[str, Listing],
    live: Mapping[Key, LiveObject],
    addresses: Mapping[Key, Address],
    reader: AccountReader,
) -> Usage:
    """Who uses the objects that are to be deleted or changed; nothing is read where there are none.

    `live` holds what was read of single objects; lists of further kinds are read where the account gives them. What
    is attached to a user and not shown by its list is read for deletes only: a change takes nothing away from anyone.
    """
    wanted = {*doomed, *changed}
    if not wanted:
        return NOTHING
    kinds = reader.provider.kinds
    known = dict(listings)
    known |= reader.further(
        known, sorted(name for name in {name for name, _ in wanted} if kinds.get(name).mirrored_lists)
    )
    shown = {key: live.get(key) or _listed(known, key) for key in wanted}
    items = {key: items_of(held, kinds) for key, held in shown.items() if held is not None}
    lost = {name for name, _ in doomed} | {name for found in items.values() for name, _ in found}
    users = user_kinds({name for name, _ in wanted} | lost, kinds)
    known |= reader.further(known, users)
    objects = {
        (name, id): live.get((name, id), found)
        for name in users
        if name in known
        for id, found in known[name].objects.items()
    }
    hidden = {key: pointers for key, found in objects.items() if (pointers := _hidden(found, lost))}
    objects |= reader.apart(hidden, objects)
    return find_usage(objects.values(), addresses, wanted, items)


def usage_of(request: PlanRequest, compared: Compared, reader: AccountReader) -> Usage:
    """Who uses what a plan deletes, or what it changes and several may share."""
    if request.options.refresh_only or request.options.drift_only:
        return NOTHING
    desired, state = compared.desired, compared.desired.state
    leaving = {
        (address.kind, state.resources[address].id) for address in desired.scope.deletable - desired.moves.removed
    }
    changed = {
        (address.kind, result.change.id)
        for address, result in compared.planned.items()
        if result.change.action is Action.UPDATE and result.change.id and result.change.kind.shared
    }
    addresses = claimed(compared.bound.matching, state)
    return read_usage(
        leaving & compared.live.keys(), changed, compared.account.seen.listings, compared.live, addresses, reader
    )


def _hidden(live: LiveObject, lost: Collection[str]) -> set[str]:
    """What its list does not show of an object, and may hold an id of one of the kinds `lost`."""
    spec = live.kind
    attached = {row.path for row in spec.fields if row.path == spec.attachments and row.ref in lost}
    parts = {
        part
        for part in spec.subresources
        if part not in live.parts and not spec.subresource_reference_kinds.isdisjoint(lost)
    }
    return parts | (attached if live.tools is None else set())


def _listed(known: Mapping[str, Listing], key: Key) -> LiveObject | None:
    return known[key[0]].objects.get(key[1]) if key[0] in known else None


def refuse_newly_used(changes: Sequence[Change], state: State, reader: AccountReader) -> None:
    """Look again at who uses what is to be deleted, where time has passed since the plan was made.

    Raises `PlanStale` naming the users that came meanwhile.
    """
    doomed = {
        (change.address.kind, change.id)
        for change in changes
        if change.action is Action.DELETE and change.id is not None
    }
    parted = {
        (change.address.kind, change.id)
        for change in changes
        if change.action is Action.UPDATE and change.id is not None and change.requests and change.kind.mirrored_lists
    }
    addresses = {(address.kind, entry.id): address for address, entry in state.resources.items()}

    # Kinds that cannot be listed were told when the plan was made.
    usage = read_usage(doomed, parted, {}, {}, addresses, reader)
    held = in_use(changes, usage)
    if held:
        told = "; ".join(f"{address} is in use by {usage.listed(users)}" for address, users in sorted(held.items()))
        raise PlanStale(f"since the plan was made, somebody began to use what it deletes: {told}", hint=AGAIN)
