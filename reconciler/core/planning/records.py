"""Records of planning: what a run looks at, and what moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Scope:
    """`wanted` have a manifest; `deletable` are entries whose manifest is gone and that this run may judge."""

    wanted: frozenset[Address]
    deletable: frozenset[Address]
    not_looked_at: int = 0


@dataclass(frozen=True, slots=True)
class Moves:
    """The state as if the moves had been made; nothing is written yet."""

    state: State
    previous: Mapping[Address, Address]
    """New address -> the one that state still holds."""
    removed: frozenset[Address]
    problems: tuple[Diagnostic, ...] = ()
