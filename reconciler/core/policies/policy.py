"""What a policy is, what it looks at, and how it says no."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.types.address import Address, SecretRef
from reconciler.types.catalogue import Catalogue
from reconciler.types.change import Block, Change
from reconciler.types.json import Json, within
from reconciler.types.kind import KindSpec
from reconciler.types.live import Account, Listing
from reconciler.types.options import PlanOptions
from reconciler.types.project import Policy
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Situation:
    """What the policies look at beside the changes."""

    state: State
    account: Account
    listings: Mapping[str, Listing]
    options: PlanOptions
    policy: Policy
    manifests: int
    """How many manifests the run read (before targets)."""
    fingerprint: Callable[[], str] = lambda: ""
    """Salted digest of the API key; slow on purpose, so asked only when nothing else tells the account."""
    catalogue: Callable[[], Catalogue] | None = None
    """The model catalogue; read from a file, so asked only by a policy that needs it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One resource as it will be: every leaf that is ours (markers where a value is secret or not known yet)."""

    address: Address
    kind: KindSpec
    leaves: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Violation:
    """One value that a policy does not allow."""

    pointer: str
    """Canonical pointer to the value itself, which may lie inside a leaf."""
    message: str
    hint: str
    also: tuple[str, ...] = ()
    """Further places that take part in it."""

    def concerns(self, paths: Iterable[str]) -> bool:
        """Whether one of the leaves in `paths` takes part in it."""
        mine = (self.pointer, *self.also)
        return any(within(pointer, path) or within(path, pointer) for path in paths for pointer in mine)


JudgeChange: TypeAlias = Callable[[Change, Situation], Iterable[Block]]
JudgePlan: TypeAlias = Callable[[Sequence[Change], Situation], Block | None]
JudgeValues: TypeAlias = Callable[[Subject, Situation], Iterable[Violation]]


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One policy. It judges single changes, the plan as a whole, or the values of a resource (one of the three).

    Must: say in each block what is wrong and how to go on. Must not: raise, or quote a value that may be secret.
    """

    name: str
    """Names it in `blocked[].rule`, and is its key in the project file where it has one of its own."""
    about: str
    change: JudgeChange | None = None
    plan: JudgePlan | None = None
    values: JudgeValues | None = None
    active: Callable[[Policy], bool] = lambda policy: True
    """Whether the project asks for it."""


def origin(value: Json) -> str:
    """Where a value that a policy cannot see comes from; follows a noun: "from the environment variable X"."""
    if not isinstance(value, SecretRef) or value.kind == "literal":
        return "that is no text"
    return f"from the environment variable {value.name}" if value.variable else f"from the file {value.name}"
