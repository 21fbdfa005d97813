"""The journal: what happened since the state document was written, one line each, folded into it later.

A line is `<digest of the rest> <JSON>`; the JSON names the lineage and the serial of the document it continues, so
that lines which the document already contains (a crash between writing it and clearing the journal) are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from reconciler.core import members as read
from reconciler.core.codec import from_json, to_json
from reconciler.core.digest import digest_bytes
from reconciler.core.members import Malformed, address_from
from reconciler.core.state.file import (
    entry_from_json,
    entry_to_json,
    intent_from_json,
    intent_to_json,
)
from reconciler.errors import StateUnreadable
from reconciler.types.address import Address
from reconciler.types.history import RunHeader, Running
from reconciler.types.json import Json, Object
from reconciler.types.state import Entry, Intent, State

KEPT_PLANS = 50
_FRAME = frozenset({"record", "lineage", "serial"})
KEPT_IDS = 5
"""Ids remembered of what left one address."""
KEPT_ADDRESSES = 20_000
OUTCOMES = ("created", "adopted", "updated", "deleted", "forgotten", "moved", "recorded")


@dataclass(frozen=True, slots=True)
class IntentNoted:
    """A create is about to be sent."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class IntentDropped:
    """A create certainly did not happen, or was settled."""

    address: Address


@dataclass(frozen=True, slots=True)
class Outcome:
    """One resource as it is now; `entry` None takes it out of state. Settles the intent of that address."""

    address: Address
    outcome: str
    """One of `OUTCOMES`; for people who read the journal."""
    entry: Entry | None = None
    previous: Address | None = None
    """Its address before a move: leaves state."""


@dataclass(frozen=True, slots=True)
class AccountNoted:
    """What was learnt of the account; None says nothing."""

    owner: str | None = None
    key: str | None = None
    """Salted digest of an API key that belongs to it."""
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class DigestKeyNoted:
    """From now on secrets are digested under this key; None for scrypt."""

    id: str | None


@dataclass(frozen=True, slots=True)
class PlanStarted:
    """A saved plan began: from here on it counts as applied."""

    digest: str


@dataclass(frozen=True, slots=True)
class PlanFinished:
    """It came to its end; changes nothing in state."""

    digest: str


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The run that writes these lines is about to change the account."""

    header: RunHeader


@dataclass(frozen=True, slots=True)
class ChangeBegan:
    """One change is about to be sent; `preimage` is packed (`core.preimage`)."""

    address: Address
    preimage: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run came to its end."""

    result: str
    """done | failed | interrupted"""
    failed: frozenset[Address] = frozenset()
    skipped: frozenset[Address] = frozenset()
    """Announced and not begun."""


Record: TypeAlias = (
    IntentNoted
    | IntentDropped
    | Outcome
    | AccountNoted
    | DigestKeyNoted
    | PlanStarted
    | PlanFinished
    | RunBegan
    | ChangeBegan
    | RunEnded
)


_RUN_RECORDS: dict[str, type[RunBegan | ChangeBegan | RunEnded]] = {
    "run_began": RunBegan,
    "change_began": ChangeBegan,
    "run_ended": RunEnded,
}


class Folding:
    """A state under construction: records in, a `State` out. Not thread-safe by itself."""

    def __init__(self, state: State) -> None:
        self._base = state
        self._resources = dict(state.resources)
        self._pending = {intent.address: intent for intent in state.pending}
        self._running = state.running
        self._items = dict(state.running.items) if state.running is not None else {}
        self._done = set(state.running.done) if state.running is not None else set()
        self._retired = dict(state.retired)
        self._made: State | None = state

    def entry(self, address: Address) -> Entry | None:
        """What state holds at `address` now."""
        return self._resources.get(address)

    def add(self, record: Record) -> None:
        """Take one record in; the same record twice is the same as once."""
        self._made = None
        match record:
            case IntentNoted(intent):
                self._pending[intent.address] = intent
            case IntentDropped(address):
                self._pending.pop(address, None)
            case Outcome(address, _, entry, previous):
                self._pending.pop(address, None)
                if address in self._items:
                    self._done.add(address)
                if previous is not None and previous != address:
                    self._resources.pop(previous, None)
                    self._pending.pop(previous, None)
                if entry is None:
                    self._retire(address, self._resources.pop(address, None))
                else:
                    self._resources[address] = entry
            case AccountNoted(owner, key, base_url):
                base = self._base
                keys = base.keys if key is None or key in base.keys else (*base.keys, key)
                self._base = replace(base, owner=owner or base.owner, keys=keys, base_url=base_url or base.base_url)
            case DigestKeyNoted(id):
                self._base = replace(self._base, digest_key=id)
            case PlanStarted(digest):
                if digest not in self._base.applied_plans:
                    plans = (*self._base.applied_plans, digest)[-KEPT_PLANS:]
                    self._base = replace(self._base, applied_plans=plans)
            case PlanFinished():
                pass
            case RunBegan(header):
                self._running, self._items, self._done = Running(header), {}, set()
            case ChangeBegan(address, text):
                self._items[address] = text
            case RunEnded(result, failed, skipped):
                if self._running is not None:
                    self._running = replace(self._running, ended=result, failed=failed, skipped=skipped)

    def _retire(self, address: Address, entry: Entry | None) -> None:
        """Remember which object this was: manifests may go on naming it."""
        if entry is None:
            return
        ids = dict.fromkeys((*self._retired.pop(address, ()), *entry.former, entry.id))
        self._retired[address] = tuple(ids)[-KEPT_IDS:]
        if len(self._retired) > KEPT_ADDRESSES:
            del self._retired[next(iter(self._retired))]

    def state(self) -> State:
        """The state as of now; later records do not change it."""
        if self._made is None:
            running = self._running
            if running is not None:
                running = replace(running, items=dict(self._items), done=frozenset(self._done))
            self._made = replace(
                self._base,
                resources=dict(self._resources),
                pending=tuple(self._pending.values()),
                running=running,
                retired=dict(self._retired),
            )
        return self._made


def encode(record: Record, lineage: str, serial: int) -> bytes:
    """One line (without newline) that continues the document with this lineage and serial."""
    document: Object = {"lineage": lineage, "serial": serial, **_to_json(record)}
    body = json.dumps(document, separators=(",", ":"), sort_keys=True).encode("ascii")
    return digest_bytes(body).encode("ascii") + b" " + body


def binding(line: bytes) -> tuple[str, int] | None:
    """Lineage and serial of the document that `line` continues; None for a damaged line."""
    try:
        document = _open(line)
        return read.text(document.get("lineage"), "/lineage"), read.whole(document.get("serial"), "/serial")
    except Malformed:
        return None


def decode(line: bytes) -> Record:
    """The record in one line. Raises `Malformed`."""
    return _from_json(_open(line))


def fold(state: State, lines: Iterable[bytes], *, where: str = "the journal") -> State:
    """`state` with every line that continues it taken in; lines of another lineage or serial are passed over.

    A damaged last line is a write that never finished and is left out. Raises `StateUnreadable` for a damaged line
    before the last.
    """
    folding = Folding(state)
    all_lines = list(lines)
    for index, line in enumerate(all_lines):
        try:
            document = _open(line)
            if (document.get("lineage"), document.get("serial")) == (state.lineage, state.serial):
                folding.add(_from_json(document))
        except Malformed as error:
            if index == len(all_lines) - 1:
                break
            raise StateUnreadable(
                f"{where} is damaged in line {index + 1} of {len(all_lines)}: {error}",
                hint="move the journal aside; what its run created is then found again in the account by name",
            ) from None
    return folding.state()


def _open(line: bytes) -> Object:
    mark, _, body = line.partition(b" ")
    if digest_bytes(body).encode("ascii") != mark:
        raise Malformed("its checksum does not fit")
    try:
        return read.mapping(json.loads(body), "")
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None


def _to_json(record: Record) -> Object:
    match record:
        case IntentNoted(intent):
            return {"record": "intent", "intent": intent_to_json(intent)}
        case IntentDropped(address):
            return {"record": "dropped", "address": str(address)}
        case Outcome(address, outcome, entry, previous):
            return {
                "record": "outcome",
                "address": str(address),
                "outcome": outcome,
                "entry": None if entry is None else entry_to_json(address, entry),
                "previous": None if previous is None else str(previous),
            }
        case AccountNoted(owner, key, base_url):
            return {"record": "account", "owner": owner, "key": key, "base_url": base_url}
        case DigestKeyNoted(id):
            return {"record": "digest_key", "id": id}
        case PlanStarted(digest):
            return {"record": "plan_started", "digest": digest}
        case PlanFinished(digest):
            return {"record": "plan_finished", "digest": digest}
        case RunBegan():
            return {"record": "run_began", **_members(record)}
        case ChangeBegan():
            return {"record": "change_began", **_members(record)}
        case RunEnded():
            return {"record": "run_ended", **_members(record)}


def _members(record: RunBegan | ChangeBegan | RunEnded) -> Object:
    return read.mapping(to_json(record), "")


def _from_json(found: Object) -> Record:
    match found.get("record"):
        case "intent":
            return IntentNoted(intent_from_json(found.get("intent"), "/intent"))
        case "dropped":
            return IntentDropped(address_from(found.get("address"), "/address"))
        case "outcome":
            return _outcome(found)
        case "account":
            return AccountNoted(
                read.optional_text(found.get("owner"), "/owner"),
                read.optional_text(found.get("key"), "/key"),
                read.optional_text(found.get("base_url"), "/base_url"),
            )
        case "digest_key":
            return DigestKeyNoted(read.optional_text(found.get("id"), "/id"))
        case "plan_started":
            return PlanStarted(read.text(found.get("digest"), "/digest"))
        case "plan_finished":
            return PlanFinished(read.text(found.get("digest"), "/digest"))
        case "run_began" | "change_began" | "run_ended" as word:
            members = {name: value for name, value in found.items() if name not in _FRAME}
            return from_json(_RUN_RECORDS[word], members)
        case other:
            raise Malformed(f"/record: {other!r} is unknown")


def _outcome(found: Object) -> Outcome:
    address = address_from(found.get("address"), "/address")
    entry: Json = found.get("entry")
    previous: Json = found.get("previous")
    return Outcome(
        address,
        read.text(found.get("outcome"), "/outcome"),
        None if entry is None else entry_from_json(address, entry, "/entry"),
        None if previous is None else address_from(previous, "/previous"),
    )
