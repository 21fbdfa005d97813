"""A clock whose waits end when the user asks to stop."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.types.ports import Clock
from reconciler.waits import Waits


class HeedingClock:
    """`clock`, its sleeps cut short by `Interrupted` once `stop` says so."""

    def __init__(self, clock: Clock, stop: Callable[[], bool], what: str) -> None:
        """`what` the run waits for, for people."""
        self._clock = clock
        self._waits = Waits(clock, f"for {what}", short=0.0)
        self._waits.heed(stop)

    def now(self) -> str:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Raises `Interrupted`."""
        self._waits.sleep(seconds)
