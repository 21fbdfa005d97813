"""Ctrl-C: at once while nothing is being written, gracefully while requests run, hard the second time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

from reconciler.cli.exit_codes import INTERRUPTED
from reconciler.cli.output import say_in_signal_handler

Handler: TypeAlias = Callable[[int, FrameType | None], None]
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, a polite kill, a terminal that went away (which Windows does not have)."""


class Interrupts:
    """Listens to Ctrl-C and to a polite kill. `stop` is set when running requests should be the last ones."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.graceful = False
        """While False a signal ends the run at once (`KeyboardInterrupt`): nothing is on its way yet."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            abort("Aborted. The next run finds out what became of the requests that were on their way.")
            return
        self.stop.set()
        if not self.graceful:
            raise KeyboardInterrupt
        say_in_signal_handler("Interrupted: finishing the requests that are on their way (once more: abort at once).")


def abort(message: str) -> None:
    """End this process here and now; the state is as safe as after kill -9."""
    say_in_signal_handler(message)
    # Not sys.exit: threads that wait for an answer would hold it up.
    os._exit(INTERRUPTED)


@contextmanager
def abortable() -> Iterator[None]:
    """Ctrl-C ends a reading run at once: it holds no lock and has nothing to save."""
    with handled(lambda number, frame: abort("Interrupted."), (signal.SIGINT,)):
        yield


@contextmanager
def listening() -> Iterator[Interrupts]:
    """Interrupts of this run; the handlers that were there come back afterwards."""
    interrupts = Interrupts()
    with handled(interrupts, SIGNALS):
        yield interrupts


@contextmanager
def handled(handler: Handler, numbers: Sequence[signal.Signals]) -> Iterator[None]:
    """`handler` hears these signals; only the main thread can arrange that, elsewhere nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored stays ignored: `nohup` means it.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
