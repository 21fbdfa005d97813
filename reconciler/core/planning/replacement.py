"""Replacing an object whose fixed fields are to change: make the new one, re-point its users, delete the old one.

Meanwhile the old object keeps an entry in state under an own address (`replaced_entries`), so that nothing is lost
when a run ends between the two: the next plan finds it without a manifest and deletes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.core.kind_table import kind
from reconciler.core.resource_diff.resource_plan import Planned
from reconciler.core.state.entry_changes import old_address
from reconciler.types.address import Address
from reconciler.types.change import Change
from reconciler.types.manifest import Manage
from reconciler.types.resource import Resource
from reconciler.types.state import State


def find_replaced(
    planned: Mapping[Address, Planned],
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
        and not kind(address.kind).unique_names
        and resources[address].id is None
    )


def as_replacement(change: Change, id: str) -> Change:
    """The create of the new object, which keeps the entry of the old one (`id`) first."""
    return replace(change, replaces=old_address(change.address, id))
