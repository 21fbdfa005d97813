"""When a thread may send its next request: one pace per account, shared by all threads and all its providers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from reconciler.platforms.circuit import Circuit
from reconciler.platforms.learned_rate import LearnedRate, Sent
from reconciler.types.ports import Clock, SharedRate
from reconciler.waits import SHORT, TURN, Waits

OWN_LIMIT = 3
"""A request, or a kind of request, that was turned away so often in a row has a limit of its own ..."""
OTHERS = 8
"""... where so many others passed meanwhile."""


LATE = 0.01
"""Seconds after which a turn that was not used is given up, or half its distance where that is more."""
AHEAD = 0.25
"""For so many seconds turns are taken at once, for requests that wait already."""


UNASKED = 1.0
"""Seconds for which other processes wait where a refusal does not say for how long."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an account may take by the project file, from all workspaces that name it."""

    name: str
    """Of the account, in all projects of this process."""
    requests_per_second: float | None = None
    concurrency: int | None = None
    """Requests at a time."""
    share: Callable[[], SharedRate] | None = None
    """Opens what several processes take their turns from."""


USED = 0.95
"""Share of an account's rate that one process makes use of: requests do not arrive as evenly as they leave, and one
that is refused slows all others down for a minute."""
ROUNDS = 0.8
"""Share of an account's rate that rounds of watched workspaces may need; the rest is for applies, and for people."""
FORGOTTEN = 50
"""Rounds of others' length after which a workspace that had none is not reckoned with any more."""


class RateLimiter:
    """Lets threads send one after the other, evenly, at a rate that is learned. Safe to use from several threads.

    Who waits longest goes first. What the account turned away slows all down, but for requests that are turned away
    again and again while others pass: their limit is another one.
    """

    def __init__(self, clock: Clock, ceiling: float | None = None, start: float | None = None) -> None:
        """`ceiling` is never exceeded; `start` is where learning begins. Both in requests a second, None: unknown."""
        self._clock = clock
        self.circuit = Circuit(clock)
        self._learned = LearnedRate(start, ceiling)
        self._lock = threading.Lock()
        self._answered = threading.Condition(self._lock)
        self._queue: deque[threading.Event] = deque()
        self._held = threading.local()
        self._passed = self._sent = self._before_all = 0
        self._last_success: float | None = None
        self._streaks: dict[Hashable, tuple[int, int]] = {}
        self._room: int | None = None
        self._shared: SharedRate | None = None
        self._agreed: float | None = None
        """Requests a second that all processes send together, as the last turns were."""
        self._needs: dict[Hashable, tuple[int, float, float]] = {}
        """Of each watched workspace: requests of a round, seconds between two, and until when that counts."""
        self._turns: deque[tuple[float, float]] = deque()
        """When a request may leave by the turns that were taken, and until when that counts."""
        self._owed = 0
        """Turns to be given up, for requests that were on the wire only when others had theirs."""

    @property
    def rate(self) -> float | None:
        """Requests a second that the account seems to take; None while no limit was met."""
        return self._learned.rate

    @property
    def under_way(self) -> int:
        """Requests that were not answered yet."""
        return self._learned.under_way

    @property
    def sent(self) -> int:
        """Requests that had their turn so far."""
        return self._sent

    def limit(self, ceiling: float | None) -> None:
        """Never exceed `ceiling` from now on, nor what was said before."""
        with self._lock:
            self._learned.limit(ceiling)

    def keep_within(self, budget: Budget) -> None:
        """Keep to what the project file says of the account from now on. Raises what opening its store does."""
        if budget.requests_per_second is not None:  # a shared one has a margin of its own
            self.limit(budget.requests_per_second * (USED if budget.share is None else 1.0))
        with self._lock:
            if budget.concurrency is not None:
                self._room = min(budget.concurrency, self._room or budget.concurrency)
            if self._shared is None and budget.share is not None:
                self._shared = budget.share()

    @property
    def is_shared(self) -> bool:
        """Whether a turn is one among those of other processes: what is asked first is to be asked before it."""
        return self._shared is not None

    def stretch(self, who: Hashable, requests: int, seconds: float) -> float:
        """How many times as long as they should be the pauses between rounds must be, for the account to carry the
        rounds of all who told; 1 where it carries them. `who` needs so many requests each so many seconds."""
        with self._lock:
            now, learned = self._clock.monotonic(), self._learned
            rate = min(
                (one for one in (learned.rate, learned.ceiling, self._agreed) if one is not None), default=None
            )
            self._needs[who] = requests, seconds, 0.0
            self._needs = {one: need for one, need in self._needs.items() if one == who or now < need[2]}
            wanted = sum(requests / max(seconds, 0.1) for requests, seconds, _ in self._needs.values())
            times = 1.0 if rate is None else max(1.0, wanted / (ROUNDS * rate))
            self._needs[who] = requests, seconds, now + FORGOTTEN * times * max(seconds, 0.1)
            return times

    def close(self) -> None:
        """Give connections back; the next request makes new ones."""
        if self._shared is not None:
            self._shared.close()

    @property
    def found(self) -> float | None:
        """The rate that was found; None where that is not known well enough to go by another time."""
        return self._learned.found

    @property
    def last_success(self) -> float | None:
        """When the account let a request through last, by the clock's `monotonic`."""
        return self._last_success

    def wait(self, waits: Waits) -> Sent:
        """Sleep with `waits` until this thread's turn; one of `passed`, `turned_away` and `dropped` must follow.

        A thread may wait again before that: for what it has to ask before it sends. Raises `Interrupted`.
        """
        if self._mine():
            return self._ahead(waits)
        with self._lock:
            if not self._queue and not self._before_all and self._is_due():
                return self._leave()
            turn = threading.Event()
            self._queue.append(turn)
            if self._queue[0] is turn:
                turn.set()
        try:
            waited = 0.0
            while not turn.wait(TURN):
                waited += TURN
                if waited > SHORT:
                    waits.check()
            return self._until_due(waits)
        finally:
            with self._lock:
                self._queue.remove(turn)
                if self._queue:
                    self._queue[0].set()

    def _ahead(self, waits: Waits) -> Sent:
        """The same for what a request with a turn has to ask first: before all who queue, for those may have to wait
        for just this answer, and would use up turns meanwhile."""
        with self._lock:
            if self._shared is None and getattr(self._held, "unused", False):
                sent = self._learned.instead(self._clock.monotonic())
                if sent is not None:
                    self._count_own(unused=False)
                    return sent
            self._before_all += 1
        try:
            return self._until_due(waits, queued=False)
        finally:
            with self._lock:
                self._before_all -= 1
                self._answered.notify_all()

    def leaves(self, sent: Sent, waits: Waits) -> tuple[Sent, bool]:
        """The same request, when it leaves only now, because something had to be asked first; and whether it slept
        once more, so that what was asked is to be asked again. Raises `Interrupted`."""
        with self._lock:
            now = self._clock.monotonic()
            sent = self._learned.postponed(sent, now)
        if sent.at <= now:
            return sent, False
        waits.sleep(sent.at - now)
        return sent, True

    def on_the_wire(self, sent: Sent) -> None:
        """The request is being written only now: where a busy machine held it up for long, it was in the place of a
        later one."""
        with self._lock:
            if self._agreed is not None and self._clock.monotonic() - sent.at > max(LATE, 0.5 / self._agreed):
                self._owed += 1

    def dropped(self, sent: Sent) -> None:
        """The request ended in a way that says nothing about the limit, or was not sent after all."""
        with self._lock:
            self._learned.dropped(sent)
            self._ended()

    def passed(self, sent: Sent, *kinds: Hashable) -> None:
        """The account let the request through. `kinds` is what it has in common with others."""
        with self._lock:
            self._passed += 1
            self._last_success = self._clock.monotonic()
            for kind in kinds:
                self._streaks.pop(kind, None)
            self._learned.accepted(sent)
            self._ended()

    def turned_away(self, sent: Sent, asked: float | None, *kinds: Hashable) -> bool:
        """The account turned the request away, for `asked` seconds where it said so.

        True where that is this request's, or this kind's, own limit: it has to wait by itself then.
        """
        own = self._turn_away(sent, asked, kinds)
        if self._shared is not None and not own:
            self._shared.pause(asked or UNASKED)
        return own

    def _turn_away(self, sent: Sent, asked: float | None, kinds: Iterable[Hashable]) -> bool:
        with self._lock:
            own = False
            for kind in kinds:
                times, since = self._streaks.get(kind, (0, self._passed))
                self._streaks[kind] = (times + 1, since)
                own = own or (times + 1 >= OWN_LIMIT and self._passed - since >= OTHERS)
            if own:
                self._learned.dropped(sent)
            else:
                self._learned.refused(sent, self._clock.monotonic(), asked)
            self._ended()
            return own

    def _mine(self) -> int:
        """How many requests this thread has under way."""
        return getattr(self._held, "count", 0)

    def _is_due(self) -> bool:
        now = self._clock.monotonic()
        due = self._earliest(now)
        return due is not None and due <= now and self._has_turn(now)

    def _earliest(self, now: float) -> float | None:
        """When the next request of this thread may leave by what this process knows; None: after an answer."""
        if self._room is not None and self._learned.under_way - self._mine() >= self._room:
            return None
        return self._learned.earliest(now, self._mine())

    def _has_turn(self, now: float) -> bool:
        """Whether the turn of the account's next request is there. What this process overslept is given up."""
        if self._shared is None:
            return True
        while self._turns and (self._owed or self._turns[0][1] < now):
            self._owed = max(0, self._owed - (self._turns[0][1] >= now))
            self._turns.popleft()
        return bool(self._turns) and self._turns[0][0] <= now

    def _take_turns(self, shared: SharedRate) -> None:
        """Take turns for those who wait."""
        taken = shared.take(max(1, min(len(self._queue), int(AHEAD * (self._learned.ceiling or 0.0)))))
        now = self._clock.monotonic()
        with self._lock:
            late = max(LATE, taken.gap / 2)
            self._agreed = 1.0 / max(taken.gap, 1e-6)
            for number in range(taken.count):
                at = now + taken.wait + number * taken.gap
                self._turns.append((at, at + late))

    def _leave(self) -> Sent:
        if self._turns:
            self._turns.popleft()
        self._count_own(unused=not self._mine())
        return self._learned.sent(self._clock.monotonic())

    def _count_own(self, *, unused: bool) -> None:
        """One more under way of this thread; `unused`: it has its turn, and what it has to ask may leave instead."""
        self._held.count, self._held.unused = self._mine() + 1, unused
        self._sent += 1

    def _ended(self) -> None:
        self._held.count = self._mine() - 1
        self._answered.notify_all()

    def _until_due(self, waits: Waits, *, queued: bool = True) -> Sent:
        waited = 0.0
        while True:
            with self._lock:
                now = self._clock.monotonic()
                due = None if queued and self._before_all else self._earliest(now)
                if due is not None and due <= now:
                    if self._has_turn(now):
                        return self._leave()
                    due = self._turns[0][0] if self._turns else due
                if due is None:
                    self._answered.wait(TURN)
                    waited += TURN
            if due is not None and due <= now and self._shared is not None:
                waits.check()
                self._take_turns(self._shared)
            elif due is not None:
                waits.sleep(due - now)
            elif waited > SHORT:
                waits.check()


class RateLimiters:
    """The paces of a process, one for each account: providers of one account share it."""

    def __init__(self, remembered: Mapping[str, float] | None = None) -> None:
        """`remembered` are rates that earlier runs found, by account."""
        self._lock = threading.Lock()
        self._paces: dict[str, RateLimiter] = {}
        self._named: dict[str, RateLimiter] = {}
        self._remembered = dict(remembered or {})

    def of(
        self, account: str, clock: Clock, ceiling: float | None = None, budget: Budget | None = None
    ) -> RateLimiter:
        """The limiter of `account`. The lowest of the ceilings that were named for it holds. Whatever has the same
        name in the project file is one account, whichever key opens it. Raises what `keep_within` does."""
        with self._lock:
            pace = self._named.get(budget.name) if budget is not None else None
            pace = pace or self._paces.get(account)
            if pace is None:
                pace = RateLimiter(clock, ceiling, self._remembered.get(account))
            pace.limit(ceiling)
            if budget is not None:
                pace.keep_within(budget)
                self._named[budget.name] = pace
            self._paces.setdefault(account, pace)
            return pace

    def close(self) -> None:
        """Give connections back; the next request makes new ones."""
        with self._lock:
            for pace in {id(one): one for one in (*self._paces.values(), *self._named.values())}.values():
                pace.close()

    def rates(self) -> dict[str, float]:
        """The rate of each account whose limit was found, in requests a second."""
        with self._lock:
            found = {account: pace.found for account, pace in self._paces.items()}
        return {account: rate for account, rate in found.items() if rate is not None}


def account_name(base_url: str, key: str) -> str:
    """A name for an account by which its key cannot be told."""
    return blake2b(f"{base_url}\0{key}".encode(), digest_size=16, person=b"reconciler pace").hexdigest()
