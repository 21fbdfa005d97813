"""Which commit the manifests of a plan came from, looked up only for a plan that is kept or carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.session import Opened
    from reconciler.types.plan import Plan


def with_commit(run: Opened, plan: Plan) -> Plan:
    """The same plan, with the commit of the work tree that its manifests lie in; without git it stays as it is."""
    if plan.commit is not None or run.ref is not None:
        return plan
    from reconciler.manifests.tree.git_status import head_of

    return replace(plan, commit=head_of(run.project.home))
