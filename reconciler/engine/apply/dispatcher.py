"""Carrying steps on: a bounded pool of threads, and steps that wait for a reading and hold none of them."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Protocol

from reconciler.engine.apply.known_lists import KnownLists
from reconciler.engine.apply.schedule import Schedule
from reconciler.engine.apply.shared_looks import SharedLooks
from reconciler.engine.apply.step import Done, Look, Step
from reconciler.errors import ReconcilerError
from reconciler.types.address import Address
from reconciler.types.change import Change
from reconciler.types.live import LiveObject
from reconciler.types.ports import Clock, Provider
from reconciler.waits import TURN


class Run(Protocol):
    """What decides on changes, and is told what becomes of them. Called from several threads."""

    def announce(self, changes: Sequence[Change]) -> None:
        """These may start from now on, and are marked together before the first of them does."""
        ...

    def begin(self, change: Change) -> Step | None:
        """The step of a change; None where it ends before it began."""
        ...

    def done(self, change: Change, done: Done) -> None: ...

    def failed(self, change: Change, error: ReconcilerError) -> None: ...

    def stopping(self) -> bool:
        """Whether nothing that takes long is to be waited for."""
        ...

    def turned(self, waiting: Sequence[Address]) -> None:
        """Told now and then: the vendor works on the objects of these changes."""
        ...


@dataclass(frozen=True, slots=True)
class Parked:
    """A step that waits."""

    change: Change
    step: Step
    look: Look
    due: float
    """When its object is to be read, by the clock's `monotonic`."""


class Dispatcher:
    """Carries out the changes of a schedule in at most `width` threads."""

    def __init__(
        self, schedule: Schedule, run: Run, provider: Provider, lists: KnownLists, clock: Clock, width: int
    ) -> None:
        self._schedule = schedule
        self._run = run
        self._provider = provider
        self._shared = SharedLooks(lists, clock)
        self._clock = clock
        self._width = max(1, width)
        self._turn = threading.Condition()
        self._announced: list[tuple[int, Change]] = []
        """May start, in the order of the plan."""
        self._announcing = False
        self._parked: list[Parked] = []
        self._patient: set[Address] = set()
        """The changes whose objects the vendor works on."""
        self._running = 0
        self._crash: BaseException | None = None

    def carry_out(self) -> None:
        """Until every change has ended. What is no `ReconcilerError` ends it at once, and is raised."""
        with ThreadPoolExecutor(self._width, thread_name_prefix="steps") as pool:
            while True:
                with self._turn:
                    pause = self._launch(pool)
                    idle = not self._running
                    if not idle:
                        self._turn.wait(min(TURN, pause))
                    waiting = sorted(self._patient)
                    if self._running == 0 and (self._crash is not None or not self._schedule.left):
                        break
                self._run.turned(waiting)
                if idle:
                    self._clock.sleep(min(TURN, pause))
        if self._crash is not None:
            raise self._crash

    def _launch(self, pool: ThreadPoolExecutor) -> float:
        """Start what may go on, as far as threads are free; the seconds until something else has to be read."""
        if self._crash is not None:
            return inf
        if not self._announcing and self._running < self._width and (fresh := self._schedule.ready()):
            self._announcing = True
            self._submit(pool, partial(self._announce, fresh))
        now = self._clock.monotonic()
        hurry = self._run.stopping()
        due = [one for one in self._parked if one.due <= now or (hurry and one.look.patient)]
        idle = not self._running and not self._announced
        pages = self._shared.to_read([(one.look, one.due) for one in due], idle=idle)
        for one in [one for one in due if not self._shared.waits(one.look)][: self._width - self._running]:
            self._parked.remove(one)
            self._submit(pool, partial(self._read, one))
        while self._announced and self._running < self._width:
            _, change = heapq.heappop(self._announced)
            self._submit(pool, partial(self._begin, change))
        for kind, looks in pages.items():
            self._submit(pool, partial(self._shared.read, kind, looks))
        return min((one.due for one in self._parked if one.due > now), default=inf) - now

    def _submit(self, pool: ThreadPoolExecutor, job: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                job()
            except BaseException as error:  # not ours: whatever it is, it ends the run and is raised there
                with self._turn:
                    self._crash = self._crash or error
            finally:
                with self._turn:
                    self._running -= 1
                    self._turn.notify_all()

        self._running += 1
        pool.submit(guarded)

    def _announce(self, changes: Sequence[Change]) -> None:
        self._run.announce(changes)
        with self._turn:
            for change in changes:
                heapq.heappush(self._announced, (self._schedule.place(change.address), change))
            self._announcing = False

    def _begin(self, change: Change) -> None:
        step = self._run.begin(change)
        if step is None:
            self._end(change)
        else:
            self._advance(change, step, lambda: next(step))

    def _read(self, parked: Parked) -> None:
        """Read the one object that a step waits for, and go on with it."""
        step = parked.step
        try:
            listed = self._shared.take(parked.look)
            live = listed or self._provider.get(parked.look.kind, parked.look.id)
        except ReconcilerError as error:
            refused = error
            self._advance(parked.change, step, lambda: step.throw(refused))
        else:
            self._advance(parked.change, step, lambda: step.send(live), listed)

    def _advance(self, change: Change, step: Step, go: Callable[[], Look], listed: LiveObject | None = None) -> None:
        """Let a step run until it waits again, or ends; `listed` is what it is handed out of a list."""
        try:
            look = go()
        except StopIteration as end:
            self._run.done(change, end.value)
        except ReconcilerError as error:
            self._run.failed(change, error)
        else:
            with self._turn:
                self._shared.note(look, listed)
                (self._patient.add if look.patient else self._patient.discard)(change.address)
                self._parked.append(Parked(change, step, look, self._clock.monotonic() + look.after))
            return
        self._end(change)

    def _end(self, change: Change) -> None:
        with self._turn:
            self._patient.discard(change.address)
            self._schedule.end(change.address)
