"""plan --compare: one workspace as its manifests and its account have it, ready to be held against another."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.canonical.references import resources_of
from reconciler.core.planning.account_comparison import literals_told_apart
from reconciler.core.planning.run_scope import scope
from reconciler.engine.plan.make_plan import plan_with_names
from reconciler.engine.run_context import RunContext
from reconciler.types.address import Address
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.reference import SecretRef
from reconciler.types.resource import Resource
from reconciler.types.state import State


def view(
    manifests: ManifestSet, state: State, options: PlanOptions, setting: RunContext, key: bytes
) -> tuple[Plan, Mapping[Address, Resource], Mapping[tuple[str, str], str]]:
    """The plan of a workspace, what its manifests want with references still by name, and the names of what was
    read. Literal secrets are told apart by digests under `key`, which is to live no longer than the comparison.
    Sends nothing but GET requests. Raises what `make_plan` raises."""
    plan, names = plan_with_names(manifests, state, options, setting)
    resources = resources_of(manifests.manifests)
    chosen = scope(resources, state, options, manifests.paths).wanted

    def tell(where: str) -> str:
        value = setting.secrets.resolve(SecretRef("literal", where))
        return "" if value is None else hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()

    def told(resource: Resource) -> Resource:
        leaves = {path: literals_told_apart(value, tell) for path, value in resource.leaves.items()}
        return replace(resource, leaves=leaves)

    return plan, {address: told(one) for address, one in resources.items() if address in chosen}, names
