"""A lock while it is held: renewed by a thread, made sure of before each request, given back at the end.

A run may be stopped for any time (a signal, a suspended machine), so its own clock decides whether it may still
send: one that counts suspended time. What no client can close is the moment between that look and the first byte.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.backends.context import store_waits
from reconciler.backends.lock_acquire import describe_holder, now_utc, parse_time
from reconciler.errors import ReconcilerError, StateLocked
from reconciler.types.event import Notice
from reconciler.types.ports import Emit
from reconciler.types.state import LockInfo
from reconciler.waits import Waits

QUIET = 30.0
"""Seconds for which a lock without a lease is believed to be ours after the store was asked."""


def seconds_awake_or_not() -> float:
    """Seconds since some moment, those of a suspended machine included where the system has such a clock."""
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)  # counts on while it sleeps; time.monotonic does not
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@contextmanager
def keep_lease(
    info: LockInfo,
    *,
    ask: Callable[[], LockInfo | None],
    renew: Callable[[], bool] | None,
    release: Callable[[], object],
    heartbeat: float,
    emit: Emit,
    lease: float = 0.0,
    unmoved: Callable[[], bool] = lambda: True,
) -> Iterator[HeldLease]:
    """Renew the lock that was just taken while the block runs, then give it back.

    `ask`: who holds the lock now. `renew`: move the end of our lease of `lease` seconds, False when the lock is not
    ours; None where the store has no leases: then `unmoved` says whether the document there is still the one that
    this run read or wrote. A lock that cannot be given back is told, not raised: it ends with its lease.
    """
    held = HeldLease(info, ask=ask, renew=renew, heartbeat=heartbeat, lease=lease, unmoved=unmoved)
    held.start()
    try:
        yield held
    finally:
        held.stop()
        try:
            release()
        except ReconcilerError as error:
            ends = (
                "it ends with its lease"
                if renew
                else f"this host takes it over, others: reconciler state force-unlock {info.id}"
            )
            emit(Notice(f"the lock could not be given back ({error.message}); {ends}", "warning"))


class HeldLease:
    """A lock while it is held: a thread renews the lease where the store has one."""

    def __init__(
        self,
        info: LockInfo,
        *,
        ask: Callable[[], LockInfo | None],
        renew: Callable[[], bool] | None,
        heartbeat: float,
        lease: float = 0.0,
        unmoved: Callable[[], bool] = lambda: True,
        seconds: Callable[[], float] = seconds_awake_or_not,
    ) -> None:
        """As `keep_lease`; `seconds` is the clock that counts suspended time."""
        self._info = info
        self._ask = ask
        self._renew = renew
        self._heartbeat = heartbeat
        self._lease = lease
        self._unmoved = unmoved
        self._seconds = seconds
        self._until = seconds() + QUIET if renew is None else float("-inf")
        """Until when the lock is ours without asking; a lease counts from before the request that renewed it."""
        self._end = threading.Event()
        self._turn = threading.Lock()
        self._asked = 0
        self._answered = 0
        self._lost = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to renew."""
        if self._renew is not None:
            self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; the lock itself is not touched."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def check(self) -> None:
        """Raise `StateLocked` when the lock was broken or taken over, `StateError` when the store does not say.

        Threads that come while a question is on its way share the answer to the next one.
        """
        called = self._asked
        with self._turn:
            if self._lost:
                self._raise_lost(None)
            if self._answered > called:
                return  # A question that began after our call was answered well in the meantime.
            self._asked += 1
            self._verify()
            self._answered = self._asked

    def confirm(self, seconds: float) -> None:
        """Return once the lock is ours for `seconds` more; asks the store only where less is left by our clock.

        A lease shorter than that counts from its renewal. Raises as `check`.
        """
        wanted = seconds if self._renew is not None else 0.0
        if not self._lost and self._left() >= wanted:
            return
        with self._turn:
            if self._lost:
                self._raise_lost(None)
            if self._left() >= min(wanted, self._lease * 0.9) and self._left() > 0:
                return  # another thread renewed it while this one waited
            if self._renew is None:
                self._see_unmoved()
            elif not self._renewed():
                self._lost = True
                self._raise_lost(self._ask())

    def _left(self) -> float:
        return self._until - self._seconds()

    def _renewed(self) -> bool:
        assert self._renew is not None
        start = self._seconds()
        done = self._renew()
        if done:
            self._until = start + self._lease
        return done

    def _see_unmoved(self) -> None:
        start = self._seconds()
        held = self._ask()
        if held is None or held.id != self._info.id or not self._unmoved():
            self._lost = True
            self._raise_lost(held if held is None or held.id != self._info.id else None)
        self._until = start + QUIET

    def _verify(self) -> None:
        held = self._ask()
        if held is not None and held.id == self._info.id:
            if self._renew is None or parse_time(held.expires) >= parse_time(now_utc()):
                return
            # Stopped for longer than its lease (a suspended machine): only a renewal shows that nobody came.
            if self._renewed():
                return
            held = self._ask()
        self._lost = True
        self._raise_lost(held)

    def _raise_lost(self, held: LockInfo | None) -> None:
        raise StateLocked(
            "the lock was lost: " + (describe_holder(held) if held else "somebody removed it, or wrote the state"),
            holder=held.record() if held else {"ID": self._info.id},
            hint="nothing more was sent; run again once the other run has ended",
        )

    def _beat(self) -> None:
        while not self._end.wait(self._heartbeat):
            try:
                if self._renew is not None and not self._renewed():
                    self._lost = True
                    return
            except ReconcilerError:
                # The store may be back at the next beat; `check` asks it before anything is sent.
                continue


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

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """Pauses between two tries end once `stop` says so."""
        self._waits.stop_when(stop)

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
