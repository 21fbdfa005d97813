"""What all locks share: the holder on record, when it may be replaced, the wait.

A store only has to do three things atomically: take the lock when nobody (or a holder who is gone) has it, renew it,
give it back. Everything around that is here, and in `lease`, once.

Clocks of two hosts differ, so whether a lease ended is never asked of both: the store's own clock says when the
record was renewed and what time it is, and the record says how long its lease is. A clock that is wrong by hours, the
holder's or ours, then takes nobody's lock away.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.core.serialization.checked_json import parse_json
from reconciler.core.text import one_line
from reconciler.errors import StateError, StateLocked
from reconciler.fsio import owner_only, wait_for_lock
from reconciler.types.event import Notice
from reconciler.types.json import Json
from reconciler.types.ports import Clock, Emit
from reconciler.types.state import LockInfo

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
MOST_HOLDER = 64 * 1024
"""Bytes of the record of a holder."""
MOST_NEIGHBOURS, MOST_NAME = 5, 300
"""Other projects of a store that are named, and characters of one name."""
LONGEST_LEASE = 10.0 * 365 * 86_400
LONGEST_TEXT = 1_000
"""Characters of what a record says of its holder: it is shown to people."""
_TEXTS = ("id", "operation", "who", "host", "since", "expires", "version")
GUARD_SECONDS = 30.0
"""How long a process waits while another one of this host replaces the lock of a dead holder."""


@dataclass(frozen=True, slots=True)
class Held:
    """A holder on record; `marks` tell its process from a later one of the same number."""

    info: LockInfo
    marks: Mapping[str, str] = field(default_factory=dict)
    record: bytes = b""
    """As the store has it."""
    lease: float | None = None
    """Seconds that it lasts from each renewal; None in records of versions that did not say."""

    def renewed_at(self, time: datetime) -> Held:
        """The same holder, its lease counted from when the store (by its own clock) took the record in."""
        if self.lease is None:
            return self
        return replace(self, info=replace(self.info, expires=_later(time, self.lease).isoformat()))


def dump_holder(info: LockInfo, lease: float) -> bytes:
    """The record of a holder in this process, for a store that keeps bytes; `lease` in seconds."""
    record = {**asdict(info), "lease": lease, "marks": process_marks(info.process)}
    return json.dumps(record, indent=1).encode("ascii")


def parse_holder(data: bytes, where: str) -> Held:
    """The inverse of `dump_holder`. Raises `StateError` for bytes that are no lock record."""
    try:
        record = parse_json(data)
        if not isinstance(record, dict):
            raise TypeError("not a mapping")
        marks = record.get("marks") or {}
        if not isinstance(marks, dict):
            raise TypeError("marks are no mapping")
        run = record.get("run")
        process = record["process"]
        if not isinstance(process, int):
            raise TypeError("process is no number")
        lease = record.get("lease")
        if lease is not None and not (isinstance(lease, int | float) and 0 <= lease <= LONGEST_LEASE):
            raise TypeError("lease is no number of seconds")
        info = LockInfo(
            process=process,
            run=None if run is None else shown(run),
            **{name: shown(record[name]) for name in _TEXTS},
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StateError(
            f"the lock at {where} is damaged, so there is no telling who holds it",
            hint="when no other reconciler runs on this workspace, delete it",
        ) from None
    return Held(info, {str(key): str(value) for key, value in marks.items()}, data, lease)


def shown(value: Json) -> str:
    """A member of a record as text: one line of a length that people read, whatever the store says."""
    return one_line(str(value)[:LONGEST_TEXT])


def reason_to_take(held: Held, now: str) -> str | None:
    """Why this holder may be replaced, None while it may not: a dead process of this host, or a lease that ended.

    `now` is by the clock that the end of the lease was counted with.
    """
    if held.info.host == socket.gethostname() and is_dead(held.info.process, dict(held.marks)):
        return "its process is gone"
    return "its lease ended" if parse_time(held.info.expires) < parse_time(now) else None


class StoreClock:
    """The time by a store's clock, asked for once and counted on by ours from then on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start: tuple[datetime, float] | None = None

    def now(self, read: Callable[[], datetime]) -> str:
        """ISO 8601; `read` is how the store is asked."""
        if self._start is None:
            self._start = read(), self._clock.monotonic()
        time, at = self._start
        return _later(time, self._clock.monotonic() - at).isoformat()


def lease_end(now: str, seconds: float) -> str:
    """`now` plus `seconds`, both ISO 8601 UTC."""
    return _later(parse_time(now), seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _later(time: datetime, seconds: float) -> datetime:
    """So many seconds after `time`, in UTC, as far as the calendar goes: a store may say any time."""
    try:
        return ((time if time.tzinfo else time.replace(tzinfo=UTC)) + timedelta(seconds=seconds)).astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def now_utc() -> str:
    """The real time, for the reading methods of a backend, which are handed no clock."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """The time in `text`; one that cannot be read (or is empty: no lease) never comes."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def describe_holder(held: LockInfo) -> str:
    """One line for a person."""
    process = f" (process {held.process})" if held.process else ""
    run = f", {held.run}" if held.run else ""
    return f"{held.operation} by {held.who}{process} since {held.since}{run}"


def acquire(attempt: Callable[[], LockInfo | None], *, timeout: float, clock: Clock, emit: Emit) -> None:
    """Call `attempt` until it returns None (taken), for `timeout` seconds. Raises `StateLocked` with the holder."""
    deadline = clock.monotonic() + timeout
    wait = FIRST_WAIT
    told = False
    while (held := attempt()) is not None:
        left = deadline - clock.monotonic()
        if left <= 0:
            raise StateLocked(
                f"the state is locked: {describe_holder(held)}",
                holder=held.record(),
                hint="wait for it (--lock-timeout 5m), or if that process is gone for certain: "
                f"reconciler state force-unlock {held.id}",
            )
        if not told:
            emit(Notice(f"waiting up to {timeout:g} s for the lock: {describe_holder(held)}"))
            told = True
        clock.sleep(min(wait, left))
        wait = min(wait * 2, LONGEST_WAIT)


def report_takeover(held: Held, reason: str, emit: Emit) -> None:
    """Say that somebody's lock was taken over."""
    emit(Notice(f"took over a lock, {reason}: {describe_holder(held.info)}", "warning"))


def refuse_other(held: Held | None, id: str) -> Held:
    """The lock that `force-unlock ID` may remove. Raises `StateError` when another or none is held."""
    if held is None:
        raise StateError("no lock is held", hint="there is nothing to unlock")
    if held.info.id != id:
        raise StateError(
            f"the lock has id {held.info.id}, not {id}: {describe_holder(held.info)}",
            hint=f"if that holder is gone for certain: reconciler state force-unlock {held.info.id}",
        )
    return held


def process_marks(process: int) -> dict[str, str]:
    """Start time, boot and process namespace of a running process; empty where the system does not tell (no /proc).

    Numbers of processes are reused, begin anew after a reboot, and mean something else in another container.
    """
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
        # The command, in brackets, may hold anything; field 22 of the line is the start in clock ticks.
        start = stat.rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/pid").readlink())
    except (OSError, IndexError, ValueError):
        return {}
    return {"start": start, "boot": boot, "space": space}


def is_dead(process: int, marks: dict[str, str]) -> bool:
    """Whether a process of this host, noted with its marks, is certainly gone.

    Another boot or another process namespace may be another machine of the same name: then only the lease tells.
    """
    here = process_marks(os.getpid())
    if any(marks.get(mark) != here.get(mark) for mark in ("boot", "space")):
        return False
    if not _exists(process):
        return True
    now = process_marks(process)
    if not now or not marks:
        return False
    return now["start"] != marks.get("start") or _is_zombie(process)


def _exists(process: int) -> bool:
    if process <= 0:
        return False
    if os.name == "nt":
        return _exists_on_windows(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _exists_on_windows(process: int) -> bool:
    # Signal 0 would end the process there.
    import ctypes

    loader = getattr(ctypes, "windll", None)
    if loader is None:
        return True
    handle = loader.kernel32.OpenProcess(0x1000, False, process)
    if not handle:
        return False
    loader.kernel32.CloseHandle(handle)
    return True


def _is_zombie(process: int) -> bool:
    # Killed, but its parent has not asked for its exit code yet: it will never write again.
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[:1] in (["Z"], ["X"])


@contextmanager
def host_mutex(name: str) -> Iterator[None]:
    """Hold a kernel lock named after `name` while the block runs; freed by the kernel when the process dies.

    Without a writable temporary folder, or without kernel locks, the block runs all the same.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    mark = hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
    path = Path(tempfile.gettempdir()) / f"reconciler-{user}-{mark}.guard"
    try:
        # No link is followed: the folder belongs to everybody.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        handle = owner_only(path, flags)
    except OSError:
        yield
        return
    try:
        wait_for_lock(handle, GUARD_SECONDS)
        yield
    finally:
        os.close(handle)
