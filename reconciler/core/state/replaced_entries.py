"""Where the entry of an object that gives way to another is kept until it is deleted.

That it gives way, and to what, is a field of the entry (`gives_way_to`); its address only has to be one that no
manifest can have.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.core.serialization.digest import digest
from reconciler.types.address import ASIDE, ASIDE_PATTERN, Address
from reconciler.types.state import Entry, State


def old_address(address: Address, id: str) -> Address:
    """Where the entry of the object `id` is kept while it gives way to the new one at `address`."""
    name = f"{address.name}{ASIDE}{id}"
    return Address(address.kind, name if ASIDE_PATTERN.fullmatch(name) else f"{address.name}{ASIDE}{digest(id)}")


def set_aside(state: State, replaced: Collection[Address]) -> State:
    """The state as it will be when the entries of the objects that give way are kept under their other address."""
    resources: dict[Address, Entry] = {}
    for address, entry in state.resources.items():
        if address in replaced:
            resources[old_address(address, entry.id)] = replace(entry, gives_way_to=address)
        else:
            resources[address] = entry
    return replace(state, resources=resources)
