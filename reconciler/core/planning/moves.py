"""Moved and Removed documents against the state: renames without re-creation, forgetting without destroying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import ManifestSet
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Moves:
    """The state as if the moves had been made; nothing is written yet."""

    state: State
    previous: Mapping[Address, Address]
    """New address -> the one that state still holds."""
    removed: frozenset[Address]
    problems: tuple[Diagnostic, ...] = ()


def follow_moves(manifests: ManifestSet, state: State) -> Moves:
    """A move whose old address state does not hold was made before, or never applied: nothing to do."""
    resources = dict(state.resources)
    previous: dict[Address, Address] = {}
    problems: list[Diagnostic] = []
    for move in manifests.moved:
        if move.before not in resources:
            continue
        if move.after in resources:
            problems.append(
                Diagnostic(
                    "E-moved",
                    Severity.ERROR,
                    f"{move.before} cannot move to {move.after}: the state holds both",
                    hint="`reconciler state rm` one of them; its live object stays",
                    source=move.source,
                )
            )
            continue
        resources[move.after] = resources.pop(move.before)
        previous[move.after] = previous.pop(move.before, move.before)
    removed = frozenset(document.address for document in manifests.removed)
    declared = {manifest.address for manifest in manifests.manifests}
    for document in manifests.removed:
        if document.address in declared:
            problems.append(
                Diagnostic(
                    "E-removed",
                    Severity.ERROR,
                    f"{document.address} has both a manifest and a Removed document",
                    hint="keep one of the two",
                    address=document.address,
                    source=document.source,
                )
            )
    return Moves(replace(state, resources=resources), previous, removed, tuple(problems))
