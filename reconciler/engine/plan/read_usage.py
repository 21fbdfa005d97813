"""Reading who uses what a plan deletes or changes: lists of the kinds of its users, and attachments where needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from reconciler.core.kind_table import kind
from reconciler.core.planning.usage import NOTHING, Key, Usage, find_usage, in_use, items_of, user_kinds
from reconciler.core.resource_diff.records import Matching
from reconciler.engine.account_reader import Reader
from reconciler.errors import PlanStale, ProviderError
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
    reader: Reader,
    lists: Callable[[Sequence[str]], Mapping[str, Listing]],
) -> Usage:
    """Who uses the objects that are to be deleted or changed; nothing is read where there are none.

    `live` holds what was read of single objects, `lists` reads further kinds. What is attached to a user and not
    shown by its list is read for deletes only: a change takes nothing away from anybody.
    """
    wanted = {*doomed, *changed}
    if not wanted:
        return NOTHING
    known = dict(listings)
    known |= lists([name for name in {name for name, _ in wanted} if kind(name).shown_as and name not in known])
    items = {key: items_of(held) for key in wanted if (held := live.get(key) or _listed(known, key)) is not None}
    lost = {name for name, _ in doomed} | {name for found in items.values() for name, _ in found}
    users = user_kinds({name for name, _ in wanted} | lost)
    known |= lists([name for name in users if name not in known])
    objects = {
        (name, id): live.get((name, id), found)
        for name in users
        if name in known
        for id, found in known[name].objects.items()
    }
    hidden = {key: pointers for key, found in objects.items() if (pointers := _hidden(found, lost))}
    objects |= reader.apart(hidden, objects)
    return find_usage(objects.values(), addresses, wanted, items)


def _hidden(live: LiveObject, lost: Collection[str]) -> set[str]:
    """What its list does not show of an object, and may hold an id of one of the kinds `lost`."""
    spec = live.kind
    attached = {row.path for row in spec.fields if row.path == spec.attachments and row.ref in lost}
    parts = {part for part in spec.parts if part not in live.parts and not spec.parts_refer.isdisjoint(lost)}
    return parts | (attached if live.tools is None else set())


def _listed(known: Mapping[str, Listing], key: Key) -> LiveObject | None:
    return known[key[0]].objects.get(key[1]) if key[0] in known else None


def refuse_newly_used(changes: Sequence[Change], state: State, reader: Reader) -> None:
    """Look again at who uses what is to be deleted, where time has passed since the plan was made.

    Raises `PlanStale` naming the users that came meanwhile.
    """
    doomed = {(one.address.kind, one.id) for one in changes if one.action is Action.DELETE and one.id is not None}
    parted = {
        (one.address.kind, one.id)
        for one in changes
        if one.action is Action.UPDATE and one.id is not None and one.requests and one.kind.shown_as
    }
    addresses = {(address.kind, entry.id): address for address, entry in state.resources.items()}

    def lists(wanted: Sequence[str]) -> dict[str, Listing]:
        found: dict[str, Listing] = {}
        for name in wanted:
            with suppress(ProviderError):  # told when the plan was made
                found |= reader.lists([name])
        return found

    usage = read_usage(doomed, parted, {}, {}, addresses, reader, lists)
    held = in_use(changes, usage)
    if held:
        told = "; ".join(f"{address} is in use by {usage.listed(users)}" for address, users in sorted(held.items()))
        raise PlanStale(f"since the plan was made, somebody began to use what it deletes: {told}", hint=AGAIN)


def claimed(matching: Matching, state: State) -> dict[Key, Address]:
    """The live objects that a manifest or the state claims, with their addresses."""
    found = {(address.kind, entry.id): address for address, entry in state.resources.items()}
    return found | {
        (address.kind, binding.id): address for address, binding in matching.bindings.items() if binding.id
    }
