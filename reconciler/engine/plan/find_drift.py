"""drift: what moved in the account since the last apply; reads only."""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.run_context import Setting
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan, Summary
from reconciler.types.state import State


def find_drift(manifests: ManifestSet, state: State, setting: Setting, options: PlanOptions | None = None) -> Plan:
    """A plan without changes whose `drift` says what moved, by whom, and which managed objects are gone.

    Only what state holds is looked at; pending changes of the manifests do not count. An empty set of manifests is
    fine: then the values before are known only by their digests. Raises `ProviderError` when the account cannot be
    read, `PlanError` when an entry is not one of the account's own objects.
    """
    plan = make_plan(manifests, state, replace(options or PlanOptions(), drift_only=True), setting)
    unread = {one.address for one in plan.incomplete if one.address is not None and not one.path}
    looked = len(state.resources) - plan.summary.not_looked_at - len(unread)
    counts = Summary(
        unchanged=max(looked - len(plan.drift), 0),
        not_looked_at=plan.summary.not_looked_at,
        incomplete=plan.summary.incomplete,
    )
    blocked = tuple(block for block in plan.blocked if block.rule == "account")
    return replace(plan, changes=(), summary=counts, mode="drift", blocked=blocked)
