"""Going back to an earlier apply: the plan for it, and the run that carries it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.apply import Carried, Surround
    from reconciler.api.plan import Looked
    from reconciler.api.session import Opened
    from reconciler.types.address import Address
    from reconciler.types.manifest import Lifecycle
    from reconciler.types.options import ApplyOptions, PlanOptions
    from reconciler.types.plan import Plan


def today(run: Opened) -> dict[Address, Lifecycle]:
    """What the manifests say of ignore, observe and protect now, as far as they can be read: a rollback honours it,
    and does not need the rest of them."""
    from reconciler.errors import ReconcilerError

    try:
        found, _ = run.files()
    except ReconcilerError:
        return {}
    return {manifest.address: manifest.lifecycle for manifest in found.manifests}


def plan_back(run: Opened, serial: int, options: PlanOptions) -> Looked:
    """The way back to the moment right after the apply of `serial`, by a client that cannot write.

    Raises `UsageError` for a serial that the history does not reach, `StateUnreadable` where its chain is broken,
    `PlanError`, `ProviderError`, `StateError`.
    """
    from reconciler.api.plan import Looked, look
    from reconciler.engine.plan.plan_rollback import plan_rollback
    from reconciler.types.manifest import ManifestSet

    secrets, none, lifecycles = run.secrets(), ManifestSet(), today(run)
    with run.provider(secrets, reading=True) as provider:
        made = look(
            run, provider, none, secrets,
            lambda state, setting: plan_rollback(serial, state, options, setting, lifecycles)[0],
        )  # fmt: skip
    return Looked(made, none)


def go_back(
    run: Opened,
    serial: int,
    options: PlanOptions,
    how: ApplyOptions,
    surround: Surround,
    confirm: Callable[[Plan], bool],
) -> Carried:
    """Plan the way back under the lock, ask `confirm`, carry out. Raises what `plan_back` and `apply_now` raise."""
    from reconciler.api.apply import Carried
    from reconciler.engine.apply.writing_runs import apply_rollback
    from reconciler.types.manifest import ManifestSet

    secrets, none, lifecycles = run.secrets(), ManifestSet(), today(run)
    with run.placing(none), run.provider(secrets, reading=False) as provider, surround() as around:
        setting = run.setting(provider, secrets)
        plan, result = apply_rollback(serial, setting, around, options, how, confirm=confirm, today=lifecycles)
    return Carried(plan, none, result)
