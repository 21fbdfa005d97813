"""The record of a lock as Terraform's protocol carries it: its seven fields, what else we know inside `Info`."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from reconciler import __version__
from reconciler.backends.locking.lock_acquire import Held, present, shown
from reconciler.backends.locking.process_identity import process_marks
from reconciler.core.serialization.untrusted_json import Unfit, parse_json
from reconciler.types.json import Json
from reconciler.types.state import LockInfo

PROBE = "look"
"""The operation of a lock that is taken only to see who has it; given back at once."""


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
        since=present(),
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
        return present()
