"""The journal: what happened since the state document was written, one line each.

A line is `<digest of the rest> <JSON>`; the JSON names the lineage and the serial of the document it continues, so
that lines which the document already contains (a crash between writing it and clearing the journal) are passed over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.core.serialization import checked_json as read
from reconciler.core.serialization.checked_json import Malformed, address_from, parse_json
from reconciler.core.serialization.digest import digest_bytes
from reconciler.core.serialization.record_codec import from_json, to_json
from reconciler.core.state.entry_format import (
    entry_from_json,
    entry_to_json,
    intent_from_json,
    intent_to_json,
)
from reconciler.types.address import Address
from reconciler.types.history import RunHeader
from reconciler.types.json import Json, Object
from reconciler.types.state import Entry, Intent, Move

_FRAME = frozenset({"record", "lineage", "serial"})
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
    """Where the same entry was until now: leaves state."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """Objects and open creates that are found at other addresses from now on, all at once."""

    moves: tuple[Move, ...]


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
    """A saved plan began: from here on it can only be taken up again."""

    digest: str


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One change of a saved plan was carried out whole."""

    digest: str
    address: Address


@dataclass(frozen=True, slots=True)
class PlanFinished:
    """All of it was carried out: it cannot be applied again."""

    digest: str


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The run that writes these lines is about to change the account."""

    header: RunHeader


@dataclass(frozen=True, slots=True)
class ChangeBegan:
    """One change is about to be sent; `preimage` is packed (`core.history.preimage`)."""

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
    | Renamed
    | AccountNoted
    | DigestKeyNoted
    | PlanStarted
    | PlanStep
    | PlanFinished
    | RunBegan
    | ChangeBegan
    | RunEnded
)


_RUN_RECORDS: dict[str, type[RunBegan | ChangeBegan | RunEnded | Renamed]] = {
    "renamed": Renamed,
    "run_began": RunBegan,
    "change_began": ChangeBegan,
    "run_ended": RunEnded,
}


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


def decode_for(line: bytes, lineage: str, serial: int) -> Record | None:
    """The record in one line; None where the line continues another document. Raises `Malformed`."""
    document = _open(line)
    return _from_json(document) if (document.get("lineage"), document.get("serial")) == (lineage, serial) else None


def _open(line: bytes) -> Object:
    mark, _, body = line.partition(b" ")
    if digest_bytes(body).encode("ascii") != mark:
        raise Malformed("its checksum does not fit")
    try:
        return read.mapping(parse_json(body, own=True), "")
    except ValueError as error:
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
        case PlanStep(digest, address):
            return {"record": "plan_step", "digest": digest, "address": str(address)}
        case PlanFinished(digest):
            return {"record": "plan_finished", "digest": digest}
        case Renamed():
            return {"record": "renamed", **_members(record)}
        case RunBegan():
            return {"record": "run_began", **_members(record)}
        case ChangeBegan():
            return {"record": "change_began", **_members(record)}
        case RunEnded():
            return {"record": "run_ended", **_members(record)}


def _members(record: RunBegan | ChangeBegan | RunEnded | Renamed) -> Object:
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
        case "plan_step":
            return PlanStep(read.text(found.get("digest"), "/digest"), address_from(found.get("address"), "/address"))
        case "plan_finished":
            return PlanFinished(read.text(found.get("digest"), "/digest"))
        case "run_began" | "change_began" | "run_ended" | "renamed" as word:
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
