"""One round of one workspace: look, and write where its mode, windows and neighbours let it. Every end is a status.

It has no clock, no sleep and no loop of its own: when the next round comes is for whoever calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from reconciler.core.continuous.schedule import closed, due, heal_wait
from reconciler.core.serialization.digest import digest
from reconciler.errors import (
    AuthRefused,
    Interrupted,
    ManifestError,
    NothingFound,
    NotTrusted,
    PlanBlocked,
    PlanError,
    PlanStale,
    ReconcilerError,
    SourceAway,
    StateLocked,
    StateMoved,
    UsageError,
)
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from reconciler.types.watch import Memory, Mode, Round, Status, Watch

ENDS: tuple[tuple[type[ReconcilerError], Status], ...] = (
    (AuthRefused, Status.UNAUTHORIZED),
    (StateLocked, Status.LOCKED),
    (StateMoved, Status.PENDING),
    (PlanBlocked, Status.BLOCKED),
    (NotTrusted, Status.BLOCKED),
    (PlanStale, Status.PENDING),
    (ManifestError, Status.BLOCKED),
    (NothingFound, Status.BLOCKED),
    (PlanError, Status.BLOCKED),
    (UsageError, Status.BLOCKED),
)
"""What an error means for a workspace; any other one is a failure."""


class Task(Protocol):
    """A workspace, as a round meets it. Everything raises `ReconcilerError`s."""

    def fetch(self) -> str:
        """The version of the manifests to hold the account against: a commit, or a digest of a folder. Raises
        `SourceAway`."""
        ...

    def plan(self, commit: str) -> Plan:
        """What differs between `commit` and the account; without a lock."""
        ...

    def apply(self, commit: str) -> tuple[Plan, ApplyResult | None]:
        """The plan made again under the lock, and what became of it; None where nothing was to do."""
        ...

    def synced_at(self, workspace: str) -> str | None:
        """The last commit at which another workspace of the project had no difference."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """A round, and what it says of drift that it put back."""

    round: Round
    healed: str | None = None
    """A digest over the changes, where the round put back drift alone."""


def reconcile_once(workspace: str, watch: Watch, task: Task, memory: Memory, now: datetime) -> Done | None:
    """One round; None where nothing asks for a look at the account yet.

    Raises `Interrupted` alone; every other end is in the round.
    """
    commit = memory.commit
    try:
        if watch.mode is Mode.OFF:
            return Done(Round(workspace, Status.PAUSED, "the project file says `mode: off`", commit))
        try:
            commit = task.fetch()
        except SourceAway as error:
            return Done(_against_the_last(workspace, task, commit, error))
        if not due(watch, memory, commit, now):
            return None
        plan = task.plan(commit)
        found = Round(workspace, Status.SYNCED, "nothing differs", commit, counts_of(plan))
        if differs := _differs(plan):
            return _settle(watch, task, memory, replace(found, reason=differs), plan, commit, now)
        return Done(found)
    except Interrupted:
        raise
    except ReconcilerError as error:
        return Done(_ended(workspace, watch, commit, error))


def _against_the_last(workspace: str, task: Task, commit: str | None, away: SourceAway) -> Round:
    """Git does not answer: a look, against the commit that was fetched last; without one there is nothing to say."""
    found = Round(workspace, Status.STALE_SOURCE, away.message, commit, hint=away.hint)
    if commit is None:
        return found
    plan = task.plan(commit)
    what = f"{away.message}; against the last commit: {_differs(plan) or 'nothing differs'}"
    return replace(found, reason=what, counts=counts_of(plan))


def counts_of(plan: Plan) -> Mapping[str, int]:
    """Changes by action, those that are none left out."""
    counts: dict[str, int] = {}
    for change in plan.differences:
        word = change.action.name.lower()
        counts[word] = counts.get(word, 0) + 1
    return counts


def changes_digest(plan: Plan) -> str:
    """Names what a plan would send, whatever the account's ids of the moment and the state's serial are."""
    return digest([[str(change.address), change.action.name, [op.path for op in change.patch]]
                   for change in plan.differences])  # fmt: skip


def _settle(watch: Watch, task: Task, memory: Memory, found: Round, plan: Plan, commit: str, now: datetime) -> Done:
    """What becomes of a difference."""
    if watch.mode is Mode.DRIFT:
        return Done(replace(found, status=Status.DRIFTED, hint="apply it, or take it into the manifests"))
    errors = [one.summary for one in plan.diagnostics if one.is_error]
    if reasons := errors or [block.message for block in plan.all_blocks]:
        hint = plan.all_blocks[0].hint if plan.all_blocks else None
        return Done(replace(found, status=Status.BLOCKED, reason=reasons[0] + _and_more(reasons), hint=hint))
    for other in watch.depends_on:
        if task.synced_at(other) != commit:
            reason = f"waits until {other!r} is synced at this commit; {found.reason}"
            return Done(replace(found, status=Status.PENDING, reason=reason))
    try:
        shut = closed(watch.windows, now)
    except UsageError as error:
        reason = f"{error.message}; nothing is written"
        return Done(replace(found, status=Status.FROZEN, reason=reason, hint=error.hint))
    if shut is not None:
        until = f" until {shut.until:%Y-%m-%d %H:%M} UTC" if shut.until else ""
        after = min((shut.until - now).total_seconds(), watch.interval) if shut.until else None
        reason = f"a window denies writing{until}; {found.reason}"
        return Done(replace(found, status=Status.FROZEN, reason=reason, after=after))
    healed = changes_digest(plan) if _only_drift(plan) or commit == memory.synced else None
    if healed is not None and (wait := heal_wait(watch, memory, healed, now)) > 0:
        reason = f"was put back {memory.heals} times already; again in {wait:.0f} s; {found.reason}"
        return Done(replace(found, status=Status.PENDING, reason=reason, after=wait))
    plan, result = task.apply(commit)
    return _written(replace(found, counts=counts_of(plan)), result, healed)


def _written(found: Round, result: ApplyResult | None, healed: str | None) -> Done:
    if result is None:
        return Done(replace(found, status=Status.SYNCED, reason="nothing differs any more"))
    found = replace(found, wrote=True)
    done, planned = result.count("done"), len(result.steps)
    if done == planned:
        reason = f"{done} change{'s' if done != 1 else ''} carried out"
        return Done(replace(found, status=Status.SYNCED, reason=reason), healed)
    reason = f"{done} of {planned} changes carried out"
    failed = next((step for step in result.steps if step.outcome == "failed"), None)
    if failed is not None:
        found = replace(found, hint=failed.hint)
        reason += f": {failed.address}: {failed.message}"
    return Done(replace(found, status=Status.FAILED, reason=reason), healed)


def _ended(workspace: str, watch: Watch, commit: str | None, error: ReconcilerError) -> Round:
    status = next((status for kind, status in ENDS if isinstance(error, kind)), Status.FAILED)
    after = watch.retry.first if status is Status.PENDING else None  # something moved in between: plan again soon
    return Round(workspace, status, error.message, commit, hint=error.hint, after=after)


def _differs(plan: Plan) -> str:
    """What differs, in words; empty where nothing does."""
    counts = counts_of(plan)
    if not counts and not plan.edited:
        return ""
    if not counts:
        return f"{len(plan.edited)} edited in the account"
    return ", ".join(f"{count} to {action}" for action, count in counts.items())


def _only_drift(plan: Plan) -> bool:
    """Whether every change puts back what somebody moved in the account."""
    moved = {item.address for item in plan.drift}
    return bool(moved) and all(change.address in moved for change in plan.differences)


def _and_more(texts: list[str]) -> str:
    return f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
