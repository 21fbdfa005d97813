"""Records of planning, in the order in which they are made: request, wishes, account, bindings, comparison, plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.core.planning.usage import NOTHING, Usage
from reconciler.core.resource_diff.resource_plan import DiffContext, Matching, ResourcePlan, Seen
from reconciler.errors import ProviderError
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import ManifestSet, Resource
from reconciler.types.options import PlanOptions
from reconciler.types.plan import DriftField, Plan
from reconciler.types.state import State

if TYPE_CHECKING:
    from reconciler.core.history.rollback_goal import Goal

Key = tuple[str, str]
"""Kind and id of a live object."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`wanted` have a manifest; `deletable` are entries whose manifest is gone and that this run may judge."""

    wanted: frozenset[Address]
    deletable: frozenset[Address]
    not_looked_at: int = 0


@dataclass(frozen=True, slots=True)
class Moves:
    """The state after the moves; nothing has been written yet."""

    state: State
    previous: Mapping[Address, Address]
    """New address -> the address that the stored state has."""
    removed: frozenset[Address]
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The input of a plan: manifests, or the goal of a rollback instead of them."""

    manifests: ManifestSet
    state: State
    """As it was read."""
    options: PlanOptions
    goal: Goal | None = None
    replaced: tuple[Address, ...] = ()
    """Addresses whose objects are replaced, as an earlier pass of the plan found."""


@dataclass(frozen=True, slots=True)
class Desired:
    """The desired resources and state, before the account is read."""

    resources: Mapping[Address, Resource]
    state: State
    """After the moves, with what is replaced set aside."""
    moves: Moves
    scope: Scope
    untouched: frozenset[Address] = frozenset()
    """Addresses that a rollback leaves alone: no run has written to them since."""
    beside: frozenset[Address] = frozenset()
    """Addresses with a manifest in a part of the project that was not selected."""
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """The lists of all kinds that a plan may touch."""

    seen: Seen
    whole: Mapping[str, Listing] = field(default_factory=dict)
    """Complete lists, by kind, where matching used a shortened one."""
    unlisted: Mapping[str, ProviderError] = field(default_factory=dict)
    """Kinds whose list was refused and is not needed, with the error."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Every resource bound to its live object, with references replaced by known ids."""

    resources: Mapping[Address, Resource]
    matching: Matching
    context: DiffContext
    problems: tuple[Diagnostic, ...] = ()
    ids: Mapping[Address, str] = field(default_factory=dict)
    """What references lead to."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The result of reading and comparing: the input of `assemble_plan`."""

    desired: Desired
    """The desired resources, without those whose objects could not be read in the scope."""
    account: Account
    bound: Bound
    planned: Mapping[Address, ResourcePlan]
    live: Mapping[Key, LiveObject]
    """The objects that were compared, as they were read last."""
    unread: Mapping[Address, str] = field(default_factory=dict)
    """Objects that could not be read, by address, with the reason."""
    unseen: Mapping[Key, str] = field(default_factory=dict)
    """Objects of others that were to be asked whether they use what is deleted, and were not shown either."""
    settled: int = 0
    """How many more are in sync, by a verdict of an earlier run: they are not in `planned`."""
    usage: Usage = NOTHING
    unlisted: Mapping[str, ProviderError] = field(default_factory=dict)
    """As in the account, with the kinds that only users of what is deleted belong to."""
    problems: tuple[Diagnostic, ...] = ()

    @property
    def noted(self) -> dict[Address, tuple[DriftField, ...]]:
        """Leaves that differ from the manifests and stay as they are."""
        return {address: plan.noted for address, plan in self.planned.items() if plan.noted}


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with the data that an apply reuses."""

    plan: Plan
    live: Mapping[Key, LiveObject]
    """The objects that it was made against."""
    names: Mapping[Key, str]
    """Names of the objects that were read, by kind and id."""
    noted: Mapping[Address, tuple[DriftField, ...]]
    """Leaves that differ from the manifests and stay as they are."""
    listed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind -> ids of each list that was read, in its order."""
