"""drift: what moved in the account since the last apply; reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.engine.plan.make_plan import plan_with_noted
from reconciler.engine.run_context import RunContext
from reconciler.types.address import Address
from reconciler.types.change import Direction
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import DriftField, Plan, Summary
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Differences:
    """What moved, and beside it everything else in which the account differs from the manifests."""

    plan: Plan
    fields: Mapping[Address, tuple[DriftField, ...]]
    """Every leaf that differs, whoever moved it: what only the manifest moved has the direction `git`, what an apply
    has taken note of the direction `live`."""


def find_drift(manifests: ManifestSet, state: State, setting: RunContext, options: PlanOptions | None = None) -> Plan:
    """A plan without changes whose `drift` says what moved, by whom, and which managed objects are gone.

    Only what state holds is looked at; pending changes of the manifests do not count. An empty set of manifests is
    fine: then the values before are known only by their digests. Raises `ProviderError` when the account cannot be
    read, `PlanError` when an entry is not one of the account's own objects.
    """
    return find_differences(manifests, state, setting, options).plan


def find_differences(
    manifests: ManifestSet, state: State, setting: RunContext, options: PlanOptions | None = None
) -> Differences:
    """The same, with all that differs and did not move since the last apply. Raises the same."""
    options = replace(options or PlanOptions(), drift_only=True)
    plan, noted = plan_with_noted(manifests, state, options, setting)
    unread = {one.address for one in plan.incomplete if one.address is not None and not one.path}
    looked = len(state.resources) - plan.summary.not_looked_at - len(unread)
    counts = Summary(
        unchanged=max(looked - len(plan.drift), 0),
        not_looked_at=plan.summary.not_looked_at,
        incomplete=plan.summary.incomplete,
    )
    blocked = tuple(block for block in plan.blocked if block.rule == "account")
    drift = replace(plan, changes=(), summary=counts, mode="drift", blocked=blocked)
    return Differences(drift, _all_fields(plan, noted))


def _all_fields(plan: Plan, noted: Mapping[Address, tuple[DriftField, ...]]) -> dict[Address, tuple[DriftField, ...]]:
    found = {item.address: {one.path: one for one in item.changes} for item in plan.drift}
    for address, fields in noted.items():
        for one in fields:
            found.setdefault(address, {}).setdefault(one.path, one)
    for change in plan.changes:
        mine = found.setdefault(change.address, {})
        for field in change.fields:
            pending = DriftField(field.path, Direction.GIT, None, field.before, sensitive=field.sensitive)
            mine.setdefault(field.path, pending)
        for adoption in change.adopt:
            mine.setdefault(adoption.path, DriftField(adoption.path, Direction.VENDOR, None, adoption.live))
    return {address: tuple(fields.values()) for address, fields in found.items() if fields}
