"""apply: carry out exactly the plan, stage by stage, and say what came of each change.

1. a blocked plan sends nothing
2. every secret that a planned write needs is there, or nothing is sent
3. per stage, `parallelism` at a time: intent -> request -> read back -> record -> event
4. a failed change stops only what depends on it; Ctrl-C lets running requests finish and starts nothing new
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reconciler.core.planning.assemble_changes import stages
from reconciler.engine.apply.run_step import Worker
from reconciler.engine.placeholders import check_secrets
from reconciler.errors import Interrupted, PlanBlocked, PlanStale, ReconcilerError, StateError
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.event import RunFinished, RunStarted, StepDone, StepFailed, StepSkipped, StepStarted
from reconciler.types.plan import Plan, Summary
from reconciler.types.ports import Emit
from reconciler.types.report import ApplyResult, StepResult


def refuse_blocked(plan: Plan) -> None:
    """Raise `PlanBlocked` when anything in the plan is blocked; a blocked plan sends nothing at all."""
    if plan.applyable:
        return
    lines = [_reason(block) for block in plan.blocked]
    lines += [f"{change.address}: {_reason(block)}" for change in plan.changes for block in change.blocked]
    problems = [diagnostic for diagnostic in plan.diagnostics if diagnostic.is_error]
    error = PlanBlocked("the plan is blocked, nothing was sent:\n  " + "\n  ".join(lines), problems)
    error.plan = plan
    raise error


def _reason(block: Block) -> str:
    place = f" (at {block.place})" if block.place else ""
    return f"{block.message}{place}. Way out: {block.hint}"


def apply_changes(
    plan: Plan, worker: Worker, *, parallelism: int, emit: Emit, stop: Callable[[], bool]
) -> ApplyResult:
    """Carry out the changes of `plan`. Failures are in the result; only a lost lock or a dead backend raises."""
    refuse_blocked(plan)
    check_secrets(plan.changes, worker.book)
    worker.emit, worker.stop = emit, stop
    return _Run(plan, worker, parallelism, emit, stop).run()


@dataclass(slots=True)
class _Run:
    plan: Plan
    worker: Worker
    parallelism: int
    emit: Emit
    stop: Callable[[], bool]
    results: dict[Address, StepResult] = field(default_factory=dict)
    interrupted: bool = False
    fatal: StateError | None = None

    def run(self) -> ApplyResult:
        shown = [change for change in self.plan.changes if change.is_difference]
        if moving := [change for change in shown if change.previous is not None]:
            self.worker.rename(moving)
        self.emit(RunStarted("apply", len(shown)))
        for stage in stages(self.plan.changes):
            self.announce(stage)
            with ThreadPoolExecutor(max(1, min(self.parallelism, len(stage)))) as pool:
                self.results |= {step.address: step for step in pool.map(self.step, stage)}
            try:
                self.worker.ledger.retract()
            except StateError as error:
                self.fatal = self.fatal or error
        if self.fatal is not None:
            self.fatal.hint = "\n".join(text for text in (self.fatal.hint, self.worker.sent.told()) if text)
            raise self.fatal
        steps = tuple(self.results[change.address] for change in shown)
        result = ApplyResult(steps, self.summary(), self.worker.ledger.state.serial, self.interrupted)
        self.emit(RunFinished("apply", result.count("done"), result.count("failed"), result.count("skipped")))
        return result

    def announce(self, stage: Sequence[Change]) -> None:
        """Tell the ledger which creates come next, those that will be skipped left out."""
        if self.fatal is not None:
            return
        try:
            self.worker.announce([change for change in stage if self.undone(change) is None])
        except StateError as error:
            self.fatal = self.fatal or error
        except Interrupted:
            self.interrupted = True

    def step(self, change: Change) -> StepResult:
        reason = self.reason_to_skip(change)
        if reason is not None:
            self.tell(change, StepSkipped(change.address, change.action, reason))
            return StepResult(change.address, change.action, "skipped", change.id, reason)
        self.tell(change, StepStarted(change.address, change.action))
        started = self.worker.clock.monotonic()
        try:
            id, notes = self.worker.run(change)
        except StateError as error:
            self.fatal = self.fatal or error
            return self.failed(change, error)
        except Interrupted as error:
            self.interrupted = True
            return self.failed(change, error)
        except ReconcilerError as error:
            return self.failed(change, error)
        seconds = self.worker.clock.monotonic() - started
        self.tell(change, StepDone(change.address, change.action, id, seconds, notes))
        return StepResult(change.address, change.action, "done", id, seconds=seconds, notes=notes)

    def reason_to_skip(self, change: Change) -> str | None:
        if self.fatal is not None:
            return self.fatal.message
        if self.stop():
            self.interrupted = True
            return "interrupted"
        used = self.undone(change)
        return None if used is None else f"{used} was not done"

    def undone(self, change: Change) -> Address | None:
        """What `change` needs and did not get."""
        for used in change.depends_on:
            before = self.results.get(used)
            if before is not None and before.outcome != "done":
                return used
        return None

    def failed(self, change: Change, error: ReconcilerError) -> StepResult:
        self.emit(StepFailed(change.address, change.action, error.message, error.hint))
        return StepResult(
            change.address,
            change.action,
            "failed",
            change.id,
            error.message,
            error.hint,
            exit_code=error.exit_code if isinstance(error, (PlanStale, PlanBlocked)) else 1,
        )

    def tell(self, change: Change, event: StepStarted | StepDone | StepSkipped) -> None:
        """Bookkeeping of what is in sync is no news."""
        if change.is_difference:
            self.emit(event)

    def summary(self) -> Summary:
        done = [
            change
            for change in self.plan.changes
            if change.is_difference and self.results[change.address].outcome == "done"
        ]
        return Summary(
            imported=sum(1 for change in done if change.importing),
            added=sum(1 for change in done if change.action is Action.CREATE),
            changed=sum(1 for change in done if change.action is Action.UPDATE),
            destroyed=sum(1 for change in done if change.action is Action.DELETE),
            forgotten=sum(1 for change in done if change.action is Action.FORGET),
            moved=sum(1 for change in done if change.previous is not None),
            adopted=sum(1 for change in done if change.adopt),
            unchanged=self.plan.summary.unchanged,
            not_looked_at=self.plan.summary.not_looked_at,
            unmanaged=self.plan.summary.unmanaged,
        )
