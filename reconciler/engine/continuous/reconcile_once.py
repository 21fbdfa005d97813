"""One round of one workspace: look, and write where its mode, windows and neighbours let it. Every end is a status.

It has no clock, no sleep and no loop of its own: when the next round comes is for whoever calls it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from reconciler.core.continuous.schedule import closed_window, is_due, seconds_to_heal
from reconciler.core.serialization.digest import digest
from reconciler.errors import (
    AuthRefused,
    DiagnosticsError,
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
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from reconciler.types.watch import Answer, Memory, Mode, Pause, Requests, Round, Status, WaitingPlan, Watch

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


SOONEST, LONGEST_LEASE = 5.0, 3600.0
"""Bounds of the wait for a lock, in seconds: the clock of its store may be another one."""


class Task(Protocol):
    """A workspace, as a round meets it. Everything raises `ReconcilerError`s."""

    def fetch(self) -> str:
        """The version of the manifests to hold the account against: a commit, or a digest of a folder. Raises
        `SourceAway`."""
        ...

    def requests(self) -> Requests:
        """What people ask of this workspace. Raises `StateError` where that cannot be read."""
        ...

    def plan(self, commit: str, *, asked: bool = False) -> Plan:
        """What differs between `commit` and the account; without a lock. `asked`: a plan to be shown to a person,
        who may let deletes and mass changes through."""
        ...

    def apply(self, commit: str) -> tuple[Plan, ApplyResult | None]:
        """The plan made again under the lock, and what became of it; None where nothing was to do, or a pause began
        meanwhile."""
        ...

    def keep(self, plan: Plan | None, summary: str, commit: str) -> str:
        """Have `plan` wait for a person, in place of the one that waited; its digest. None: no plan waits now."""
        ...

    def apply_kept(self, waiting: WaitingPlan) -> ApplyResult | None:
        """Exactly the plan that waited; None where a pause began, or the yes was taken back, meanwhile. Raises
        `PlanStale` where anything that it rests on moved."""
        ...

    def synced_at(self, workspace: str) -> str | None:
        """The last commit at which another workspace of the project had no difference."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One round, once it is known which version of the manifests it is about."""

    workspace: str
    watch: Watch
    task: Task
    memory: Memory
    commit: str
    now: datetime

    @property
    def writes(self) -> bool:
        """Whether the mode lets a round write at all."""
        return self.watch.mode in (Mode.AUTO, Mode.APPROVE)


@dataclass(frozen=True, slots=True)
class Done:
    """A round, and what it says of drift that it put back."""

    round: Round
    healed: str | None = None
    """A digest over the changes, where the round put back drift alone."""


def reconcile_once(
    workspace: str, watch: Watch, task: Task, memory: Memory, now: datetime, *, called: bool = False
) -> Done | None:
    """One round; None where nothing asks for a look at the account yet. `called`: a person asks for one.

    Raises `Interrupted` alone; every other end is in the round.
    """
    commit = memory.commit
    try:
        if watch.mode is Mode.OFF:
            return Done(Round(workspace, Status.PAUSED, "the project file says `mode: off`", commit))
        requests = task.requests()
        if requests.pause is not None and requests.pause.holds(now):
            return Done(_paused(Round(workspace, Status.PAUSED, "", commit), requests.pause, now))
        try:
            commit = task.fetch()
        except SourceAway as error:
            return Done(_against_the_last(workspace, task, commit, error))
        call = requests.call
        called = called or (call is not None and memory.looked is not None and call.at >= memory.looked)
        if not called and not is_due(watch, memory, commit, now):
            return None
        return _look(Work(workspace, watch, task, memory, commit, now), requests)
    except Interrupted:
        raise
    except ReconcilerError as error:
        return Done(_ended(workspace, watch, commit, error, now))


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


def _look(work: Work, requests: Requests) -> Done:
    """A look at the account, and what becomes of what differs; first what a person said yes to."""
    waiting, answer = requests.waiting, requests.answered(work.now)
    before = ""
    if waiting is not None and waiting.commit == work.commit and answer is not None and answer.yes and work.writes:
        try:
            return _carry_out(work, waiting, answer)
        except PlanStale as error:
            work.task.keep(None, "", work.commit)
            before = f"what {answer.who} approved was not carried out: {error.message}; "
            waiting = answer = None
    asked = work.watch.mode is Mode.APPROVE
    plan = work.task.plan(work.commit, asked=asked)
    found = Round(work.workspace, Status.SYNCED, "nothing differs", work.commit, counts_of(plan))
    differs = _differs(plan)
    if not differs:
        if waiting is not None:
            work.task.keep(None, "", work.commit)
        return Done(found)
    found = replace(found, reason=before + differs)
    if not work.writes:
        return Done(replace(found, status=Status.DRIFTED, hint="apply it, or take it into the manifests"))
    blocked = _blocked(plan, found)
    if blocked is not None and not asked and plan.all_blocks:
        lifted = work.task.plan(work.commit, asked=True)  # what a person may let through
        if _blocked(lifted, found) is None:
            return _ask(work, lifted, blocked, waiting, answer)
    if blocked is not None:
        return Done(blocked)
    if (waits := _waits_for_another(work, found)) is not None:
        return Done(waits)
    if asked:
        return _ask(work, plan, replace(found, status=Status.AWAITING_APPROVAL), waiting, answer)
    if (frozen := _frozen(work, found)) is not None:
        return Done(frozen)
    return _write(work, found, plan)


def _blocked(plan: Plan, found: Round) -> Round | None:
    """The round of a plan that may not be carried out."""
    errors = [_placed(diagnostic) for diagnostic in plan.diagnostics if diagnostic.is_error]
    reasons = errors or [block.message for block in plan.all_blocks]
    if not reasons:
        return None
    hint = plan.all_blocks[0].hint if plan.all_blocks else None
    return replace(found, status=Status.BLOCKED, reason=reasons[0] + _and_more(reasons), hint=hint)


def _ask(work: Work, plan: Plan, found: Round, waiting: WaitingPlan | None, answer: Answer | None) -> Done:
    """Have the plan wait for a person; one that got a no is not asked about again while it stays the same."""
    digest = work.task.keep(plan, _differs(plan), work.commit)
    if answer is not None and not answer.yes and waiting is not None and waiting.digest == digest:
        why = f": {answer.reason}" if answer.reason else ""
        reason = f"{answer.who} rejected this{why}; {_differs(plan)}"
        return Done(replace(found, status=Status.BLOCKED, reason=reason, hint="change the manifests, or approve it"))
    where = f"-w {work.workspace}"
    hint = f"look at it: `reconciler watch plan {where}`; then `reconciler watch approve {digest[:12]} {where}`"
    return Done(replace(found, hint=hint, plan=digest))


def _carry_out(work: Work, waiting: WaitingPlan, answer: Answer) -> Done:
    """Exactly the plan that a person said yes to. Raises `PlanStale`."""
    found = Round(work.workspace, Status.SYNCED, waiting.summary, work.commit, plan=waiting.digest)
    stopped = _waits_for_another(work, found) or _frozen(work, found, manual=True)
    if stopped is not None:
        return Done(replace(stopped, reason=f"approved by {answer.who}; {stopped.reason}"))
    result = work.task.apply_kept(waiting)
    if result is None:
        reason = "a pause began, or another answer was given, just before the first write"
        return Done(replace(found, status=Status.PENDING, reason=reason, after=0.0))
    done = _written(found, result, None)
    if done.round.status is Status.SYNCED:
        work.task.keep(None, "", work.commit)
    counts = Counter(step.action.name.lower() for step in result.steps)
    return Done(replace(done.round, reason=f"{done.round.reason}, approved by {answer.who}", counts=dict(counts)))


def _waits_for_another(work: Work, found: Round) -> Round | None:
    for other in work.watch.depends_on:
        if work.task.synced_at(other) != work.commit:
            reason = f"waits until {other!r} is synced at this commit; {found.reason}"
            return replace(found, status=Status.PENDING, reason=reason)
    return None


def _frozen(work: Work, found: Round, *, manual: bool = False) -> Round | None:
    """The round where a window denies writing, or could not be read."""
    try:
        shut = closed_window(work.watch.windows, work.now, manual=manual)
    except UsageError as error:
        reason = f"{error.message}; nothing is written"
        return replace(found, status=Status.FROZEN, reason=reason, hint=error.hint)
    if shut is None:
        return None
    until = f" until {shut.until:%Y-%m-%d %H:%M} UTC" if shut.until else ""
    after = min((shut.until - work.now).total_seconds(), work.watch.interval) if shut.until else None
    return replace(found, status=Status.FROZEN, reason=f"a window denies writing{until}; {found.reason}", after=after)


def _write(work: Work, found: Round, plan: Plan) -> Done:
    memory = work.memory
    healed = changes_digest(plan) if _only_drift(plan) or work.commit == memory.synced else None
    if healed is not None and (wait := seconds_to_heal(work.watch, memory, healed, work.now)) > 0:
        reason = f"was put back {memory.heals} times already; again in {wait:.0f} s; {found.reason}"
        return Done(replace(found, status=Status.PENDING, reason=reason, after=wait))
    plan, result = work.task.apply(work.commit)
    found = replace(found, counts=counts_of(plan))
    if result is None and plan.differences:
        pause = work.task.requests().pause
        if pause is not None and pause.holds(work.now):
            return Done(_paused(found, pause, work.now))
    return _written(found, result, healed)


def _paused(found: Round, pause: Pause, now: datetime) -> Round:
    reason = f"paused by {pause.who} since {pause.since:%Y-%m-%d %H:%M} UTC, {pause.ending}"
    after = max(0.0, (pause.until - now).total_seconds()) if pause.until else None
    return replace(
        found,
        status=Status.PAUSED,
        reason=reason,
        after=after,
        hint=f"`reconciler watch resume -w {found.workspace}` ends it",
    )


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


def _ended(workspace: str, watch: Watch, commit: str | None, error: ReconcilerError, now: datetime) -> Round:
    status = next((status for kind, status in ENDS if isinstance(error, kind)), Status.FAILED)
    after = watch.retry.first if status is Status.PENDING else None  # something moved in between: plan again soon
    if isinstance(error, StateLocked):
        after = _lease_left(error.holder.get("Expires", ""), now)
    if isinstance(error, AuthRefused) and error.retry_after is not None:
        after = error.retry_after + 1.0
    reason, hint = _said(error)
    return Round(workspace, status, reason, commit, hint=hint, after=after)


def _said(error: ReconcilerError) -> tuple[str, str | None]:
    """What was wrong, with the place of the first finding, and what to do about it."""
    found = [one for one in error.diagnostics if one.is_error] if isinstance(error, DiagnosticsError) else []
    if not found or found[0].summary in error.message:
        return error.message, error.hint
    return f"{error.message}: {_placed(found[0])}{_and_more(found)}", error.hint or found[0].hint


def _placed(finding: Diagnostic) -> str:
    return f"{finding.span}: {finding.summary}" if finding.span is not None else finding.summary


def _lease_left(expires: str, now: datetime) -> float | None:
    """Seconds until the lock of whoever holds it ends, unless it is renewed; None where it has no end."""
    try:
        left = (datetime.fromisoformat(expires) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(SOONEST, left + 1.0), LONGEST_LEASE)


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


def _and_more(texts: Sequence[object]) -> str:
    return f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
