"""How long a store is asked: all tries of one request, the pauses between them included, end together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.backends.context import store_waits
from reconciler.waits import Waits

SHARE = 0.25
"""Of the time of a request, for each that follows one that was not answered: a run that ends still saves its state
and gives its lock back, and waits no second time for a store that says nothing."""


class Patience:
    """The time that one store is given; safe for several threads."""

    def __init__(self, whole: float, waits: Waits | None = None) -> None:
        """`whole`: seconds of a request with all its tries."""
        self._whole = whole
        self._waits = waits or store_waits()
        self._turn = threading.Lock()
        self._heard = float("-inf")
        self.silent = False
        """Whether the last request that ended was not answered."""

    def heed(self, stop: Callable[[], bool]) -> None:
        """Pauses between two tries end once `stop` says so."""
        self._waits.heed(stop)

    def now(self) -> float:
        """Seconds by a clock that never runs backwards."""
        return self._waits.monotonic()

    @contextmanager
    def request(self, since: float | None = None) -> Iterator[Tries]:
        """The block is one request. `since`: when it was wanted; what it waited for others counts, unless the store
        answered one of them meanwhile."""
        with self._turn:
            waited = since is not None and since > self._heard
            start = since if waited and since is not None else self.now()
            tries = Tries(self._waits, start + self._whole * (SHARE if self.silent else 1.0))
        try:
            yield tries
        finally:
            with self._turn:
                self.silent = not tries.answered
                if tries.answered:
                    self._heard = max(self._heard, self.now())


class Tries:
    """The tries of one request."""

    def __init__(self, waits: Waits, end: float) -> None:
        self._waits = waits
        self._end = end
        self.answered = False
        """Whether the store said anything, if only that it fails; set by whoever asks."""

    def left(self) -> float:
        """Seconds until all tries must have ended, never quite none."""
        return max(1.0, self._end - self._waits.monotonic())

    def again(self, pause: float) -> bool:
        """Wait for `pause` seconds before one more try; False, at once, where there is no time for it."""
        if self._waits.monotonic() + pause >= self._end:
            return False
        self._waits.sleep(pause)
        return True
