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

from reconciler.engine.apply.account_lists import FRESH, KnownLists
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
    """What is asked of lists, and what they are good for. Safe to use from several threads."""

    def __init__(self, lists: KnownLists, clock: Clock) -> None:
        self._lists = lists
        self._clock = clock
        self._lock = threading.Lock()
        self._alone: set[PendingRead] = set()
        """Looks that no list answers."""
        self._useless: set[str] = set()
        """Kinds whose lists answer no look."""
        self._doubts: Counter[str] = Counter()
        self._reading: set[str] = set()

    def to_read(self, due: Iterable[tuple[PendingRead, float]], *, idle: bool) -> dict[str, list[PendingRead]]:
        """The lists of which a page is to be read now, with the looks that it may answer; `due` are all looks, each
        since a moment, and `idle` says that nothing else is left to do. A single one is not worth a list."""
        waiting: dict[str, list[tuple[PendingRead, float]]] = {}
        for look, moment in due:
            if self.waits(look):
                waiting.setdefault(look.kind, []).append((look, moment))
        now = self._clock.monotonic()
        found: dict[str, list[PendingRead]] = {}
        with self._lock:
            for kind, looks in waiting.items():
                if idle and len(looks) == 1:
                    self._alone.add(looks[0][0])
                elif kind not in self._reading and (
                    idle or len(looks) >= ENOUGH or now - min(moment for _, moment in looks) >= FRESH
                ):
                    self._reading.add(kind)
                    found[kind] = [look for look, _ in looks]
        return found

    def waits(self, look: PendingRead) -> bool:
        """Whether a look is left to a list, and no list has answered it yet."""
        with self._lock:
            if not look.shared or look.kind in self._useless or look in self._alone:
                return False
        return not self._lists.shows(look.kind, look.id)

    def read(self, kind: str, looks: Iterable[PendingRead]) -> None:
        """Read a page of a list. What stands in no page up to the end of the list is read by itself."""
        try:
            more = self._lists.read_on(kind)
        except ReconcilerError:  # each look meets it by itself, or does not
            more = None
        with self._lock:
            self._reading.discard(kind)
            if more is None:
                self._useless.add(kind)
            elif not more:
                self._alone.update(look for look in looks if not self._lists.shows(kind, look.id))

    def take(self, look: PendingRead) -> LiveObject | None:
        """The answer of a list to a look; None where the object is to be read by itself."""
        return self._lists.take(look.kind, look.id) if look.shared else None

    def note(self, look: PendingRead, listed: LiveObject | None) -> None:
        """A step that was handed an object out of a list asks for `look` next: is the list good enough for it?"""
        if listed is not None and listed.id == look.id and not look.shared and not look.after:
            with self._lock:
                self._doubts[look.kind] += 1
                if self._doubts[look.kind] >= DOUBTS:
                    self._useless.add(look.kind)


class Schedule:
    """The changes of a plan that have not ended yet. What depends on each other in a circle starts in plan order."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """`changes` in the order of the plan."""
        self._changes = {change.address: change for change in changes}
        self._places = {address: index for index, address in enumerate(self._changes)}
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

    def place(self, address: Address) -> int:
        """Where a change stands in the plan."""
        return self._places[address]

    @property
    def left(self) -> int:
        """How many changes have not ended."""
        return self._left

    def ready(self) -> list[Change]:
        """Those that may start and were not handed out yet."""
        found, self._ready = self._ready, []
        return [self._changes[address] for address in found]

    def end(self, address: Address) -> None:
        """A change has ended, however it did."""
        self._left -= 1
        for user in self._users[address]:
            self._needs[user].discard(address)
            if not self._needs[user]:
                self._ready.append(user)

    def held_up(self, by: Sequence[Address]) -> int:
        """How many changes wait for these, directly or by way of others."""
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
                self._needs[min(circle, key=self.place)].difference_update(circle)
            else:
                return


TOGETHER = 500
"""Changes that send nothing, marked by one write."""


class Run(Protocol):
    """What decides on changes, and is told what becomes of them. Called from several threads."""

    def announce(self, changes: Sequence[Change]) -> None:
        """These may start from now on, and are marked together before the first of them does."""
        ...

    def quiet(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Those of the announced ones that ask nothing of the account."""
        ...

    def settle(self, changes: Sequence[Change]) -> None:
        """Carry out quiet ones, together."""
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
class WaitingStep:
    """A step that waits."""

    change: Change
    step: Step
    look: PendingRead
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
        self._shared = SharedReads(lists, clock)
        self._clock = clock
        self._width = max(1, width)
        self._turn = threading.Condition()
        self._announced: list[tuple[int, Change]] = []
        """May start, in the order of the plan."""
        self._announcing = False
        self._parked: list[WaitingStep] = []
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
        due = [parked for parked in self._parked if parked.due <= now or (hurry and parked.look.patient)]
        idle = not self._running and not self._announced
        pages = self._shared.to_read([(parked.look, parked.due) for parked in due], idle=idle)
        for parked in [parked for parked in due if not self._shared.waits(parked.look)][
            : self._width - self._running
        ]:
            self._parked.remove(parked)
            self._submit(pool, partial(self._read, parked))
        while self._announced and self._running < self._width:
            _, change = heapq.heappop(self._announced)
            self._submit(pool, partial(self._begin, change))
        for kind, looks in pages.items():
            self._submit(pool, partial(self._shared.read, kind, looks))
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
        quiet = self._run.quiet(changes)
        left = {change.address: change for change in changes}
        for change in quiet:
            del left[change.address]
        with self._turn:
            for address, change in left.items():
                heapq.heappush(self._announced, (self._schedule.place(address), change))
            self._turn.notify_all()
        for start in range(0, len(quiet), TOGETHER):
            self._run.settle(quiet[start : start + TOGETHER])
        with self._turn:
            for change in quiet:
                self._schedule.end(change.address)
            self._announcing = False

    def _begin(self, change: Change) -> None:
        step = self._run.begin(change)
        if step is None:
            self._end(change)
        else:
            self._advance(change, step, lambda: next(step))

    def _read(self, parked: WaitingStep) -> None:
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

    def _advance(
        self, change: Change, step: Step, go: Callable[[], PendingRead], listed: LiveObject | None = None
    ) -> None:
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
                self._parked.append(WaitingStep(change, step, look, self._clock.monotonic() + look.after))
            return
        self._end(change)

    def _end(self, change: Change) -> None:
        with self._turn:
            self._patient.discard(change.address)
            self._schedule.end(change.address)
