"""State behind an HTTP address, in the protocol of Terraform's `http` backend: GitLab, Gitea and many small servers.

GET the document (200; 204 and 404: none yet), POST it (with `?ID=` of the lock), LOCK and UNLOCK with the record of
the holder as JSON; 423 or 409 answer a LOCK with the record of the one who has it.

The protocol has no way to renew a lock or to ask who holds it. So a lock here has no lease: it stays until it is
given back, until its process is dead and we are on the same host, or until `force-unlock`. And who holds it is asked
by trying to take it under the operation `look`, for which whoever wants the lock waits a moment.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

from reconciler.backends.context import BackendContext
from reconciler.backends.http_client import (
    Addresses,
    HttpClient,
    Reply,
    read_addresses,
    read_client,
    without_credentials,
)
from reconciler.backends.lease import HeldLease, keep_lease
from reconciler.backends.lock_acquire import (
    Held,
    acquire,
    host_mutex,
    now_utc,
    process_marks,
    reason_to_take,
    refuse_other,
    report_takeover,
    shown,
)
from reconciler.core.serialization.checked_json import Unfit, parse_json
from reconciler.core.state.state_document import peek
from reconciler.errors import NotTrusted, StateError, StateLocked
from reconciler.types.json import Json
from reconciler.types.ports import Backend, Clock, Emit, Lease
from reconciler.types.project import BackendSettings
from reconciler.types.state import LockInfo
from reconciler.version import __version__

PROBE_SECONDS = 5.0
"""How long somebody's look at the lock is waited for even without `--lock-timeout`."""
TAKEN = frozenset({409, 423})
NO_LOCKS = frozenset({404, 405, 501})
NO_TIME = ""
"""There is no lease, so no time at which it would have ended."""
PROBE = "look"
"""The operation of a lock that is taken only to see who has it; given back at once."""


def open_backend(settings: BackendSettings, context: BackendContext) -> Backend:
    """The state at the setting `address`. Sends nothing yet.

    What is not set comes from Terraform's own variables (`TF_HTTP_ADDRESS`, `TF_HTTP_PASSWORD`, ...). Raises
    `UsageError` for unknown settings, an address that is none, and a reference to nothing; `NotTrusted` where
    credentials would go to a host that is not the operator's. Reading without credentials needs no trust.
    """
    foreign: list[NotTrusted] = []
    places = read_addresses(settings, context, foreign)
    return HttpBackend(places, read_client(settings, context, foreign), context)


class HttpBackend:
    """The port over HTTP; safe for several threads of one process."""

    shows_holder = False
    journal = None
    seal = None

    def __init__(self, places: Addresses, line: HttpClient, context: BackendContext) -> None:
        self._places = places
        self._line = line
        self._heartbeat = context.heartbeat_seconds
        self._held: str | None = None
        self._storing = threading.Lock()
        self._known: list[bytes | None] = []
        """The document as this run read it, or wrote or tried to write it, last."""

    def read(self) -> bytes | None:
        """The document. Raises `StateError` when the server does not hand it out, or hands out a damaged one."""
        with self._storing:
            found = self._read()
            self._known = [found]
            return found

    def _read(self) -> bytes | None:
        reply = self._line.ask("GET", self._places.address, most=self._line.limits.state)
        if reply.status in {204, 404}:
            return None
        if reply.status != 200:
            raise self._unexpected("GET", reply)
        if reply.digest is not None and reply.digest != _md5(reply.body):
            raise StateError(f"{self.describe()} arrived damaged: its Content-MD5 does not fit", hint="try again")
        return reply.body or None

    def write(self, data: bytes) -> None:
        """Replace the document, under our lock where we hold one. Raises `StateError`, `StateLocked`."""
        with self._storing:
            self._known.append(data)
            self._write(data)
            self._known = [data]

    def _unmoved(self) -> bool:
        """Whether the server still has the lineage and serial that this run knows."""
        with self._storing:
            found = self._read()
            serial = peek(found)
            return any(found == known or (serial is not None and serial == peek(known)) for known in self._known)

    def _write(self, data: bytes) -> None:
        address = _with_id(self._places.address, self._held)
        headers = {"Content-Type": "application/json", "Content-MD5": _md5(data)}
        reply = self._line.ask(self._places.update_method, address, data, headers)
        if reply.status in TAKEN:
            held = parse_lock(reply.body)
            raise StateLocked(
                f"{self.describe()} refuses the write: it is locked by somebody else",
                holder=held.info.record() if held else {"ID": "unknown"},
                hint="the lock of this run was lost; run again once the other run has ended",
            )
        if reply.status not in {200, 201, 202, 204}:
            if reply.tries > 1 and self._read() == data:
                return  # An earlier try arrived, and the server takes a serial only once.
            raise self._unexpected(self._places.update_method, reply)

    def lock(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[Lease]:
        """Hold the server's lock. Raises `StateLocked`, `StateError`."""
        return self._hold(info, timeout, clock, emit)

    def holder(self) -> LockInfo | None:
        """Who holds the lock; takes it for a moment to find out."""
        found = self._look()
        return None if found is None or reason_to_take(found, NO_TIME) else found.info

    def break_lock(self, id: str) -> None:
        """Remove the lock with this id. Raises `StateError` when another or none is held."""
        held = refuse_other(self._look(), id)
        if not self._unlock(held.record):
            raise StateError(
                f"{self.describe()} refuses to remove the lock {id}", hint="somebody else may have taken it just now"
            )

    def describe(self) -> str:
        """The address, without credentials."""
        return without_credentials(self._places.address)

    def neighbours(self) -> Sequence[str]:
        """None: the place is not named after the project, and whose it is stands in the document."""
        return ()

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """Pauses between two tries end once `stop` says so."""
        self._line.patience.stop_when(stop)

    def close(self) -> None:
        """Give the connection back; the next method makes a new one."""
        self._line.close()

    @contextmanager
    def _hold(self, info: LockInfo, timeout: float, clock: Clock, emit: Emit) -> Iterator[HeldLease]:
        acquire(lambda: self._attempt(info, clock, emit), timeout=timeout, clock=clock, emit=emit)
        self._held = info.id
        try:
            with keep_lease(
                info, ask=self._holding, renew=None, release=lambda: self._release(info),
                heartbeat=self._heartbeat, emit=emit, unmoved=self._unmoved,
            ) as lease:  # fmt: skip
                self._prove_exclusive()
                yield lease
        finally:
            self._held = None

    def _prove_exclusive(self) -> None:
        """Raise `StateError` where the server locks for one more while this run holds the lock."""
        if self._look() is None:
            raise StateError(
                f"{without_credentials(self._places.lock_address)} gives its lock to everybody who asks, "
                "so it is none",
                hint="check `lock_address` and `lock_method` under `state:`, or use another backend: postgres, s3",
            )

    def _release(self, info: LockInfo) -> None:
        self._held = None
        self._unlock(write_lock(info, self.describe()))

    def _attempt(self, info: LockInfo, clock: Clock, emit: Emit) -> LockInfo | None:
        """Take the lock if it is free, or its holder a dead process of this host; else who holds it."""
        held = self._lock(info)
        waited = 0.0
        while held is not None and held.info.operation == PROBE and waited < PROBE_SECONDS:
            if reason_to_take(held, NO_TIME):
                break
            clock.sleep(0.1)
            waited += 0.1
            held = self._lock(info)
        if held is None or not reason_to_take(held, NO_TIME):
            return held.info if held else None
        with host_mutex(self._places.lock_address):
            again = self._lock(info)
            if again is None:
                return None
            reason = reason_to_take(again, NO_TIME)
            if reason is None:
                return again.info
            self._unlock(again.record)
            last = self._lock(info)
        if last is None:
            report_takeover(again, reason, emit)
            return None
        return last.info

    def _lock(self, info: LockInfo) -> Held | None:
        """LOCK: None when it is ours, else who holds it."""
        body = write_lock(info, self.describe())
        reply = self._line.ask(
            self._places.lock_method, self._places.lock_address, body, {"Content-Type": "application/json"}
        )
        if reply.status in {200, 201, 204}:
            return None
        if reply.status in TAKEN:
            held = parse_lock(reply.body)
            if held is None:
                raise StateLocked(
                    f"{self.describe()} is locked, and the server does not say by whom",
                    holder={"ID": "unknown"},
                    hint="wait for it (--lock-timeout 5m)",
                )
            # Our own id: an earlier try arrived, though its answer did not.
            return None if held.info.id == info.id else held
        if reply.status in NO_LOCKS:
            raise StateError(
                f"{without_credentials(self._places.lock_address)} does not lock: it answers "
                f"{self._places.lock_method} with {reply.status}",
                hint="set `lock_address` and `lock_method` under `state:`; without a lock nothing is written",
            )
        raise self._unexpected(self._places.lock_method, reply)

    def _unlock(self, record: bytes) -> bool:
        """UNLOCK with the record that was locked with; False when the server says that another holds it."""
        reply = self._line.ask(
            self._places.unlock_method, self._places.unlock_address, record, {"Content-Type": "application/json"}
        )
        # On a second try the first may have done it already.
        if reply.status not in {200, 201, 202, 204, 404, *TAKEN}:
            raise self._unexpected(self._places.unlock_method, reply)
        return reply.status not in TAKEN

    def _look(self) -> Held | None:
        """Who holds the lock, found out by trying to take it."""
        probe = make_probe()
        held = self._lock(probe)
        if held is None:
            self._unlock(write_lock(probe, self.describe()))
        return held

    def _holding(self) -> LockInfo | None:
        found = self._look()
        return None if found is None else found.info

    def _unexpected(self, method: str, reply: Reply) -> StateError:
        return StateError(
            f"{self.describe()} answers {method} with {reply.status}",
            hint="check the address and the methods under `state:`; what the server speaks must be the protocol of "
            "Terraform's http backend",
        )


def _with_id(address: str, id: str | None) -> str:
    if id is None:
        return address
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("ID", id)])
    return urlunsplit(parts._replace(query=query))


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode("ascii")


def write_lock(info: LockInfo, path: str) -> bytes:
    """The JSON that LOCK and UNLOCK send. `path` is where the state lives, for people.

    Servers keep these seven fields and no others, so host, process and job travel as JSON inside `Info`.
    """
    inside: dict[str, Json] = {"host": info.host, "process": info.process, "since": info.since}
    inside["marks"] = dict(process_marks(info.process))
    if info.run:
        inside["run"] = info.run
    record = {
        "ID": info.id,
        "Operation": info.operation,
        "Info": json.dumps(inside, separators=(",", ":")),
        "Who": info.who,
        "Version": info.version,
        "Created": _in_utc(info.since),
        "Path": path,
    }
    return json.dumps(record).encode("ascii")


def parse_lock(data: bytes) -> Held | None:
    """The holder in an answer to LOCK, ours or that of another program; None where the answer does not say."""
    record = _mapping(data)
    if not record or not record.get("ID"):
        return None
    inside = _mapping(str(record.get("Info") or "").encode())
    process = inside.get("process")
    marks = inside.get("marks")
    run = inside.get("run")
    who = shown(record.get("Who") or "somebody")
    info = LockInfo(
        id=shown(record["ID"]),
        operation=shown(record.get("Operation") or "a run"),
        who=who,
        host=shown(inside.get("host") or who.rpartition("@")[2]),
        process=process if isinstance(process, int) else 0,
        since=shown(inside.get("since") or record.get("Created") or "an unknown time"),
        expires="",
        version=shown(record.get("Version") or ""),
        run=shown(run) if run else None,
    )
    return Held(info, {key: str(value) for key, value in marks.items()} if isinstance(marks, dict) else {}, data)


def make_probe() -> LockInfo:
    """The record of a look at the lock by this process."""
    host = socket.gethostname()
    return LockInfo(
        id=str(uuid4()),
        operation=PROBE,
        who=f"process {os.getpid()}@{host}",
        host=host,
        process=os.getpid(),
        since=now_utc(),
        expires="",
        version=__version__,
    )


def _mapping(data: bytes) -> Mapping[str, Json]:
    try:
        found = parse_json(data)
    except Unfit:
        return {}
    return found if isinstance(found, dict) else {}


def _in_utc(text: str) -> str:
    # Servers written in Go refuse a record whose time has no offset; anything that is no time becomes the present.
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return now_utc()
