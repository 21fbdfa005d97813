"""Waits that hear the wish to stop: the one place where a run sleeps for a lock, a limit, a retry or a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from reconciler.errors import Interrupted
from reconciler.types.ports import Clock

TURN = 0.2
"""Seconds between two looks whether to stop."""
SHORT = 1.0
"""Waits up to this many seconds are seen through where what was sent has yet to be read back or noted down."""


LAG = (0.5, 1.5)
"""Seconds before each further look for an object that one reading shows and another denies: services catch up within
a moment, and what is denied for longer is to be said."""

K = TypeVar("K")
T = TypeVar("T")


class Sleeper(Protocol):
    """What time is measured and slept with: a clock of the engine, or the module `time`."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class Waits:
    """Sleeps; safe for several threads."""

    def __init__(self, clock: Sleeper, what: str, *, short: float = SHORT) -> None:
        """`what` the run waits for, for people; waits of up to `short` seconds are seen through."""
        self._clock = clock
        self._what = what
        self._short = short
        self._stop: Callable[[], bool] | None = None

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on longer waits end with `Interrupted` once `stop` says so."""
        self._stop = stop

    def monotonic(self) -> float:
        """Seconds by the clock that the waits are measured with."""
        return self._clock.monotonic()

    def check(self) -> None:
        """Raises `Interrupted` once somebody asked to stop."""
        if self._stop is not None and self._stop():
            raise Interrupted(f"stopped while waiting {self._what}", hint="run the same command again")

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`; in short turns where somebody may ask to stop. Raises `Interrupted`."""
        if self._stop is None or seconds <= self._short:
            self._clock.sleep(max(0.0, seconds))
            return
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            self.check()
            self._clock.sleep(min(left, TURN))


class StoppableClock:
    """`clock`, its sleeps cut short by `Interrupted` once `stop` says so."""

    def __init__(self, clock: Clock, stop: Callable[[], bool], what: str) -> None:
        """`what` the run waits for, for people."""
        self._clock = clock
        self._waits = Waits(clock, f"for {what}", short=0.0)
        self._waits.stop_when(stop)

    def now(self) -> str:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Raises `Interrupted`."""
        self._waits.sleep(seconds)


def look_again(
    denied: Iterable[K], look: Callable[[Sequence[K]], Mapping[K, T | None]], sleep: Callable[[float], None]
) -> dict[K, T | None]:
    """What `look` finds in the end of what one reading showed and another denied; None for what stays denied."""
    found: dict[K, T | None] = dict.fromkeys(denied)
    for pause in LAG:
        wanted = [key for key, one in found.items() if one is None]
        if not wanted:
            break
        sleep(pause)
        found |= look(wanted)
    return found
