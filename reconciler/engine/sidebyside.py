"""plan --compare: one workspace as its manifests and its account have it, ready to be held against another."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.planning.scope import scope
from reconciler.core.resolve import resources_of
from reconciler.engine.plan import plan_with_names
from reconciler.engine.setting import Setting
from reconciler.types.address import Address
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.resource import Resource
from reconciler.types.state import State


def view(
    manifests: ManifestSet, state: State, options: PlanOptions, setting: Setting
) -> tuple[Plan, Mapping[Address, Resource], Mapping[tuple[str, str], str]]:
    """The plan of a workspace, what its manifests want with references still by name, and the names of what was
    read. Sends nothing but GET requests. Raises what `make_plan` raises."""
    plan, names = plan_with_names(manifests, state, options, setting)
    resources = resources_of(manifests.manifests)
    chosen = scope(resources, state, options, manifests.paths).wanted
    return plan, {address: one for address, one in resources.items() if address in chosen}, names
