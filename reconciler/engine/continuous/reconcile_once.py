"""One round of one workspace: look, and write where its mode, windows and neighbours let it. Every end is a status.

It has no clock, no sleep and no loop of its own: when the next round comes is for whoever calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from reconciler.core.continuous.schedule import due, heal_wait
from reconciler.core.continuous.windows import closed
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
from reconciler.types.watch import Memory, Mode, Pause, Round, Status, Watch

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

    def pause(self) -> Pause | None:
        """Who paused this workspace."""
        ...

    def plan(self, commit: str | None) -> Plan:
        """What differs between `commit` and the account; without a lock."""
        ...

    def apply(self, commit: str | None) -> tuple[Plan, ApplyResult | None]:
        """The plan made again under the lock, and what became of it; None where nothing was to do."""
        ...

    def synced_at(self, workspace: str) -> str | None:
        """The last commit at which another workspace of the project had no difference."""
        ...

    def keep(self, plan: Plan) -> str:
        """Store a plan until it is approved; its digest."""
        ...

    def approved(self, digest: str) -> str | None:
        """Who approved the plan of that digest; None while nobody has."""
        ...

    def apply_kept(self, digest: str) -> ApplyResult:
        """Carry out exactly the plan of that digest, resumed where it was cut short. Raises `PlanStale`."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """A round, and what it says of drift that it put back."""

    round: Round
    healed: str | None = None
    """A digest over the changes, where the round put back drift alone."""
    plan: Plan | None = None
    """What differed."""
    result: ApplyResult | None = None


def reconcile_once(
    workspace: str, watch: Watch, task: Task, memory: Memory, now: datetime, *, by_hand: bool = False
) -> Done | None:
    """One round; None where nothing asks for a look at the account yet. `by_hand`: a person asked for it.

    Raises `Interrupted` alone; every other end is in the round.
    """
    commit = memory.commit
    try:
        if watch.mode is Mode.OFF:
            return Done(Round(workspace, Status.PAUSED, "the project file says `mode: off`", commit))
        try:
            pause = task.pause()
        except ReconcilerError as error:
            reason = f"whether this workspace is paused cannot be read, so nothing is written: {error.message}"
            return Done(Round(workspace, Status.FROZEN, reason, commit, hint=error.hint))
        if pause is not None and pause.holds(now):
            return Done(Round(workspace, Status.PAUSED, _paused(pause), commit, hint="`resume` lets it go on"))
        away = None
        try:
            commit = task.fetch()
        except SourceAway as error:
            away = error
        if away is None and not by_hand and not due(watch, memory, commit, now):
            return None
        plan = task.plan(commit)
        found = Round(workspace, Status.SYNCED, "nothing differs", commit, counts_of(plan))
        if away is not None:
            what = f"; against the last commit: {_differs(plan) or 'nothing differs'}"
            return Done(
                replace(found, status=Status.STALE_SOURCE, reason=away.message + what, hint=away.hint), plan=plan
            )
        if not _differs(plan):
            return Done(found, plan=plan)
        return _settle(watch, task, memory, replace(found, reason=_differs(plan)), plan, now, by_hand)
    except Interrupted:
        raise
    except ReconcilerError as error:
        return Done(_ended(workspace, watch, commit, error))


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


def _settle(watch: Watch, task: Task, memory: Memory, found: Round, plan: Plan, now: datetime, by_hand: bool) -> Done:
    """What becomes of a difference."""
    if watch.mode is Mode.DRIFT:
        return Done(replace(found, status=Status.DRIFTED, hint="apply it, or take it into the manifests"), plan=plan)
    errors = [one.summary for one in plan.diagnostics if one.is_error]
    blocks = [block.message for block in plan.all_blocks]
    if errors or (blocks and watch.mode is not Mode.APPROVE):
        reason = (errors or blocks)[0] + _and_more(errors or blocks)
        hint = plan.all_blocks[0].hint if plan.all_blocks else None
        return Done(replace(found, status=Status.BLOCKED, reason=reason, hint=hint), plan=plan)
    for other in watch.depends_on:
        if found.commit is None or task.synced_at(other) != found.commit:
            reason = f"waits until {other!r} is synced at this commit; {found.reason}"
            return Done(replace(found, status=Status.PENDING, reason=reason), plan=plan)
    try:
        shut = closed(watch.windows, now, by_hand=by_hand)
    except UsageError as error:
        reason = f"{error.message}; nothing is written"
        return Done(replace(found, status=Status.FROZEN, reason=reason, hint=error.hint), plan=plan)
    if shut is not None:
        until = f" until {shut.until:%Y-%m-%d %H:%M} UTC" if shut.until else ""
        after = (shut.until - now).total_seconds() if shut.until else None
        after = min(after, watch.interval) if after is not None else None
        reason = f"a window denies writing{until}; {found.reason}"
        return Done(replace(found, status=Status.FROZEN, reason=reason, after=after), plan=plan)
    changes = changes_digest(plan)
    drift_alone = _only_drift(plan) or (found.commit is not None and found.commit == memory.synced)
    if drift_alone and not by_hand and (wait := heal_wait(watch, memory, changes, now)) > 0:
        reason = f"was put back {memory.heals} times already; again in {wait:.0f} s; {found.reason}"
        return Done(replace(found, status=Status.PENDING, reason=reason, after=wait), plan=plan)
    healed = changes if drift_alone else None
    if watch.mode is Mode.APPROVE:
        kept = task.keep(plan)
        found = replace(found, plan=kept)
        if task.approved(kept) is None:
            hint = f"`approve {kept}` carries out exactly this plan"
            return Done(replace(found, status=Status.AWAITING_APPROVAL, hint=hint), plan=plan)
        return _written(found, plan, task.apply_kept(kept), healed)
    plan, result = task.apply(found.commit)
    return _written(replace(found, counts=counts_of(plan)), plan, result, healed)


def _written(found: Round, plan: Plan, result: ApplyResult | None, healed: str | None) -> Done:
    if result is None:
        return Done(replace(found, status=Status.SYNCED, reason="nothing differs any more"), plan=plan)
    done, planned = result.count("done"), len(result.steps)
    if done == planned:
        reason = f"{done} change{'s' if done != 1 else ''} carried out"
        return Done(replace(found, status=Status.SYNCED, reason=reason, wrote=True), healed, plan, result)
    failed = next((step for step in result.steps if step.outcome == "failed"), None)
    what = f": {failed.address}: {failed.message}" if failed is not None else ""
    reason = f"{done} of {planned} changes carried out{what}"
    hint = failed.hint if failed is not None else None
    return Done(replace(found, status=Status.FAILED, reason=reason, wrote=True, hint=hint), healed, plan, result)


def _ended(workspace: str, watch: Watch, commit: str | None, error: ReconcilerError) -> Round:
    status = next((status for kind, status in ENDS if isinstance(error, kind)), Status.FAILED)
    after = watch.retry.first if status is Status.PENDING else None  # something moved in between: plan again soon
    return Round(workspace, status, error.message, commit, hint=error.hint, after=after)


def _paused(pause: Pause) -> str:
    until = f" until {pause.until:%Y-%m-%d %H:%M} UTC" if pause.until else ""
    return f"paused by {pause.by} since {pause.since:%Y-%m-%d %H:%M} UTC{until}" + (
        f": {pause.reason}" if pause.reason else ""
    )


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
