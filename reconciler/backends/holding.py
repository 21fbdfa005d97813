"""What the locks of remote stores share: the holder on record, when it may be replaced, the wait, the lease.

A store only has to do three things atomically: take the lock when nobody (or a holder who is gone) has it, renew it,
give it back. Everything around that is here, once.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from reconciler.backends.process import is_dead, process_marks
from reconciler.errors import StateError, StateLocked
from reconciler.types.event import Notice
from reconciler.types.json import Json
from reconciler.types.ports import Clock, Emit
from reconciler.types.state import LockInfo

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
_TEXTS = ("id", "operation", "who", "host", "since", "expires", "version")


@dataclass(frozen=True, slots=True)
class Held:
    """A holder on record; `marks` tell its process from a later one of the same number."""

    info: LockInfo
    marks: Mapping[str, str] = field(default_factory=dict)
    record: bytes = b""
    """As the store has it."""


def dump_holder(info: LockInfo) -> bytes:
    """The record of a holder in this process, for a store that keeps bytes."""
    return json.dumps({**asdict(info), "marks": process_marks(info.process)}, indent=1).encode("ascii")


def parse_holder(data: bytes, where: str) -> Held:
    """The inverse of `dump_holder`. Raises `StateError` for bytes that are no lock record."""
    try:
        record: Json = json.loads(data)
        if not isinstance(record, dict):
            raise TypeError("not a mapping")
        marks = record.get("marks") or {}
        if not isinstance(marks, dict):
            raise TypeError("marks are no mapping")
        run = record.get("run")
        process = record["process"]
        if not isinstance(process, int):
            raise TypeError("process is no number")
        info = LockInfo(
            process=process,
            run=None if run is None else str(run),
            **{name: str(record[name]) for name in _TEXTS},
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StateError(
            f"the lock at {where} is damaged, so there is no telling who holds it",
            hint="when no other reconciler runs on this workspace, delete it",
        ) from None
    return Held(info, {str(key): str(value) for key, value in marks.items()}, data)


def reason_to_take(held: Held, now: str) -> str | None:
    """Why this holder may be replaced, None while it may not: a dead process of this host, or a lease that ended."""
    if held.info.host == socket.gethostname() and is_dead(held.info.process, dict(held.marks)):
        return "its process is gone"
    return "its lease ended" if moment(held.info.expires) < moment(now) else None


def lease_end(now: str, seconds: float) -> str:
    """`now` plus `seconds`, both ISO 8601 UTC."""
    return (moment(now) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def present() -> str:
    """The real time, for the reading methods of a backend, which are handed no clock."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
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
                hint="wait for it (--lock-timeout SECONDS), or if that process is gone for certain: "
                f"reconciler state force-unlock {held.id}",
            )
        if not told:
            emit(Notice(f"waiting up to {timeout:g} s for the lock: {describe_holder(held)}"))
            told = True
        clock.sleep(min(wait, left))
        wait = min(wait * 2, LONGEST_WAIT)


def tell_takeover(held: Held, reason: str, emit: Emit) -> None:
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


class RemoteLease:
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
