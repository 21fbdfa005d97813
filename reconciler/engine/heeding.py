"""A clock whose waits end when the user asks to stop."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.errors import Interrupted
from reconciler.types.ports import Clock

SLICE = 0.2
"""Seconds between two looks whether to stop."""


class HeedingClock:
    """`clock`, its sleeps cut short by `Interrupted` once `stop` says so."""

    def __init__(self, clock: Clock, stop: Callable[[], bool], what: str) -> None:
        """`what` the run waits for, for people."""
        self._clock = clock
        self._stop = stop
        self._what = what

    def now(self) -> str:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Raises `Interrupted`."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            if self._stop():
                raise Interrupted(f"stopped while waiting for {self._what}", hint="run the same command again")
            self._clock.sleep(min(left, SLICE))
