"""Two accounts side by side: what each address is in one and in the other, and where their manifests differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.types.address import Address
from reconciler.types.change import Action
from reconciler.types.json import Json
from reconciler.types.kind import KindSpec


class Standing(Enum):
    """What an address is in the two accounts."""

    SAME = "same"
    """In both; the manifests want the same, and the second account holds it."""
    DIFFERS = "differs"
    """In both, and the manifests want different things, or the second account does not hold what they want of it."""
    ONLY_HERE = "only_here"
    """In the first account; promoting creates it in the second."""
    ONLY_THERE = "only_there"
    """In the second account only."""
    NOWHERE = "nowhere"
    """Declared, and not created in either yet."""


@dataclass(frozen=True, slots=True)
class DesiredDifference:
    """One leaf that the manifests want differently, without secrets: references are `{"ref": "kind.name"}`, secrets
    `{"env": NAME}` or `{"file": path}`."""

    path: str
    """Canonical pointer."""
    here: Json
    there: Json


@dataclass(frozen=True, slots=True)
class Side:
    """One resource in the two accounts."""

    address: Address
    kind: KindSpec = field(compare=False, repr=False)
    standing: Standing
    desired: tuple[DesiredDifference, ...] = ()
    """What the manifests say for the one against what they say for the other."""
    pending: tuple[str, ...] = ()
    """Canonical pointers at which the second account does not hold what the manifests want of it."""
    action: Action = Action.NOOP
    """What promoting does to it in the second account."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`here` and `there` are the names of the workspaces."""

    here: str
    there: str
    sides: tuple[Side, ...]
    waiting: int = 0
    """Changes that the first account itself still waits for."""

    def counts(self) -> Mapping[Standing, int]:
        """How many addresses of each standing."""
        return {one: sum(side.standing is one for side in self.sides) for one in Standing}
