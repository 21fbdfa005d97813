"""Ctrl-C: at once while nothing is being written, gracefully while requests run, hard the second time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.cli.exits import INTERRUPTED
from reconciler.cli.streams import say

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Listens to Ctrl-C and to a polite kill. `stop` is set when running requests should be the last ones."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.graceful = False
        """While False a signal ends the run at once (`KeyboardInterrupt`): nothing is on its way yet."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self.graceful:
            raise KeyboardInterrupt
        if self.stop.is_set():
            say("Aborted. The next run finds out what became of the requests that were on their way.")
            # Not sys.exit: threads that wait for an answer would hold it up. State is safe, as after kill -9.
            os._exit(INTERRUPTED)
        self.stop.set()
        say("Interrupted: finishing the requests that are on their way (once more: abort at once).")


@contextmanager
def listening() -> Iterator[Interrupts]:
    """Interrupts of this run; the handlers that were there come back afterwards."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.signal(number, interrupts) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
