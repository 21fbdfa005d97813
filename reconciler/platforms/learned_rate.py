"""How many requests a second an account takes, learned from what it lets through and what it turns away (429).

A client that knows its rate holds back by itself instead of running into the limit: the idea of the adaptive retry
mode of the AWS SDKs and of Netflix's concurrency-limits. Between two refusals the rate follows CUBIC (RFC 9438), as
in the AWS SDKs: quickly back to what worked, a plateau, then a careful look beyond. Added here is what a refusal says
about a token bucket (so many requests at once, so many a second): it was empty then, so what passed between two
refusals is what it was refilled with. Windows (so many a minute) behave nearly the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum, auto
from math import log

LONE = 12
"""Requests that must have passed before two are under way at once."""
FIRST_GUESS = 4.0
"""Requests a second after a first refusal that does not say for how long."""
LOOK_BACK = 300
"""Requests from which the rate is told."""
LONG = 2.5
"""Seconds; a refusal that names from one to so many may have rounded up a much shorter wait."""
FREE_OF_CHARGE = 2
"""Requests that a small bucket lets through after a pause, however fast they come: they prove no rate."""
ENOUGH = 8
"""Requests that must pass between two refusals before their number says what the rate is."""
DEEP = 2.5
"""A bucket of this size is worth using: what it saves up during a pause is sent afterwards."""
DOUBLE_AFTER = 4.0
"""Requests that pass before a search doubles the rate again, where the bucket is deep."""
CREEP = 0.04
"""How much faster the rate gets with each request while the limit is known only roughly."""
LONGEST_TURN = 2000.0
"""Requests after which, at the latest, a higher rate is tried."""
SLOWEST = 0.49
"""Requests a second; a limit below that is met by waiting. What is refused at random, by a gateway or for a fault,
would slow everything down without an end."""
LONG_AGO = -1e9


class Stage(Enum):
    """How much is known of the limit."""

    FREE = auto()
    """Nothing was ever refused: no rate, but few requests at once in the beginning."""
    SEARCH = auto()
    """Refused once: twice as fast and twice as fast, until refused again; still few requests at once."""
    CREEP = auto()
    """Known within a factor of two or so: a little faster with each request."""
    STEADY = auto()
    """Known: CUBIC around it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request on its way."""

    number: int
    """From 1, in the order of leaving."""
    at: float
    pace: float
    """How closely it followed the one before, as requests a second; never more than the rate of the moment."""


class LearnedRate:
    """Says when the next request may leave.

    It has no clock: whoever asks says what time it is, in seconds that never run backwards. Not safe for several
    threads by itself.
    """

    def __init__(self, start: float | None = None, ceiling: float | None = None) -> None:
        """`start` is a rate that was found earlier, `ceiling` one never to be exceeded, both in requests a second."""
        self.stage = Stage.FREE if start is None else Stage.STEADY
        self.rate = None if start is None else 0.97 * start
        """Requests a second; None while no limit is known."""
        self.burst = 1.0
        """How many requests at once the account seems to take."""
        self.under_way = 0
        self._ceiling = ceiling
        self._began: float | None = None
        self._number = self._passed = 0
        self._lately: deque[bool] = deque(maxlen=60)
        self._refused = 0
        self._last = LONG_AGO
        self._next = self._hold = 0.0
        self._at_first = (0, 0.0)
        """How many requests passed before the first refusal, and in how many seconds."""
        self._refusals: deque[tuple[int, float]] = deque(maxlen=12)
        """For each of the last refusals: how many had passed by then, and when it was sent."""
        # The cycle since the last refusal that counted.
        self._refused_at, self._refused_number = LONG_AGO, 0
        self._resumed: float | None = None
        self._rounded = False
        """Whether refusals name whole seconds, which says little of the rate and costs much."""
        self._cycle: deque[float] = deque(maxlen=LOOK_BACK)
        """When the last of those were sent that passed since the refusal."""
        self._count = 0
        """Passed, of all that were sent since the refusal."""
        self._since = 0
        """Passed, of all that were sent since the rate was cut."""
        self._saved = 0.0
        """Requests that may still be sent closely because a pause saved them up."""
        self._caught_up = 0
        """Number of the last request that was sent closely."""
        # How the rate moves within a cycle.
        self._proved = 0.0
        self._double_at = 0.0
        self._base, self._top, self._turn = self.rate or 0.0, start or 0.0, 25.0
        self._turns = self._short_cycles = 0

    @property
    def found(self) -> float | None:
        """The rate that was found, in requests a second; None where that is not known well enough to go by."""
        if self.stage is not Stage.STEADY or self.rate is None:
            return None
        return max(self.rate, self._top) if self._refused == 0 else min(self.rate, self._top)

    @property
    def ceiling(self) -> float | None:
        """What is never exceeded, in requests a second."""
        return self._ceiling

    def limit(self, ceiling: float | None) -> None:
        """Never exceed `ceiling`, nor the one that was given before."""
        if ceiling is not None:
            self._ceiling = min(ceiling, self._ceiling or ceiling)

    def earliest(self, now: float, held: int = 0) -> float | None:
        """When the next request may leave; None: not before one that is under way was answered.

        `held` of those under way wait for this one, so they are not counted.
        """
        room = 1 if self._passed < LONE else self._passed // 4
        if self.stage in (Stage.FREE, Stage.SEARCH) and self.under_way - held >= room:
            return None
        return max(now, self._hold, self._next)

    def sent(self, now: float) -> Sent:
        """A request leaves now. Exactly one of `accepted`, `refused` and `dropped` must follow."""
        self._began = now if self._began is None else self._began
        self._number += 1
        self.under_way += 1
        pace = 1.0 / max(now - self._last, 1e-4)
        gap = 0.0
        if self.rate is not None:
            self._resumed = now if self._resumed is None else self._resumed
            pace = min(pace, self.rate)
            gap = 1.0 / self.rate
            if self._saved >= 1.0:
                self._saved -= 0.5
                gap *= 0.5
                self._caught_up = self._number
            elif self.burst >= DEEP and self._next > self._last:
                gap -= min(max(0.0, now - self._next), 0.2 * gap)  # makes up for some of a late start
        if self._ceiling:
            gap = max(gap, 1.0 / self._ceiling)
        self._last, self._next = now, now + gap
        return Sent(self._number, now, pace)

    def instead(self, now: float) -> Sent | None:
        """A request leaves now in the place of one that has its turn and did not leave yet; None where that is no
        time to send. The other one is `postponed` then."""
        if now < self._hold:
            return None
        pace = 1.0 / max(now - self._last, 1e-4)
        self._number += 1
        self.under_way += 1
        self._last = now
        return Sent(self._number, now, pace if self.rate is None else min(pace, self.rate))

    def postponed(self, sent: Sent, now: float) -> Sent:
        """The same request, when it leaves only now, or later where others left since it had its turn: then it
        follows them at the usual distance, and the next one follows it."""
        at = max(now, self._hold)
        if sent.number < self._number and self.rate is not None and self.burst < DEEP:
            at = max(at, self._next)
            self._next = at + max(1.0 / self.rate, 1.0 / self._ceiling if self._ceiling else 0.0)
            self._number += 1
            sent = replace(sent, number=self._number)
        else:
            self._next = max(self._next, self._next + at - max(sent.at, self._last))
        self._last = max(self._last, at)
        return replace(sent, at=at)

    def dropped(self, sent: Sent) -> None:
        """A request ended in a way that says nothing about the limit, or was not sent after all."""
        self.under_way -= 1

    def accepted(self, sent: Sent) -> None:
        """The account let a request through, whatever it answered."""
        self.under_way -= 1
        self._passed += 1
        self._lately.append(True)
        if self.rate is None:
            return
        if sent.at > self._refused_at:
            self._count += 1
            self._cycle.append(sent.at)
        if sent.number <= self._refused_number:
            return  # sent at the old rate: says nothing about this one
        self._since += 1
        self._proved = max(self._proved, sent.pace)
        if self.stage is Stage.STEADY:
            done = self._since / self._turn
            if done < 1:
                self.rate = self._top + (self._base - self._top) * (1 - done) ** 3
            else:
                self.rate = self._top * (1 + 0.1 * (done - 1) ** 3)
        elif self.stage is Stage.CREEP:
            self.rate = max(self.rate, sent.pace * (1 + CREEP * 1.15 ** min(self._since, 20)))
        elif self.burst < DEEP:
            self.rate = max(self.rate if self._rounded else 0.0, 2 * self._proved)
        elif self._since >= self._double_at:
            self._double_at = self._since + min(self.burst, DOUBLE_AFTER)
            self.rate *= 2

    def refused(self, sent: Sent, now: float, asked: float | None) -> None:
        """The account turned a request away and asked to be left alone for so many seconds (None: it did not say)."""
        probing = self._rounded and self.burst < DEEP
        self.under_way -= 1
        self._refused += 1
        self._lately.append(False)
        if self.rate is None and self._refused == 1 and not self._passed:
            # The very first request: nothing can be told from that, and a guess would be the slowest there is.
            self._began = None
            self._hold = max(self._hold, now + (asked or 1.0 / FIRST_GUESS))
        elif self.rate is None:
            self._begin_search(sent, now, asked)
        elif sent.number <= self._refused_number:
            self._hold = max(self._hold, now + (asked or 0.0))  # was under way at the last cut
        elif self.stage is not Stage.STEADY and self._since <= (FREE_OF_CHARGE if probing else 0):
            self._short_cycles += 1
            little = self.stage is Stage.CREEP and self._short_cycles == 1
            if self.stage is Stage.SEARCH and probing:
                self.stage, self._short_cycles = Stage.CREEP, 0
            self._go_on(sent, now, asked, self.rate * (0.9 if little else 0.5))
        elif self.stage is Stage.SEARCH:
            found = self._explain(sent)
            if self.burst >= DEEP and self._count >= ENOUGH:
                self._settle(sent, now, asked, found * 0.97, found * 1.02)
            else:
                self.stage, self._short_cycles = Stage.CREEP, 0
                whole, seconds = self._at_first
                proved = max(self._proved, sent.pace / 2 if probing else 0.0)
                small = min(proved, 2 * whole / max(seconds, 1e-3))
                self._go_on(sent, now, asked, found if self.burst >= DEEP else small)
        elif self.stage is Stage.CREEP:
            self._end_creep(sent, now, asked)
        else:
            self._fall(sent, now, asked)

    def _begin_search(self, sent: Sent, now: float, asked: float | None) -> None:
        """The first refusal: what passed until now came out of a full bucket."""
        self._at_first = (self._passed, sent.at - (self._began or 0.0))
        deep = self._passed >= DEEP
        self.burst = float(self._passed) if deep else 1.0
        self._double_at = min(self.burst, DOUBLE_AFTER)
        self._rounded = asked is not None and 1.0 <= asked < LONG
        if asked and not self._rounded:
            rate = self.burst / asked if asked >= 0.5 else min(self.burst, 2.0) / asked
        else:
            rate = max(FIRST_GUESS, self.burst / (asked or 2.0))
        self.stage = Stage.SEARCH
        self._go_on(sent, now, asked, min(rate, max(1.0, self._passed / max(self._at_first[1], 1e-3))))

    def _explain(self, sent: Sent) -> float:
        """The rate that explains what passed between two refusals, at both of which the bucket was empty.

        However full it was when a request left, from there on no more passed than it holds and what it was refilled
        with; so the highest rate that any moment of the cycle asks for is the nearest: while requests left slowly, or
        nobody sent, a full bucket ran over. What it holds is known from before the first refusal, the better the
        better the rate is known, and the other way round: hence the rounds.
        """
        mean = self._count / max(sent.at - self._refused_at, 1e-3)
        found = max(mean, 1e-3)
        if self.burst >= DEEP:
            whole, seconds = self._at_first
            for _ in range(3 if self.stage is Stage.SEARCH else 1):
                if self.stage is Stage.SEARCH:
                    self.burst = max(1.0, whole - found * seconds)
                rates = (
                    (number - self.burst) / max(sent.at - at, 1e-3)
                    for number, at in enumerate(reversed(self._cycle), 1)
                    if number - self.burst >= 1
                )
                found = max(mean, min(max(rates, default=0.0), sent.pace))
        return found

    def _end_creep(self, sent: Sent, now: float, asked: float | None) -> None:
        found = self._explain(sent)
        if self.burst >= DEEP and self._count >= ENOUGH:
            whole, seconds = self._at_first
            if whole - sent.pace * seconds >= DEEP:
                self._settle(sent, now, asked, found * 0.98, found * 1.005)
                return
            # What passed at first was spread over time enough to have come from a bucket of one. That is tried first.
            self.burst = 1.0
        self._settle(sent, now, asked, self._proved * 0.98, self._proved * 1.005)

    def _fall(self, sent: Sent, now: float, asked: float | None) -> None:
        """A little slower than what was too fast, but not slower than what got through all the same."""
        assert self.rate is not None
        if self._caught_up > self._refused_number and sent.number - self._caught_up <= 3 + self.burst / 2:
            # Sending closely after the pause was too much: the bucket holds less than it seemed to.
            self.burst = max(1.0, min(self.burst * 0.7, self._count))
            self._go_on(sent, now, asked, self.rate)
            self._saved = 0.0
            return
        self._short_cycles = self._short_cycles + 1 if self._count < ENOUGH else 0
        got_through = max(
            (
                (self._passed - passed) / max(sent.at - at, 1e-3)
                for passed, at in self._refusals
                if self._passed - passed >= ENOUGH
            ),
            default=0.0,
        )
        margin = 0.98 - min(0.1, max(0.0, self._lately.count(False) / len(self._lately) - 0.03) / 2)
        once_deep = self._at_first[0] >= DEEP
        if got_through and (self.burst >= DEEP or (once_deep and self._short_cycles >= 2)):
            self.burst = self.burst if self.burst >= DEEP else float(self._at_first[0])
            if self._count >= ENOUGH:
                got_through = max(got_through, self._explain(sent))
            base = min(self.rate * 0.97, got_through * margin)
            top = base * 1.03
        else:
            pace = min(self.rate, sent.pace) if self._count else self.rate
            base = pace * (margin - 0.01 if self._count >= 10 else 0.9)
            top = max(base * 1.035, got_through * 1.03)
            base = max(base, got_through)
        self._settle(sent, now, asked, base, top)

    def _settle(self, sent: Sent, now: float, asked: float | None, base: float, top: float) -> None:
        """Go on with `base`. How many requests later `top` is reached depends on what a refusal costs."""
        self.stage = Stage.STEADY
        base, top = max(base, SLOWEST), max(top, SLOWEST * 1.03)
        lost = max(1.0, (asked or 1.0 / base) * base - (self.burst if self.burst >= DEEP else 0.0))
        share = self._refused / (self._refused + self._passed + 1)
        turn = max(15.0 * (1 + 20 * share), 2 * lost / log(max(top / base, 1.001)))
        if self.burst >= DEEP or self._at_first[0] >= DEEP:
            turn = min(turn, 12 * 2.0**self._turns)  # two numbers to learn: sooner again in the beginning
        self._turns = min(self._turns + 1, 20)
        self._base, self._top, self._turn = base, top, min(turn, LONGEST_TURN)
        self._go_on(sent, now, asked, base)

    def _go_on(self, sent: Sent, now: float, asked: float | None, rate: float) -> None:
        """Nobody sends for as long as was asked for; then everybody at `rate`."""
        self.rate = rate = max(rate, SLOWEST)
        self._refusals.append((self._passed, sent.at))
        self._refused_at, self._refused_number = sent.at, self._number
        self._resumed = None
        self._cycle.clear()
        self._count = self._since = self._caught_up = 0
        self._proved = 0.0
        self._hold = max(self._hold, now + (asked or 1.0 / rate))
        self._saved = 0.0
        if self.burst >= DEEP and self.stage is Stage.STEADY:
            self._saved = max(0.0, 0.8 * min(self.burst, rate * (self._hold - sent.at)) - 1)
