"""Where the entry of an object that gives way to another is kept until it is deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.state import Entry, State

SUFFIX = ".replaced"


def old_address(address: Address) -> Address | None:
    """Where the entry of the object that gives way is kept; None where the name would become too long."""
    name = address.name + SUFFIX
    return Address(address.kind, name) if NAME_PATTERN.fullmatch(name) else None


def new_address(address: Address) -> Address:
    """The address whose object took the place of this one; the same address for one that nothing replaced."""
    name = address.name.removesuffix(SUFFIX)
    return Address(address.kind, name) if name else address


def set_aside(state: State, replaced: Collection[Address]) -> State:
    """The state as it will be when the entries of the objects that give way are kept under their other address."""
    resources: dict[Address, Entry] = {}
    for address, entry in state.resources.items():
        old = old_address(address) if address in replaced else None
        resources[old or address] = entry
    return replace(state, resources=resources)
