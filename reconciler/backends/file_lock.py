"""The lock of the local backend: a file that says who holds it and until when.

Every look-and-change of that file happens under a kernel lock on a second file, held for an instant and freed by the
kernel when its process dies: of two processes that both find a dead holder, exactly one takes over. Leases are
counted by the clock of the file system, which hosts that share a folder have in common.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from reconciler.backends.lease import HeldLease
from reconciler.backends.lock_acquire import Held, now_utc, parse_holder, reason_to_take, refuse_other
from reconciler.backends.stored_lock import LockRecord, break_stored_lock, hold_lock, lease_record
from reconciler.errors import StateError, StateLocked
from reconciler.fsio import owner_only, state_errors, wait_for_lock
from reconciler.types.ports import Clock, Emit
from reconciler.types.state import LockInfo

T = TypeVar("T")
GUARD_SECONDS = 10.0


class FileLock:
    """The lock file at `path`; `lease` and `heartbeat` in seconds."""

    def __init__(self, path: Path, *, lease: float, heartbeat: float) -> None:
        self.path = path
        self._guard = path.with_name(path.name + ".guard")
        self._lease = lease
        self._heartbeat = heartbeat

    def hold(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[HeldLease]:
        """Take the lock, renew it while the block runs, give it back. Raises `StateLocked`, `StateError`."""
        with self._guarded():
            for left in self.path.parent.glob(f"{glob.escape(self.path.name)}.*.tmp"):
                with suppress(OSError):
                    left.unlink()  # of a run that was killed: ours is written under this guard
        return hold_lock(
            self, info, lease=self._lease, heartbeat=self._heartbeat, timeout=timeout, clock=clock, emit=emit
        )

    def find_lock(self) -> Held | None:
        """The holder on record, its lease counted by the clock of the file system; None without a lock file.

        Raises `StateError` when the file cannot be read or is no lock record.
        """
        try:
            with self.path.open("rb") as file:
                data, renewed = file.read(), os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(
                f"the lock file {self.path} cannot be read: {error.strerror}", hint="check the rights of its folder"
            ) from None
        return parse_holder(data, str(self.path)).renewed_at(datetime.fromtimestamp(renewed, UTC))

    def holder(self) -> LockInfo | None:
        """Who holds the lock; a dead holder and one whose lease ended count as nobody. Writes nothing."""
        held = self.find_lock()
        return None if held is None or reason_to_take(held, now_utc()) else held.info

    def remove(self, id: str) -> None:
        """Take away the lock with this id, whoever holds it. Raises `StateError` when another or none is held."""
        if not self.path.parent.is_dir():
            refuse_other(None, id)
        break_stored_lock(self, id, str(self.path))

    def with_record(self, work: Callable[[LockRecord], T]) -> T:
        """What `work` gives, called with the lock file to itself."""
        with self._guarded():
            return work(_LockFile(self))

    def put(self, info: LockInfo, now: str, *, fresh: bool) -> None:
        """Write the lock file whole: readers never see a half. `fresh`: there must be none yet."""
        temporary = self.path.with_name(f"{self.path.name}.{info.id}.tmp")
        try:
            with open(temporary, "wb", opener=owner_only) as file:
                file.write(lease_record(info, now, self._lease))
            if fresh and hasattr(os, "link"):
                self._link(temporary)
            else:
                temporary.replace(self.path)
        except OSError as error:
            raise StateError(
                f"the lock file {self.path} cannot be written: {error.strerror}",
                hint="check the rights of its folder and the space on its disk; nothing was changed",
            ) from None
        finally:
            temporary.unlink(missing_ok=True)

    def time(self) -> datetime:
        """The time by the clock that stamps files here; ours where that cannot be told."""
        try:
            os.utime(self._guard)
            return datetime.fromtimestamp(self._guard.stat().st_mtime, UTC)
        except OSError:
            return datetime.now(UTC)

    def _link(self, temporary: Path) -> None:
        # On a shared folder whose kernel locks do not reach other hosts, the link still lets only one through.
        try:
            os.link(temporary, self.path)
        except FileExistsError:
            raise StateLocked(
                "the state was locked by another host in this very moment",
                holder={"Lock file": str(self.path)},
                hint="try again",
            ) from None
        except OSError:
            temporary.replace(self.path)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            handle = owner_only(self._guard, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            raise StateError(
                f"the folder {self.path.parent} cannot be written: {error.strerror}",
                hint="check its rights and the space on its disk; nothing was changed",
            ) from None
        try:
            if not wait_for_lock(handle, GUARD_SECONDS):
                raise StateError(
                    f"{self._guard} has been busy for {GUARD_SECONDS:g} s",
                    hint="another reconciler on this folder hangs (is it stopped?): end it and try again",
                )
            yield
        finally:
            os.close(handle)


class _LockFile:
    """The lock file while its guard is held."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock
        self._free = False
        self.time = lock.time

    def find(self) -> Held | None:
        held = self._lock.find_lock()
        self._free = held is None
        return held

    def replace(self, info: LockInfo | None, now: str) -> bool:
        if info is not None:
            self._lock.put(info, now, fresh=self._free)
        else:
            with state_errors(self._lock.path, "removed"):
                self._lock.path.unlink()
        return True
