"""The reading runs: a plan, drift, and findings about the manifests; no lock is taken and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from reconciler.api.session import Opened
    from reconciler.engine.run_context import Setting
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.ports import Provider, Secrets
    from reconciler.types.state import State


Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the account found, and the manifests that it was compared with."""

    plan: Plan
    manifests: ManifestSet
    notes: tuple[str, ...] = ()


def look(
    run: Opened,
    provider: Provider,
    manifests: ManifestSet,
    secrets: Secrets,
    make: Callable[[State, Setting], Found],
) -> Found:
    """What `make` finds against the state as it is now, without a lock; once more when the state moved meanwhile."""
    setting = run.setting(provider, secrets)
    with closing(run.backend()) as backend:
        before = backend.read()
        state = run.state()
        with run.placing(manifests):
            plan = make(state, setting)
            return plan if backend.read() == before else make(run.state(), setting)


def plan_now(run: Opened, options: PlanOptions) -> Looked:
    """What an apply would do. Raises `ManifestError`, `PlanError`, `ProviderError`, `StateError`."""
    from reconciler.api.migrated_manifests import as_configured
    from reconciler.api.plan_commit import with_commit
    from reconciler.api.validate import review
    from reconciler.engine.plan.make_plan import make_plan

    run, options, ahead = as_configured(run, options)
    manifests, secrets = run.manifests()
    run.require_something(manifests, options)
    with run.provider(secrets, reading=True) as provider:
        made = look(
            run, provider, manifests, secrets,
            lambda state, setting: make_plan(manifests, state, options, setting),
        )  # fmt: skip
    made = review(run, manifests, made)
    if options.record:
        made = with_commit(run, made)
    return Looked(made, manifests, (*run.remarks(manifests), *ahead))


def drift_now(run: Opened, options: PlanOptions) -> Looked:
    """What was changed in the account since the last apply. Raises the same; `NothingFound` without a state."""
    from reconciler.api.locate import located
    from reconciler.api.migrated_manifests import as_configured
    from reconciler.engine.plan.find_drift import find_drift

    run, options, _ = as_configured(run, options)
    manifests, secrets = run.manifests()
    run.require_something(manifests, replace(options, drift_only=True))
    with run.provider(secrets, reading=True) as provider:
        found = look(
            run, provider, manifests, secrets,
            lambda state, setting: find_drift(manifests, state, setting, options),
        )  # fmt: skip
    return Looked(located(run, manifests, found), manifests)
