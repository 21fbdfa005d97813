"""Objects that change their address or their identity: Moved and Removed documents, and what is made anew.

The order of the documents means nothing: from each address its moves are followed to the last one. So one apply
finishes all of them, and what moved is found at its new address whatever becomes of it there.

Replacing an object whose fixed fields are to change: make the new one, re-point its users, delete the old one.
Meanwhile the old object keeps an entry in state under an own address (`state.entry_changes`), so that nothing is lost
when a run ends between the two: the next plan finds it without a manifest and deletes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.planning.records import Moves
from reconciler.core.resource_diff.resource_plan import ResourcePlan
from reconciler.core.state.entry_changes import old_address, renamed
from reconciler.types.address import Address
from reconciler.types.change import Change
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manage, ManifestSet, Moved, Resource
from reconciler.types.state import Move, State


def follow_moves(manifests: ManifestSet, state: State) -> Moves:
    """A move whose old address state does not hold was made before, or never applied: nothing to do."""
    documents = {move.before: move for move in manifests.moved}
    problems = [*_cycles(documents), *_undecided(manifests)]
    here = {*state.resources, *(intent.address for intent in state.pending)}
    wanted = {before: _last(before, documents) for before in documents if before in here}
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


def _last(address: Address, documents: Mapping[Address, Moved]) -> Address:
    """Where the moves from `address` end; in a circle, before it closes."""
    passed = {address}
    while address in documents and documents[address].after not in passed:
        address = documents[address].after
        passed.add(address)
    return address


def _cycles(documents: Mapping[Address, Moved]) -> Iterator[Diagnostic]:
    """Moves that lead back to where they began, each circle once."""
    told: set[Address] = set()
    for address, document in documents.items():
        way = [address]
        while way[-1] in documents and documents[way[-1]].after not in way:
            way.append(documents[way[-1]].after)
        if address in told or way[-1] not in documents or documents[way[-1]].after != address:
            continue
        told |= set(way)
        yield Diagnostic(
            "E-moved",
            Severity.ERROR,
            f"moves go round in a circle: {' -> '.join(map(str, [*way, address]))}",
            hint="delete one of the Moved documents; to exchange addresses use `reconciler state mv`, three times",
            source=document.source,
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
    """The create of the new object, which keeps the entry of the old one (`id`) first."""
    return replace(change, replaces=old_address(change.address, id))
