"""A lock while it is held: renewed by a thread, asked about before each request, given back at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.backends.holding import describe_holder, moment, present
from reconciler.errors import StateError, StateLocked
from reconciler.types.event import Notice
from reconciler.types.ports import Emit
from reconciler.types.state import LockInfo


@contextmanager
def keep_lease(
    info: LockInfo,
    *,
    ask: Callable[[], LockInfo | None],
    renew: Callable[[], bool] | None,
    release: Callable[[], object],
    heartbeat: float,
    emit: Emit,
) -> Iterator[HeldLease]:
    """Renew the lock that was just taken while the block runs, then give it back.

    `ask`: who holds the lock now. `renew`: move the end of our lease, False when the lock is not ours; None where
    the store has no leases. A lock that cannot be given back is told, not raised: it ends with its lease.
    """
    lease = HeldLease(info, ask=ask, renew=renew, heartbeat=heartbeat)
    lease.start()
    try:
        yield lease
    finally:
        lease.stop()
        try:
            release()
        except StateError as error:
            ends = "it ends with its lease" if renew else "this host takes it over, others: state force-unlock"
            emit(Notice(f"the lock could not be given back ({error.message}); {ends}", "warning"))


class HeldLease:
    """A lock while it is held: `check` asks the store, a thread renews the lease where the store has one."""

    def __init__(
        self,
        info: LockInfo,
        *,
        ask: Callable[[], LockInfo | None],
        renew: Callable[[], bool] | None,
        heartbeat: float,
    ) -> None:
        """`ask`: who holds the lock now. `renew`: move the end of our lease; False when the lock is not ours."""
        self._info = info
        self._ask = ask
        self._renew = renew
        self._heartbeat = heartbeat
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

    def _verify(self) -> None:
        held = self._ask()
        if held is not None and held.id == self._info.id:
            if self._renew is None or moment(held.expires) >= moment(present()):
                return
            # Stopped for longer than its lease (a suspended machine): only a renewal shows that nobody came.
            if self._renew():
                return
            held = self._ask()
        self._lost = True
        self._raise_lost(held)

    def _raise_lost(self, held: LockInfo | None) -> None:
        raise StateLocked(
            "the lock was lost: " + (describe_holder(held) if held else "somebody removed it"),
            holder=held.record() if held else {"ID": self._info.id},
            hint="nothing more was sent; run again once the other run has ended",
        )

    def _beat(self) -> None:
        while not self._end.wait(self._heartbeat):
            try:
                if self._renew is not None and not self._renew():
                    self._lost = True
                    return
            except StateError:
                # The store may be back at the next beat; `check` asks it before anything is sent.
                continue
