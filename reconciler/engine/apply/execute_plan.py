"""apply: carry out exactly the plan, mark each step in the state before, and say what came of each change.

1. a blocked plan sends nothing
2. every secret that a planned write needs is there, or nothing is sent
3. a change starts when what it depends on is done: intent -> request -> read back -> record -> event
4. a failed change stops only what depends on it; Ctrl-C lets running requests finish and starts nothing new
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.core.history.preimage import preimage
from reconciler.core.planning.preconditions import refusal_reason
from reconciler.core.planning.write_check import spelling_hints
from reconciler.engine.account_reader import run_parallel
from reconciler.engine.apply.dispatcher import Dispatcher, Schedule
from reconciler.engine.apply.step import Done, Step, StepContext, names_given_twice
from reconciler.engine.apply.write_object import create, delete, forget, intent_of, keep, update
from reconciler.engine.placeholders import check_secrets
from reconciler.errors import Interrupted, PlanBlocked, PlanStale, ReconcilerError, Rejected, StateError
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.event import (
    RunFinished,
    RunProgress,
    RunStarted,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from reconciler.types.plan import Plan, Summary
from reconciler.types.ports import Clock, Emit, Provider
from reconciler.types.report import ApplyResult, StepResult
from reconciler.types.state import Move, Preimage

EVERY = 5.0
"""Seconds between two progress events."""
SOON = 1.0
"""Seconds between them when the run starts to wait for other objects."""


class Progress:
    """Progress events of one run; its time counts from the construction of this."""

    def __init__(self, total: int, provider: Provider, clock: Clock, emit: Emit) -> None:
        self._total = total
        self._provider = provider
        self._clock = clock
        self._emit = emit
        self._began = self._reported_at = clock.monotonic()
        self._sent = provider.requests_sent
        self._waits_for: tuple[Address, ...] = ()

    def is_due(self, waits_for: Sequence[Address]) -> bool:
        """Whether the next progress event is due."""
        same = tuple(waits_for) == self._waits_for
        return self._clock.monotonic() - self._reported_at >= (EVERY if same else SOON)

    def report(self, done: int, waits_for: Sequence[Address], held_up: int) -> None:
        """Emit `RunProgress`: `done` changes have ended, `held_up` wait for objects that the vendor is processing."""
        now, waits = self._clock.monotonic(), tuple(waits_for)
        since, seconds, sent = now - self._reported_at, now - self._began, self._provider.requests_sent
        per_second = None if sent is None or self._sent is None or not since else (sent - self._sent) / since
        left = seconds * (self._total - done) / done if done and not waits else None
        self._reported_at, self._sent, self._waits_for = now, sent, waits
        limit = self._provider.requests_per_second
        self._emit(RunProgress(done, self._total, seconds, per_second, limit, left, waits, held_up))


WIDTH = 10
"""Threads that read objects for the pre-images of the next changes."""


class Worker:
    """Turns changes into steps. Thread-safe."""

    def __init__(self, context: StepContext) -> None:
        self.context = context

    def start(self, change: Change) -> Step:
        """The step that carries out `change`. It raises `ProviderError`, `PlanStale`, `PlanBlocked`, `StateError`."""
        self._refuse_blocked_change(change)
        match change.action:
            case Action.CREATE:
                done = yield from create(self.context, change)
            case Action.UPDATE:
                done = yield from update(self.context, change)
            case Action.DELETE:
                done = yield from delete(self.context, change)
            case Action.FORGET:
                done = forget(self.context, change)
            case Action.NOOP:
                done = keep(self.context, change)
        self.context.ledger.finish(change.address)
        return done

    def sends_nothing(self, change: Change) -> bool:
        """Whether carrying out `change` sends no request."""
        if change.action is Action.FORGET:
            return True
        live = self.context.live.get((change.address.kind, change.id or ""))
        return (
            change.action is Action.NOOP and live is not None and not self.context.lacks_separate_parts(change, live)
        )

    def announce(self, changes: Sequence[Change]) -> None:
        """Record in one write that `changes` may start now, with their pre-images. Raises `StateError`."""
        ledger = self.context.ledger
        if not ledger.together:
            return  # one line each, right before its request, is cheap
        # A replacement first gives its old entry another address, which closes what is open under its own.
        plain = [change for change in changes if change.action is Action.CREATE and not change.replaces]
        before = run_parallel(self.context.preimage, [change for change in changes if change.is_difference], WIDTH)
        intents = [intent_of(self.context, change) for change in plain]
        ledger.announce(intents, [preimage for preimage in before if preimage is not None])

    def rename(self, changes: Sequence[Change]) -> None:
        """Give every moved entry its new address, in one write before any change starts. Raises `StateError`."""
        moves: list[Move] = []
        known: list[Preimage] = []
        for change in changes:
            if change.previous is None:
                continue
            entry = self.context.entries.get(change.previous)
            moves.append(Move(change.previous, change.address, entry.id if entry is not None else None))
            if entry is not None:
                known.append(preimage(replace(change, action=Action.NOOP, importing=None), None, entry))
        self.context.ledger.rename(moves, known)
        self.context.read_entries()

    def _refuse_blocked_change(self, change: Change) -> None:
        """Raise `PlanBlocked` for what is blocked, observed, protected or ignored, whatever a plan file says."""
        entry = self.context.entries.get(change.previous or change.address)
        held = entry.lifecycle if entry is not None and change.action is Action.DELETE else None
        blocks = (*change.blocked, *refusal_reason(change, today=held))
        if blocks:
            reasons = "; ".join(dict.fromkeys(block.message for block in blocks))
            raise PlanBlocked(f"{change.address}: {reasons}; nothing of it was sent", [])


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
    check_secrets(plan.changes, worker.context.book)
    worker.context.emit, worker.context.stop = emit, stop
    worker.context.shared_names = names_given_twice(plan.changes)
    return _Run(plan, worker, parallelism).carry_out()


class _Run:
    """One run: what is skipped and why, what came of each change, and what is told of it."""

    def __init__(self, plan: Plan, worker: Worker, parallelism: int) -> None:
        self._plan = plan
        self._worker = worker
        self._context = worker.context
        self._parallelism = parallelism
        self._schedule = Schedule(plan.changes)
        self._shown = frozenset(change.address for change in plan.differences)
        self._progress = Progress(len(self._shown), self._context.provider, self._context.clock, self._context.emit)
        self._results: dict[Address, StepResult] = {}
        self._started: dict[Address, float] = {}
        self._unmarked: dict[Address, ReconcilerError] = {}
        """What cannot start because it could not be marked, with the reason."""
        self._interrupted = False
        self._fatal: StateError | None = None

    def carry_out(self) -> ApplyResult:
        shown = self._plan.differences
        emit, context = self._context.emit, self._context
        if moving := [change for change in shown if change.previous is not None]:
            self._worker.rename(moving)
        emit(RunStarted("apply", len(shown)))
        schedule = self._schedule
        Dispatcher(schedule, self, context.provider, context.lists, context.clock, self._parallelism).carry_out()
        try:
            context.ledger.retract()
        except StateError as error:
            self._fatal = self._fatal or error
        if self._fatal is not None:
            self._fatal.hint = "\n".join(text for text in (self._fatal.hint, context.sent.describe()) if text)
            raise self._fatal
        steps = tuple(self._results[change.address] for change in shown)
        result = ApplyResult(steps, self._summary(), context.ledger.state.serial, self._interrupted)
        emit(RunFinished("apply", result.count("done"), result.count("failed"), result.count("skipped")))
        return result

    # callbacks of the dispatcher

    def announce(self, changes: Sequence[Change]) -> None:
        """Record which changes may start, without those that will be skipped."""
        if self._fatal is not None or self._context.stop():
            return
        coming = [change for change in changes if self._undone(change) is None]
        try:
            if coming:
                self._worker.announce(coming)
        except StateError as error:
            self._fatal = self._fatal or error
        except Interrupted:
            self._interrupted = True
        except ReconcilerError as error:
            self._unmarked |= dict.fromkeys((change.address for change in coming), error)

    def without_requests(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Those that send no request."""
        return [change for change in changes if self._worker.sends_nothing(change)]

    def record_together(self, changes: Sequence[Change]) -> None:
        """Carry out changes that send no request; a kill before the one write leaves all of them to the next run."""
        ended: list[tuple[Change, Done]] = []
        try:
            with self._context.ledger.batch():
                for change in changes:
                    step = self.begin(change)
                    if step is None:
                        continue
                    try:
                        next(step)
                    except StopIteration as end:
                        ended.append((change, end.value))
                    except ReconcilerError as error:
                        self.failed(change, error)
        except StateError as error:
            for change, _ in ended:
                self.failed(change, error)
        else:
            for change, done in ended:
                self.done(change, done)

    def begin(self, change: Change) -> Step | None:
        """The step of a change; None if it is skipped or has failed already."""
        reason = self._reason_to_skip(change)
        if reason is not None:
            self._emit_difference(change, StepSkipped(change.address, change.action, reason))
            self._results[change.address] = StepResult(change.address, change.action, "skipped", change.id, reason)
            return None
        if (unmarked := self._unmarked.get(change.address)) is not None:
            self.failed(change, unmarked)
            return None
        self._emit_difference(change, StepStarted(change.address, change.action))
        self._started[change.address] = self._context.clock.monotonic()
        return self._worker.start(change)

    def done(self, change: Change, done: Done) -> None:
        """Emit and keep the result of a change that was carried out."""
        id, notes = done
        seconds = self._context.clock.monotonic() - self._started.pop(change.address)
        self._emit_difference(change, StepDone(change.address, change.action, id, seconds, notes))
        self._results[change.address] = StepResult(
            change.address, change.action, "done", id, seconds=seconds, notes=notes
        )

    def failed(self, change: Change, error: ReconcilerError) -> None:
        """Emit and keep the result of a change that failed; a `StateError` stops the run."""
        if isinstance(error, StateError):
            self._fatal = self._fatal or error
        if isinstance(error, Interrupted):
            self._interrupted = True
        meant = spelling_hints(change, error.message) if isinstance(error, Rejected) else None
        hint = "; ".join(text for text in (error.hint, meant) if text) or None
        self._context.emit(StepFailed(change.address, change.action, error.message, hint))
        self._results[change.address] = StepResult(
            change.address,
            change.action,
            "failed",
            change.id,
            error.message,
            hint,
            exit_code=error.exit_code if isinstance(error, (PlanStale, PlanBlocked)) else 1,
        )

    def stopping(self) -> bool:
        """Whether the run ends as soon as it can, without waiting for the vendor."""
        return self._fatal is not None or self._context.stop()

    def report_progress(self, waiting: Sequence[Address]) -> None:
        """Emit progress if it is due; `waiting` are changes whose objects the vendor is processing."""
        if self._progress.is_due(waiting):
            done = len(self._shown & self._results.keys())
            self._progress.report(done, waiting, self._schedule.count_dependents(waiting))

    def _reason_to_skip(self, change: Change) -> str | None:
        if self._fatal is not None:
            return self._fatal.message
        if self._interrupted or self._context.stop():
            self._interrupted = True
            return "interrupted"
        used = self._undone(change)
        return None if used is None else f"{used} was not done"

    def _undone(self, change: Change) -> Address | None:
        """The first dependency of `change` that was not done; None if all were."""
        for used in change.depends_on:
            before = self._results.get(used)
            if before is not None and before.outcome != "done":
                return used
        return None

    def _emit_difference(self, change: Change, event: StepStarted | StepDone | StepSkipped) -> None:
        """Emit an event, unless the change only records what is in sync."""
        if change.is_difference:
            self._context.emit(event)

    def _summary(self) -> Summary:
        done = [
            change
            for change in self._plan.changes
            if change.is_difference and self._results[change.address].outcome == "done"
        ]
        return Summary(
            imported=sum(1 for change in done if change.importing),
            added=sum(1 for change in done if change.action is Action.CREATE),
            changed=sum(1 for change in done if change.action is Action.UPDATE),
            destroyed=sum(1 for change in done if change.action is Action.DELETE),
            forgotten=sum(1 for change in done if change.action is Action.FORGET),
            moved=sum(1 for change in done if change.previous is not None),
            adopted=sum(1 for change in done if change.adopt),
            unchanged=self._plan.summary.unchanged,
            not_looked_at=self._plan.summary.not_looked_at,
            unmanaged=self._plan.summary.unmanaged,
        )
