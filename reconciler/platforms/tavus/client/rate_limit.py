"""When the next request may leave: a token bucket and a pause, shared by all threads of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from reconciler.types.ports import Clock
from reconciler.waits import Waits


class Pace:
    """At most `rate` requests a second (None: no limit), and none before a pause that the API asked for is over."""

    def __init__(self, clock: Clock, rate: float | None = None) -> None:
        self._clock = clock
        self._gap = 1.0 / rate if rate and rate > 0 else 0.0
        self._lock = threading.Lock()
        self._next = 0.0
        self._paused_until = 0.0
        self._waits = Waits(clock, "to send")

    def heed(self, stop: Callable[[], bool]) -> None:
        """From now on every wait ends with `Interrupted` once `stop` says so."""
        self._waits.heed(stop)

    def wait(self) -> None:
        """Sleep until this thread's turn."""
        if self._gap:
            with self._lock:
                turn = max(self._clock.monotonic(), self._next, self._paused_until)
                self._next = turn + self._gap
            self._sleep_until(turn)
        # A pause may have come, or grown, while this thread slept.
        while (until := self._paused_until) > self._clock.monotonic():
            self._sleep_until(until)

    def pause(self, seconds: float) -> None:
        """Let nobody send for `seconds` from now on."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    def _sleep_until(self, moment: float) -> None:
        seconds = moment - self._clock.monotonic()
        if seconds > 0:
            self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait; in short turns where somebody may ask to stop. Raises `Interrupted`."""
        self._waits.sleep(seconds)
