"""An account with a limit, in virtual time: what a learned rate makes of it, without waiting for anything."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from reconciler.platforms.learned_rate import LearnedRate, Sent


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket of `burst`, refilled with `rate` a second; with `window` so many seconds' worth a window."""

    rate: float
    burst: int = 1
    header: str = "none"
    """How a refusal says when to come back: none | fraction | seconds | date."""
    window: float | None = None
    rival: float = 0.0
    """Requests a second of somebody else with the same key, at random times."""


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    passed: int = 0
    refused: int = 0
    rival: int = 0
    seconds: float = 0.0
    sent: list[float] = field(default_factory=list)
    """When each request left."""
    too_early: int = 0
    """Requests that left before a pause was over that the client knew of."""

    @property
    def share_refused(self) -> float:
        return self.refused / max(1, self.refused + self.passed)

    def used(self, limit: Limit) -> float:
        """The share of what the account would have let through that was made use of."""
        return (self.passed + self.rival) / (limit.burst + limit.rate * self.seconds)


class Account:
    """The server's side of a limit."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._tokens = float(limit.burst)
        self._at = 0.0
        self._window = -1
        self._in_window = 0

    def take(self, now: float) -> float | None:
        """None where a request passes, else the seconds until one will."""
        limit = self.limit
        if limit.window is not None:
            window = math.floor(now / limit.window)
            if window != self._window:
                self._window, self._in_window = window, 0
            if self._in_window < limit.rate * limit.window:
                self._in_window += 1
                return None
            return (window + 1) * limit.window - now
        self._tokens = min(limit.burst, self._tokens + (now - self._at) * limit.rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        return (1 - self._tokens) / limit.rate

    def header(self, wait: float, now: float) -> float | None:
        """What a client reads out of the header of a refusal."""
        match self.limit.header:
            case "fraction":
                return round(wait, 3)
            case "seconds":
                return float(max(1, math.ceil(wait)))
            case "date":
                return float(math.ceil(now + wait) - math.floor(now))
            case _:
                return None


class SlidingWindow(Account):
    """Takes `most` requests within any `seconds`."""

    def __init__(self, most: int, seconds: float, header: str) -> None:
        super().__init__(Limit(most / seconds, most, header))
        self._most, self._seconds = most, seconds
        self._taken: deque[float] = deque()

    def take(self, now: float) -> float | None:
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            return self._taken[0] + self._seconds - now
        self._taken.append(now)
        return None


class LeakyBucket(Account):
    """Holds `most` requests that drain at `rate`, and turns away what would overflow it."""

    def __init__(self, rate: float, most: int, header: str) -> None:
        super().__init__(Limit(rate, most, header))
        self._drained = 0.0

    def take(self, now: float) -> float | None:
        start = max(now, self._drained)
        over = start + 1 / self.limit.rate - (now + self.limit.burst / self.limit.rate)
        if over > 1e-9:
            return over
        self._drained = start + 1 / self.limit.rate
        return None


class Concurrency(Account):
    """Limits no rate: takes `most` at once, each of which is at work for `seconds`."""

    def __init__(self, most: int, seconds: float, header: str) -> None:
        super().__init__(Limit(most / seconds, most, header))
        self._seconds = seconds
        self._done_at: deque[float] = deque()

    def take(self, now: float) -> float | None:
        while self._done_at and self._done_at[0] <= now:
            self._done_at.popleft()
        if len(self._done_at) >= self.limit.burst:
            return self._done_at[0] - now
        self._done_at.append(now + self._seconds)
        return None


class Changing(Account):
    """Has another limit from a moment on."""

    def __init__(self, first: Limit, then: Limit, moment: float) -> None:
        super().__init__(first)
        self._then, self._moment = then, moment

    def take(self, now: float) -> float | None:
        self.limit = self._then if now >= self._moment else self.limit
        return super().take(now)


class Simulation:
    """Sends `requests` over `width` threads, or what fits into `seconds`; `latency` is the way there and back."""

    def __init__(
        self,
        limit: Limit,
        learned: LearnedRate,
        *,
        width: int,
        requests: int = 10**9,
        seconds: float = 1e9,
        latency: float = 0.005,
        late: float = 0.002,
        seed: int = 1,
    ) -> None:
        self.account = Account(limit)
        self.learned = learned
        self.outcome = Outcome()
        self._idle, self._left, self._end = width, requests, seconds
        self._latency, self._late = latency, late
        self._random = Random(seed)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._waking = False
        self._paused_until = 0.0

    def run(self) -> Outcome:
        """Everything until the last request passed."""
        requests, outcome = self._left, self.outcome
        if self.account.limit.rival:
            self._at(self._random.random(), self._rival)
        self._at(0.0, self._send)
        while self._events and outcome.passed < requests:
            now, _, event = heapq.heappop(self._events)
            if now > self._end:
                outcome.seconds = self._end
                break
            event(now)
        return outcome

    def _at(self, moment: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), event))

    def _wake(self, now: float) -> None:
        self._waking = False
        self._send(now)

    def _send(self, now: float) -> None:
        while self._idle and self._left:
            due = self.learned.earliest(now)
            if due is None:
                return
            if due > now:
                if not self._waking:
                    self._waking = True
                    self._at(due + self._random.random() * self._late, self._wake)
                return
            self._idle -= 1
            self._left -= 1
            self.outcome.too_early += now < self._paused_until - 1e-9
            self.outcome.sent.append(now)
            sent = self.learned.sent(now)
            way = self._latency / 2 + self._random.random() * self._late
            self._at(now + way, lambda moment, sent=sent: self._arrive(moment, sent))

    def _arrive(self, now: float, sent: Sent) -> None:
        wait = self.account.take(now)
        asked = None if wait is None else self.account.header(wait, now)
        self._at(now + self._latency / 2, lambda moment: self._answered(moment, sent, wait is None, asked))

    def _answered(self, now: float, sent: Sent, passed: bool, asked: float | None) -> None:
        self._idle += 1
        self.outcome.seconds = now
        if passed:
            self.outcome.passed += 1
            self.learned.accepted(sent)
        else:
            self.outcome.refused += 1
            self._left += 1
            self._paused_until = max(self._paused_until, now + (asked or 0.0))
            self.learned.refused(sent, now, asked)
        self._send(now)

    def _rival(self, now: float) -> None:
        self.outcome.rival += self.account.take(now) is None
        self._at(now + self._random.expovariate(self.account.limit.rival), self._rival)
