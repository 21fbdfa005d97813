"""The lock of the local backend: a file that says who holds it and until when.

Every look-and-change of that file happens under a kernel lock on a second file, held for an instant and freed by the
kernel when its process dies: of two processes that both find a dead holder, exactly one takes over.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.backends.process import is_dead, process_marks
from reconciler.errors import StateError, StateLocked
from reconciler.types.event import Notice
from reconciler.types.ports import Clock, Emit
from reconciler.types.state import LockInfo

GUARD_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0


class FileLock:
    """The lock file at `path`; `lease` and `heartbeat` in seconds."""

    def __init__(self, path: Path, *, lease: float, heartbeat: float) -> None:
        self.path = path
        self._guard = path.with_name(path.name + ".guard")
        self._lease = lease
        self._heartbeat = heartbeat

    @contextmanager
    def hold(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> Iterator[FileLease]:
        """Take the lock, renew it while the block runs, give it back. Raises `StateLocked`, `StateError`."""
        self._acquire(info, timeout, clock, emit)
        lease = FileLease(self, info, clock, self._heartbeat)
        lease.start()
        try:
            yield lease
        finally:
            lease.stop()
            self._release(info, emit)

    def read(self) -> tuple[LockInfo, dict[str, str]] | None:
        """The holder on record and the marks of its process; None without a lock file.

        Raises `StateError` when the file cannot be read or is no lock record.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(
                f"the lock file {self.path} cannot be read: {error.strerror}", hint="check the rights of its folder"
            ) from None
        try:
            record = json.loads(data)
            marks = {str(key): str(value) for key, value in record.pop("marks").items()}
            texts = {
                key: str(record[key]) for key in ("id", "operation", "who", "host", "since", "expires", "version")
            }
            run = record.get("run")
            return LockInfo(process=int(record["process"]), run=None if run is None else str(run), **texts), marks
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StateError(
                f"the lock file {self.path} is damaged, so there is no telling who holds the lock",
                hint="when no other reconciler runs on this project, delete that file",
            ) from None

    def holder(self, now: str) -> LockInfo | None:
        """Who holds the lock at the time `now`; a dead holder and one whose lease ended count as nobody."""
        found = self.read()
        return None if found is None or self._reason_to_take(*found, now) else found[0]

    def remove(self, id: str) -> None:
        """Take away the lock with this id, whoever holds it. Raises `StateError` when another or none is held."""
        if not self.path.parent.is_dir():
            raise StateError("no lock is held", hint="there is nothing to unlock")
        with self._guarded():
            found = self.read()
            if found is None:
                raise StateError("no lock is held", hint="there is nothing to unlock")
            if found[0].id != id:
                raise StateError(
                    f"the lock has id {found[0].id}, not {id}: {_described(found[0])}",
                    hint=f"if that holder is gone for certain: reconciler state force-unlock {found[0].id}",
                )
            self.path.unlink()

    def renew(self, info: LockInfo, now: str) -> bool:
        """Move the end of our lease; False when the lock is no longer ours."""
        with self._guarded():
            if not self.is_ours(info):
                return False
            self._put(replace(info, expires=self._end(now)))
            return True

    def is_ours(self, info: LockInfo) -> bool:
        """Whether the lock file still names us."""
        found = self.read()
        return found is not None and found[0].id == info.id

    def _acquire(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> None:
        deadline = clock.monotonic() + timeout
        wait = FIRST_WAIT
        told = False
        while (held := self._try(info, clock.now(), emit)) is not None:
            left = deadline - clock.monotonic()
            if left <= 0:
                raise StateLocked(
                    f"the state is locked: {_described(held)}",
                    holder=held.record(),
                    hint="wait for it (--lock-timeout SECONDS), or if that process is gone for certain: "
                    f"reconciler state force-unlock {held.id}",
                )
            if not told:
                emit(Notice(f"waiting up to {timeout:g} s for the lock: {_described(held)}"))
                told = True
            clock.sleep(min(wait, left))
            wait = min(wait * 2, LONGEST_WAIT)

    def _try(self, info: LockInfo, now: str, emit: Emit) -> LockInfo | None:
        """Take the lock if it is free, or its holder gone; else who holds it."""
        with self._guarded():
            found = self.read()
            reason = None
            if found is not None:
                reason = self._reason_to_take(*found, now)
                if reason is None:
                    return found[0]
            self._put(replace(info, expires=self._end(now)), fresh=found is None)
        if found is not None:
            emit(Notice(f"took over a lock, {reason}: {_described(found[0])}", "warning"))
        return None

    def _reason_to_take(self, held: LockInfo, marks: dict[str, str], now: str) -> str | None:
        if held.host == _host() and is_dead(held.process, marks):
            return "its process is gone"
        return "its lease ended" if _moment(held.expires) < _moment(now) else None

    def _end(self, now: str) -> str:
        return (_moment(now) + timedelta(seconds=self._lease)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _put(self, info: LockInfo, *, fresh: bool = False) -> None:
        """Write the lock file whole: readers never see a half. `fresh`: there must be none yet."""
        record = {**asdict(info), "marks": process_marks(info.process)}
        temporary = self.path.with_name(f"{self.path.name}.{info.id}.tmp")
        try:
            with open(temporary, "w", encoding="utf-8", opener=_private) as file:
                json.dump(record, file, indent=1)
            if fresh and hasattr(os, "link"):
                self._link(temporary, info)
            else:
                temporary.replace(self.path)
        except OSError as error:
            raise StateError(
                f"the lock file {self.path} cannot be written: {error.strerror}",
                hint="check the rights of its folder and the space on its disk; nothing was changed",
            ) from None
        finally:
            temporary.unlink(missing_ok=True)

    def _link(self, temporary: Path, info: LockInfo) -> None:
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

    def _release(self, info: LockInfo, emit: Emit) -> None:
        try:
            with self._guarded():
                if self.is_ours(info):
                    self.path.unlink()
        except (StateError, OSError) as error:
            emit(Notice(f"the lock could not be given back ({error}); it ends with its lease", "warning"))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            handle = os.open(self._guard, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise StateError(
                f"the folder {self.path.parent} cannot be written: {error.strerror}",
                hint="check its rights and the space on its disk; nothing was changed",
            ) from None
        try:
            deadline = time.monotonic() + GUARD_SECONDS
            while not _lock_file(handle):
                if time.monotonic() > deadline:
                    raise StateError(
                        f"{self._guard} has been busy for {GUARD_SECONDS:g} s",
                        hint="another reconciler on this folder hangs (is it stopped?): end it and try again",
                    )
                time.sleep(0.005)
            yield
        finally:
            os.close(handle)


class FileLease:
    """A lock while it is held: a thread renews it, `check` says whether it is still ours."""

    def __init__(self, lock: FileLock, info: LockInfo, clock: Clock, heartbeat: float) -> None:
        self._lock = lock
        self._info = info
        self._clock = clock
        self._heartbeat = heartbeat
        self._end = threading.Event()
        self._lost = False
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def check(self) -> None:
        """Raise `StateLocked` when the lock was broken or taken over."""
        if not self._lost and self._lock.is_ours(self._info):
            return
        self._lost = True
        try:
            found = self._lock.read()
        except StateError:
            found = None
        raise StateLocked(
            "the lock was lost: " + (_described(found[0]) if found else "somebody removed it"),
            holder=found[0].record() if found else {"Lock file": str(self._lock.path)},
            hint="nothing more was sent; run again once the other run has ended",
        )

    def _renew(self) -> None:
        while not self._end.wait(self._heartbeat):
            try:
                if not self._lock.renew(self._info, self._clock.now()):
                    self._lost = True
                    return
            except (StateError, OSError):
                # A full disk or a busy guard now; the next beat may do better, and `check` looks at the file.
                continue


def _lock_file(handle: int) -> bool:
    """Take the kernel's lock on an open file without waiting."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without kernel locks: the link above is then all there is.
        return True
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _host() -> str:
    import socket

    return socket.gethostname()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _described(held: LockInfo) -> str:
    run = f", {held.run}" if held.run else ""
    return f"{held.operation} by {held.who} (process {held.process}) since {held.since}{run}"
