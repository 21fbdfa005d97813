"""How records reach a store that keeps no journal: the whole document is rewritten, as seldom as that is safe.

A record that must be there before a request is sent (the intent of a create, the pre-image of a change) waits for a
write; at most one begins each second, and all who came meanwhile share it. Everything else goes along with the next
write, or with one of its own after a few seconds: the next plan finds what a kill in between lost in the account.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from reconciler.core.state.journal_records import ChangeBegan, IntentNoted, Record, Renamed
from reconciler.errors import ReconcilerError, StateError
from reconciler.waits import Sleeper

LONGEST = 4.0
"""Seconds after which an outcome is written though nobody waits for it; with the write itself, less than five."""

GAP = 1.0
"""Seconds from the beginning of one write to that of the next."""


def is_urgent(record: Record) -> bool:
    """Whether `record` must be in the store before its run goes on."""
    return isinstance(record, IntentNoted | ChangeBegan | Renamed)


class Checkpoints:
    """Writes of a running session. `write` stores everything recorded so far plus the records handed to it."""

    def __init__(
        self, write: Callable[[Sequence[Record]], None], clock: Sleeper = time, *, longest: float = LONGEST
    ) -> None:
        self._write = write
        self._clock = clock
        self._next = clock.monotonic()
        """When the next write may begin."""
        self._longest = longest
        self._turn = threading.Condition()
        self._waiting: list[Record] = []
        self._added = 0
        self._done = 0
        self._writing = False
        self._failures: dict[int, ReconcilerError] = {}
        self._dirty = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, records: Sequence[Record]) -> None:
        """Return once `records` are in the store. Raises what the write raised; they then count as not recorded."""
        with self._turn:
            self._waiting += records
            self._added += 1
            mine = self._added
            while self._writing and self._done < mine:
                self._turn.wait()
            if self._done >= mine:
                self._raise_failure(mine)
                return
            first, last, self._writing = self._done + 1, mine, True
        failure: ReconcilerError | None = StateError("the write of the state was interrupted")
        try:
            self._clock.sleep(max(0.0, self._next - self._clock.monotonic()))
            self._next = self._clock.monotonic() + GAP
            with self._turn:
                batch, self._waiting, last = self._waiting, [], self._added
            self._write(batch)
            failure = None
        except ReconcilerError as error:
            failure = error
        finally:
            with self._turn:
                if failure is not None:
                    self._failures |= dict.fromkeys(range(first, last + 1), failure)
                self._done, self._writing = last, False
                self._turn.notify_all()
        self._raise_failure(mine)

    def note(self) -> None:
        """Something was recorded that can wait a few seconds."""
        self._dirty.set()
        with self._turn:
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """No write begins after this returns."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._longest):
            if not self._dirty.is_set():
                continue
            self._dirty.clear()
            try:
                self.put(())
            except ReconcilerError:
                # Not lost: the next write carries it, and the one at the end says what is wrong.
                self._dirty.set()

    def _raise_failure(self, number: int) -> None:
        failure = self._failures.pop(number, None)
        if failure is not None:
            raise failure
