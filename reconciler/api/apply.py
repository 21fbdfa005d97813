"""The writing runs: a plan made under the lock and carried out, a saved plan, an import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from reconciler.api.session import Opened
    from reconciler.engine.apply.writing_runs import Surroundings
    from reconciler.types.address import Address
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import ApplyOptions, PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.report import ApplyResult

    Surround: TypeAlias = Callable[[], AbstractContextManager[Surroundings]]


@dataclass(frozen=True, slots=True)
class Carried:
    """A plan and what became of it; `result` is None where the answer was no."""

    plan: Plan
    manifests: ManifestSet
    result: ApplyResult | None


@contextmanager
def surrounding(run: Opened, stop: Callable[[], bool]) -> Iterator[Surroundings]:
    """What a run writes with where nobody watches a terminal; once `stop` returns True, nothing new begins."""
    from reconciler.engine.apply.writing_runs import Surroundings

    run.claim()
    with closing(run.backend()) as backend:
        yield Surroundings(backend, run.clock, run.emit, stop, run.rescue())


def apply_options(
    run: Opened, *, force_maker: bool = False, lock_timeout: float = 0.0, accept_account: bool = False
) -> ApplyOptions:
    """How this run carries out a plan. `lock_timeout`: seconds to wait for the lock."""
    from reconciler.types.options import ApplyOptions

    return ApplyOptions(
        parallelism=run.workspace.parallelism,
        lock_timeout=lock_timeout,
        force_maker=force_maker,
        accept_account=accept_account,
    )


def apply_now(
    run: Opened,
    options: PlanOptions,
    how: ApplyOptions,
    surround: Surround,
    confirm: Callable[[Plan, ManifestSet], bool],
) -> Carried:
    """Plan under the lock, ask `confirm`, carry out.

    Raises `ManifestError`, `PlanError`, `PlanBlocked`, `StateLocked`, `SecretMissing`, `ProviderError`, before
    anything is sent; what fails later is in the result.
    """
    from reconciler.api.migrated_manifests import as_configured
    from reconciler.api.plan import with_commit
    from reconciler.api.validate import review
    from reconciler.engine.apply.writing_runs import apply_manifests
    from reconciler.types.event import Notice

    run, options, ahead = as_configured(run, options)
    for line in ahead[1:]:
        run.emit(Notice(line, "warning"))
    manifests, secrets = run.manifests()
    run.require_something(manifests, options)
    with run.placing(manifests), run.provider(secrets, reading=False) as provider, surround() as around:
        plan, result = apply_manifests(
            manifests,
            run.setting(provider, secrets),
            around,
            options,
            how,
            confirm=lambda plan: confirm(plan, manifests),
            review=lambda plan: with_commit(run, review(run, manifests, plan)),
        )
    return Carried(plan, manifests, result)


def apply_plan(run: Opened, plan: Plan, how: ApplyOptions, surround: Surround) -> ApplyResult:
    """Carry out exactly `plan`, or refuse it before the first write when anything that it rests on moved.

    Raises `PlanStale`, `PlanBlocked`, `StateLocked`, `SecretMissing`, `ProviderError`.
    """
    from reconciler.core.planning.plan_file import plan_digest
    from reconciler.engine.apply.writing_runs import apply_saved

    secrets = run.secrets()
    with run.provider(secrets, reading=False) as provider, surround() as around:
        setting = run.setting(provider, secrets)
        return apply_saved(plan, plan_digest(plan), setting, around, replace(how, saved=True))


def import_now(
    run: Opened, address: Address, id: str, how: ApplyOptions, surround: Surround
) -> tuple[Plan, ApplyResult]:
    """Record that the live object `id` is `address`; the account is only read.

    Raises `ManifestError` and `UsageError` where there is no such manifest, `PlanError`, `ProviderError`.
    """
    from reconciler.api.plan import look
    from reconciler.core.planning.plan_file import plan_digest
    from reconciler.engine.apply.writing_runs import apply_saved
    from reconciler.engine.plan.import_object import plan_import

    manifests, secrets = run.manifests()
    with run.provider(secrets, reading=True) as provider, surround() as around:
        plan = look(
            run, provider, manifests, secrets,
            lambda state, setting: plan_import(address, id, manifests, state, setting),
        )  # fmt: skip
        result = apply_saved(plan, plan_digest(plan), run.setting(provider, secrets), around, how)
    return plan, result
