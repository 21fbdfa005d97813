"""The writing runs: a plan made under the lock and carried out, a saved plan, an import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.api.connect import writing_run
from reconciler.api.manifests import known_secrets, locating_errors, read_manifests, require_input

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.types.address import Address
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import ApplyOptions, PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.report import ApplyResult


@dataclass(frozen=True, slots=True)
class Carried:
    """A plan and what became of it; `result` is None where the answer was no."""

    plan: Plan
    manifests: ManifestSet
    result: ApplyResult | None


def apply_options(
    session: Session, *, force_maker: bool = False, lock_timeout: float = 0.0, accept_account: bool = False
) -> ApplyOptions:
    """How this run carries out a plan. `lock_timeout`: seconds to wait for the lock."""
    from reconciler.types.options import ApplyOptions

    return ApplyOptions(
        parallelism=session.workspace.parallelism,
        lock_timeout=lock_timeout,
        force_maker=force_maker,
        accept_account=accept_account,
    )


def apply_now(
    session: Session,
    options: PlanOptions,
    how: ApplyOptions,
    confirm: Callable[[Plan, ManifestSet], bool],
) -> Carried:
    """Plan under the lock, ask `confirm`, carry out.

    Raises `ManifestError`, `PlanError`, `PlanBlocked`, `StateLocked`, `SecretMissing`, `ProviderError`, before
    anything is sent; what fails later is in the result.
    """
    from reconciler.api.migrated_manifests import migrate_if_configured
    from reconciler.api.plan import with_commit
    from reconciler.api.validate import review
    from reconciler.engine.apply.locked_apply import apply_manifests
    from reconciler.types.event import Notice

    session, options, migration_notes = migrate_if_configured(session, options)
    for line in migration_notes[1:]:
        session.emit(Notice(line, "warning"))
    manifests, secrets = read_manifests(session)
    require_input(session, manifests, options)
    with locating_errors(session, manifests), writing_run(session, secrets) as context:
        plan, result = apply_manifests(
            manifests,
            context,
            options,
            how,
            confirm=lambda plan: confirm(plan, manifests),
            review=lambda plan: with_commit(session, review(session, manifests, plan)),
        )
    return Carried(plan, manifests, result)


def apply_plan(session: Session, plan: Plan, how: ApplyOptions) -> ApplyResult:
    """Carry out exactly `plan`, or refuse it before the first write when anything that it rests on moved.

    Raises `PlanStale`, `PlanBlocked`, `StateLocked`, `SecretMissing`, `ProviderError`.
    """
    from reconciler.core.planning.plan_file import plan_digest
    from reconciler.engine.apply.locked_apply import apply_saved

    secrets = known_secrets(session)
    with writing_run(session, secrets) as context:
        return apply_saved(plan, plan_digest(plan), context, replace(how, saved=True))


def import_now(session: Session, address: Address, id: str, how: ApplyOptions) -> tuple[Plan, ApplyResult]:
    """Record that the live object `id` is `address`; the account is only read.

    Raises `ManifestError` and `UsageError` where there is no such manifest, `PlanError`, `ProviderError`.
    """
    from reconciler.api.plan import against_current_state
    from reconciler.core.planning.plan_file import plan_digest
    from reconciler.engine.apply.locked_apply import apply_saved
    from reconciler.engine.plan.make_plan import plan_import

    manifests, secrets = read_manifests(session)
    with writing_run(session, secrets, reading=True) as context:
        plan = against_current_state(
            session, context, manifests, lambda state: plan_import(address, id, manifests, state, context)
        )
        result = apply_saved(plan, plan_digest(plan), context, how)
    return plan, result
