"""The lock of every store with leases: taken, renewed, given back and broken in one way, over three operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from reconciler.backends.lease import HeldLease, keep_lease
from reconciler.backends.lock_acquire import (
    Held,
    StoreClock,
    acquire,
    dump_holder,
    lease_end,
    reason_to_take,
    refuse_other,
    report_takeover,
)
from reconciler.errors import StateError
from reconciler.types.ports import Clock, Emit
from reconciler.types.state import LockInfo

T = TypeVar("T")


class LockRecord(Protocol):
    """The record of a lock, while one run looks at it and changes it."""

    def find(self) -> Held | None:
        """The holder on record. Raises `StateError` for a record that cannot be read."""

    def replace(self, info: LockInfo | None, now: str) -> bool:
        """Write `info`, or that nobody holds the lock, in place of what `find` found; `now` by the clock of the run.

        False where another run changed the record in between.
        """

    def time(self) -> datetime:
        """The time by the clock that the store counts leases with."""


class LockStore(Protocol):
    """A store with a lock."""

    def find_lock(self) -> Held | None:
        """The holder on record, just read."""

    def with_record(self, work: Callable[[LockRecord], T]) -> T:
        """What `work` gives, called with the record of the lock: alone with it, as far as the store can do that, and
        again where the answer was lost."""


def lease_record(info: LockInfo, now: str, lease: float) -> bytes:
    """The record of a lease of `lease` seconds from `now`."""
    return dump_holder(replace(info, expires=lease_end(now, lease)), lease)


@contextmanager
def hold_lock(
    store: LockStore,
    info: LockInfo,
    *,
    lease: float,
    heartbeat: float,
    timeout: float,
    clock: Clock,
    emit: Emit,
) -> Iterator[HeldLease]:
    """Take the lock within `timeout` seconds, renew it while the block runs, give it back.

    Raises `StateLocked` with the holder, `StateError`.
    """
    counted = StoreClock(clock)
    acquire(lambda: _attempt(store, info, clock, counted, emit), timeout=timeout, clock=clock, emit=emit)
    with keep_lease(
        info,
        ask=lambda: held.info if (held := store.find_lock()) else None,
        renew=lambda: _replace_own(store, info, info, clock.now()),
        release=lambda: _replace_own(store, info, None, clock.now()),
        heartbeat=heartbeat,
        emit=emit,
        lease=lease,
    ) as ours:
        yield ours


def break_stored_lock(store: LockStore, id: str, where: str) -> None:
    """Free the lock with this id, whoever holds it. Raises `StateError` when another or none is held."""

    def work(record: LockRecord) -> bool:
        for _ in range(2):  # renewed, or taken over, in this very moment
            refuse_other(record.find(), id)
            if record.replace(None, ""):
                return True
        return False

    if not store.with_record(work):
        raise StateError(f"the lock of {where} is being renewed", hint="its holder is at work; wait for it")


def _attempt(store: LockStore, info: LockInfo, clock: Clock, counted: StoreClock, emit: Emit) -> LockInfo | None:
    """Take the lock if it is free, or its holder gone; else who holds it."""

    def work(record: LockRecord) -> tuple[Held | None, str | None]:
        while True:
            held = record.find()
            if held is not None and held.info.id == info.id:
                return None, None  # an earlier try arrived, though its answer did not
            reason = reason_to_take(held, counted.now(record.time)) if held else None
            if held is not None and reason is None:
                return held, None
            if record.replace(info, clock.now()):
                return held, reason

    held, reason = store.with_record(work)
    if held is None or reason is None:
        return held.info if held else None
    report_takeover(held, reason, emit)
    return None


def _replace_own(store: LockStore, info: LockInfo, new: LockInfo | None, now: str) -> bool:
    """Change the record if it still names us; False when it does not."""

    def work(record: LockRecord) -> bool:
        held = record.find()
        return held is not None and held.info.id == info.id and record.replace(new, now)

    return store.with_record(work)
