"""Which changes may start, and carrying them on: a pool of threads, waiting steps, readings that serve many."""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from graphlib import CycleError, TopologicalSorter
from math import inf
from typing import Protocol

from reconciler.engine.apply.account_lists import FRESH, AccountLists
from reconciler.engine.apply.step import Done, PendingRead, Step
from reconciler.errors import ReconcilerError
from reconciler.types.address import Address
from reconciler.types.change import Change
from reconciler.types.live import LiveObject
from reconciler.types.ports import Clock, Provider
from reconciler.waits import TURN

ENOUGH = 100
"""Steps that wait for one page: as many as it can answer."""
DOUBTS = 3
"""So often a list may show less of an object than the object itself does, before it is not asked any more."""


class SharedReads:
    """Pending reads that one page of a list can answer instead of a GET each, and which lists cannot. Thread-safe."""

    def __init__(self, lists: AccountLists, clock: Clock) -> None:
        self._lists = lists
        self._clock = clock
        self._lock = threading.Lock()
        self._alone: set[PendingRead] = set()
        """Reads that need a GET of their own."""
        self._useless: set[str] = set()
        """Kinds whose lists show too little of an object, or have no stable order."""
        self._doubts: Counter[str] = Counter()
        self._reading: set[str] = set()

    def to_read(self, due: Iterable[tuple[PendingRead, float]], *, idle: bool) -> dict[str, list[PendingRead]]:
        """Kind -> reads that the next page of its list may answer, for the lists to read now.

        `due` are all reads with the time since which each waits (seconds, `monotonic`); `idle`: no thread is working.
        A single read is not worth a list.
        """
        waiting: dict[str, list[tuple[PendingRead, float]]] = {}
        for read, moment in due:
            if self.waits(read):
                waiting.setdefault(read.kind, []).append((read, moment))
        now = self._clock.monotonic()
        found: dict[str, list[PendingRead]] = {}
        with self._lock:
            for kind, reads in waiting.items():
                if idle and len(reads) == 1:
                    self._alone.add(reads[0][0])
                elif kind not in self._reading and (
                    idle or len(reads) >= ENOUGH or now - min(moment for _, moment in reads) >= FRESH
                ):
                    self._reading.add(kind)
                    found[kind] = [read for read, _ in reads]
        return found

    def waits(self, read: PendingRead) -> bool:
        """Whether the read waits for a list that has not answered it yet."""
        with self._lock:
            if not read.shared or read.kind in self._useless or read in self._alone:
                return False
        return not self._lists.shows(read.kind, read.id)

    def read(self, kind: str, reads: Iterable[PendingRead]) -> None:
        """Read the next page of a list. Objects that are in no page up to the end get a GET of their own."""
        try:
            more = self._lists.read_next_page(kind)
        except ReconcilerError:  # the GET of each read meets the error itself, or does not
            more = None
        with self._lock:
            self._reading.discard(kind)
            if more is None:
                self._useless.add(kind)
            elif not more:
                self._alone.update(read for read in reads if not self._lists.shows(kind, read.id))

    def take(self, read: PendingRead) -> LiveObject | None:
        """The object as a list showed it; None if it needs a GET."""
        return self._lists.take(read.kind, read.id) if read.shared else None

    def note(self, read: PendingRead, listed: LiveObject | None) -> None:
        """Count a step that received `listed` from a list and still asks for its GET; after `DOUBTS` of them the list
        of the kind is not used any more."""
        if listed is not None and listed.id == read.id and not read.shared and not read.after:
            with self._lock:
                self._doubts[read.kind] += 1
                if self._doubts[read.kind] >= DOUBTS:
                    self._useless.add(read.kind)


class Schedule:
    """The unfinished changes of a plan, by what they depend on. Changes in a cycle start in the order of the plan."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """`changes` in the order of the plan."""
        self._changes = {change.address: change for change in changes}
        self._positions = {address: index for index, address in enumerate(self._changes)}
        self._needs = {
            change.address: {used for used in change.depends_on if used in self._changes and used != change.address}
            for change in changes
        }
        self._users: dict[Address, list[Address]] = {address: [] for address in self._changes}
        self._break_circles()
        for address, needs in self._needs.items():
            for used in needs:
                self._users[used].append(address)
        self._ready = [address for address, needs in self._needs.items() if not needs]
        self._left = len(self._changes)

    def position(self, address: Address) -> int:
        """The index of a change in the plan."""
        return self._positions[address]

    @property
    def left(self) -> int:
        """The number of unfinished changes."""
        return self._left

    def ready(self) -> list[Change]:
        """The changes that may start now, each handed out once."""
        found, self._ready = self._ready, []
        return [self._changes[address] for address in found]

    def end(self, address: Address) -> None:
        """Mark a change as finished, whatever its outcome, and release the changes that waited for it."""
        self._left -= 1
        for user in self._users[address]:
            self._needs[user].discard(address)
            if not self._needs[user]:
                self._ready.append(user)

    def count_dependents(self, by: Sequence[Address]) -> int:
        """The number of changes that wait for these, directly or through others."""
        found: set[Address] = set()
        todo = list(by)
        while todo:
            new = [user for user in self._users[todo.pop()] if user not in found and self._needs[user]]
            found.update(new)
            todo += new
        return len(found)

    def _break_circles(self) -> None:
        while True:
            try:
                TopologicalSorter(self._needs).prepare()
            except CycleError as error:
                circle: list[Address] = error.args[1]
                self._needs[min(circle, key=self.position)].difference_update(circle)
            else:
                return


TOGETHER = 500
"""Changes that send nothing, marked by one write."""


class Run(Protocol):
    """Callbacks of a dispatcher: decides what a change does and receives its outcome. Called from several threads."""

    def announce(self, changes: Sequence[Change]) -> None:
        """Record together, before the first of them starts, that these changes may start."""
        ...

    def without_requests(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Those of the announced changes that send no request."""
        ...

    def record_together(self, changes: Sequence[Change]) -> None:
        """Carry out changes that send no request, recorded by one write."""
        ...

    def begin(self, change: Change) -> Step | None:
        """The step of a change; None if the change is skipped or has failed already."""
        ...

    def done(self, change: Change, done: Done) -> None: ...

    def failed(self, change: Change, error: ReconcilerError) -> None: ...

    def stopping(self) -> bool:
        """Whether the run ends as soon as it can, without waiting for the vendor."""
        ...

    def report_progress(self, waiting: Sequence[Address]) -> None:
        """Called about once a second with the changes whose objects the vendor is still processing."""
        ...


@dataclass(frozen=True, slots=True)
class WaitingStep:
    """A step that waits for an object to be read."""

    change: Change
    step: Step
    read: PendingRead
    due: float
    """When its object is to be read, by the clock's `monotonic`."""


class Dispatcher:
    """Carries out the changes of a schedule in at most `width` threads."""

    def __init__(
        self, schedule: Schedule, run: Run, provider: Provider, lists: AccountLists, clock: Clock, width: int
    ) -> None:
        self._schedule = schedule
        self._run = run
        self._provider = provider
        self._shared = SharedReads(lists, clock)
        self._clock = clock
        self._width = max(1, width)
        self._turn = threading.Condition()
        self._announced: list[tuple[int, Change]] = []
        """A heap of changes that may start, by their index in the plan."""
        self._announcing = False
        self._parked: list[WaitingStep] = []
        self._patient: set[Address] = set()
        """The changes whose objects the vendor is processing."""
        self._running = 0
        self._crash: BaseException | None = None

    def carry_out(self) -> None:
        """Run until every change has ended. An error that is no `ReconcilerError` stops the run and is raised."""
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
                self._run.report_progress(waiting)
                if idle:
                    self._clock.sleep(min(TURN, pause))
        if self._crash is not None:
            raise self._crash

    def _launch(self, pool: ThreadPoolExecutor) -> float:
        """Start what is due, as far as threads are free; the seconds until the next read is due."""
        if self._crash is not None:
            return inf
        if not self._announcing and self._running < self._width and (fresh := self._schedule.ready()):
            self._announcing = True
            self._submit(pool, partial(self._announce, fresh))
        now = self._clock.monotonic()
        hurry = self._run.stopping()
        due = [parked for parked in self._parked if parked.due <= now or (hurry and parked.read.patient)]
        idle = not self._running and not self._announced
        pages = self._shared.to_read([(parked.read, parked.due) for parked in due], idle=idle)
        for parked in [parked for parked in due if not self._shared.waits(parked.read)][
            : self._width - self._running
        ]:
            self._parked.remove(parked)
            self._submit(pool, partial(self._read, parked))
        while self._announced and self._running < self._width:
            _, change = heapq.heappop(self._announced)
            self._submit(pool, partial(self._begin, change))
        for kind, reads in pages.items():
            self._submit(pool, partial(self._shared.read, kind, reads))
        return min((parked.due for parked in self._parked if parked.due > now), default=inf) - now

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
        unsent = self._run.without_requests(changes)
        left = {change.address: change for change in changes}
        for change in unsent:
            del left[change.address]
        with self._turn:
            for address, change in left.items():
                heapq.heappush(self._announced, (self._schedule.position(address), change))
            self._turn.notify_all()
        for start in range(0, len(unsent), TOGETHER):
            self._run.record_together(unsent[start : start + TOGETHER])
        with self._turn:
            for change in unsent:
                self._schedule.end(change.address)
            self._announcing = False

    def _begin(self, change: Change) -> None:
        step = self._run.begin(change)
        if step is None:
            self._end(change)
        else:
            self._advance(change, step, lambda: next(step))

    def _read(self, parked: WaitingStep) -> None:
        """Read the object that a step waits for, and continue the step with it."""
        step = parked.step
        try:
            listed = self._shared.take(parked.read)
            live = listed or self._provider.get(parked.read.kind, parked.read.id)
        except ReconcilerError as error:
            refused = error
            self._advance(parked.change, step, lambda: step.throw(refused))
        else:
            self._advance(parked.change, step, lambda: step.send(live), listed)

    def _advance(
        self, change: Change, step: Step, go: Callable[[], PendingRead], listed: LiveObject | None = None
    ) -> None:
        """Run a step until it waits again or ends; `listed` is the object that it received out of a list."""
        try:
            read = go()
        except StopIteration as end:
            self._run.done(change, end.value)
        except ReconcilerError as error:
            self._run.failed(change, error)
        else:
            with self._turn:
                self._shared.note(read, listed)
                (self._patient.add if read.patient else self._patient.discard)(change.address)
                self._parked.append(WaitingStep(change, step, read, self._clock.monotonic() + read.after))
            return
        self._end(change)

    def _end(self, change: Change) -> None:
        with self._turn:
            self._patient.discard(change.address)
            self._schedule.end(change.address)
