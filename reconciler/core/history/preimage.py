"""Pre-images: an object before a change, without a secret in it, and its way into the text that state keeps.

Packed means JSON, compressed and in base64: one opaque text, so that a run that does not look at the
history pays nothing for it.
"""

from __future__ import annotations

import binascii
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import comparable_document
from reconciler.core.canonical.field_tree import absent_from_lists
from reconciler.core.canonical.raw_edit import edit_document
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.secrets.redact_document import redact
from reconciler.core.secrets.secret_book import has_secret
from reconciler.core.serialization import checked_json as read
from reconciler.core.serialization.checked_json import MOST_ANSWER, Malformed, parse_json, receive
from reconciler.core.serialization.record_codec import lookalikes, read_marks, write_marks
from reconciler.core.state.entry_format import entry_from_json, entry_to_json
from reconciler.core.state.entry_records import rests_on_absence
from reconciler.types.address import SecretRef
from reconciler.types.change import Action, Change, Reason
from reconciler.types.json import (
    SENSITIVE,
    Json,
    Object,
    escape,
    is_mask,
    lift_masks,
    lookup,
    masks,
    put_masks,
    refuse_masks,
)
from reconciler.types.live import LiveObject
from reconciler.types.manifest import SetValue
from reconciler.types.state import Entry, Preimage

ITEM = frozenset(
    {
        "address", "action", "id", "body", "entry", "fields", "previous", "replaced", "imported", "outcome", "hidden",
        "whole", "became", "marked",
    }
)  # fmt: skip


def preimage(change: Change, live: LiveObject | None, entry: Entry | None) -> Preimage:
    """What `change` is about to change: the object as it is `live`, and its `entry` in state.

    Without `live` an update keeps what the plan saw; anything else has no object before it.
    """
    found = live is not None or (change.action is Action.UPDATE and change.before is not None)
    id = live.id if live is not None else entry.id if entry is not None else change.id
    return Preimage(
        address=change.address,
        action=change.action.name.lower(),
        id=None if change.reason is Reason.DELETED_OUTSIDE and change.action is Action.FORGET else id,
        body=redacted_body(change, live, entry) if found else None,
        entry=entry,
        fields=tuple(field.path for field in change.fields) if found else (),
        previous=change.previous,
        replaced=change.replaces is not None,
        imported=change.importing is not None and change.reason is not Reason.PENDING,
        whole=live is not None and _is_whole(live, entry),
    )


def _is_whole(live: LiveObject, entry: Entry | None) -> bool:
    """Whether what was read shows all of the object: a GET does; a list item does where nothing that we wrote, nor
    anything that lists leave out, is missing from it."""
    if live.detailed:
        return True
    lacking = any(live.body.get(pointer[1:]) is None for pointer in absent_from_lists(live.kind))
    return not lacking and (entry is None or not rests_on_absence(entry, live))


def redacted_body(change: Change, live: LiveObject | None, entry: Entry | None) -> Object:
    """The whole object in canonical words; where a secret stands, its reference, or `(sensitive)`."""
    spec = change.kind
    managed = change.managed or {}
    written = {field.path for field in change.fields}
    known = {
        path: value
        for path, value in managed.items()
        if path not in written and isinstance(value, SecretRef) and value.kind != "literal"
    }
    known |= {
        path: SecretRef.of(reference) for path, reference in (entry.secrets if entry is not None else {}).items()
    }
    hidden = {*known, *(path for path, value in managed.items() if has_secret(value))}
    hidden |= entry.secret_paths if entry is not None else frozenset()
    seen = comparable_document(spec, live_document(spec, live)) if live is not None else change.before or {}
    body = redact(spec, seen, hidden)
    for path, reference in known.items():
        parent = path.rpartition("/")[0]
        if ((held := lookup(body, path)) is None or is_mask(held)) and isinstance(lookup(body, parent), dict):
            body = apply_edits(spec, body, [Edit(path, reference)])
    return body


def write_item(item: Preimage) -> Object:
    """One pre-image as JSON; what is at its default is left out. `hidden` says where secrets stood, references are
    written as `core.serialization.record_codec` has them (`marked`)."""
    full: Object = {
        "address": str(item.address),
        "action": item.action,
        "id": item.id,
        "body": write_marks(lift_masks(item.body)),
        "entry": None if item.entry is None else entry_to_json(item.previous or item.address, item.entry),
        "fields": list(item.fields),
        "previous": None if item.previous is None else str(item.previous),
        "replaced": item.replaced,
        "imported": item.imported,
        "outcome": item.outcome,
        "whole": item.whole,
        "became": item.became,
    }
    said: Object = {key: value for key, value in full.items() if value not in (None, False, [])}
    return said if item.body is None else {**said, "hidden": list(masks(item.body)), "marked": True}


def read_item(value: Json, where: str) -> Preimage:
    """The inverse of `write_item`. Raises `Malformed`."""
    found = read.mapping(value, where)
    read.refuse_unknown(found, ITEM, where)
    address = read.address_from(found.get("address"), f"{where}/address")
    previous = found.get("previous")
    before = None if previous is None else read.address_from(previous, f"{where}/previous")
    body, entry = found.get("body"), found.get("entry")
    held = None if entry is None else entry_from_json(before or address, entry, f"{where}/entry")
    if body is not None:
        body = read_marks(body) if read.flag(found.get("marked"), f"{where}/marked") else _before_marks(body, held)
    return Preimage(
        address=address,
        action=read.text(found.get("action"), f"{where}/action"),
        id=read.optional_text(found.get("id"), f"{where}/id"),
        body=None if body is None else _body(read.mapping(body, f"{where}/body"), found.get("hidden"), where),
        entry=held,
        fields=read.texts(found.get("fields"), f"{where}/fields"),
        previous=before,
        replaced=read.flag(found.get("replaced"), f"{where}/replaced"),
        imported=read.flag(found.get("imported"), f"{where}/imported"),
        outcome=read.optional_text(found.get("outcome"), f"{where}/outcome") or "unknown",
        whole=read.flag(found.get("whole"), f"{where}/whole"),
        became=read.optional_text(found.get("became"), f"{where}/became"),
    )


def _before_marks(body: Json, entry: Entry | None) -> Json:
    """A body of a version that did not tell references from data: what state holds as the reference of that place is
    one; anything else that looks like one stands for something that is not known."""
    for pointer in [*lookalikes(body)]:
        mark = read_marks(lookup(body, pointer))
        if isinstance(mark, SecretRef):
            known = (entry.secrets if entry is not None else {}).get(pointer) == mark.written()
            body = edit_document(body, SetValue(pointer, mark if known else SENSITIVE))
    return body


def _body(body: Object, hidden: Json, where: str) -> Object:
    """The body with its masks; one from before masks had places of their own has a text where they stood."""
    places = [*_told(body, "")] if hidden is None else read.texts(hidden, f"{where}/hidden")
    found = put_masks(body, frozenset(places))
    return found if isinstance(found, dict) else {}


def _told(value: Json, here: str) -> Iterator[str]:
    if value == SENSITIVE:
        yield here
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _told(member, f"{here}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _told(item, f"{here}/{index}")


def read_items(text: str) -> tuple[Preimage, ...]:
    """Every pre-image of an entry. Raises `Malformed`."""
    items = read.items(unpack(text), "/changes")
    return tuple(read_item(value, f"/changes/{index}") for index, value in enumerate(items))


def pack(value: Json) -> str:
    """A JSON value as one opaque text."""
    refuse_masks(value, "the state")
    text = json.dumps(value, separators=(",", ":"))  # members keep their order: models read schemas as they stand
    return b64encode(zlib.compress(text.encode("ascii"), 6)).decode("ascii")


def pack_list(values: Iterable[Json]) -> str:
    """The same for a list whose items are never together in memory."""
    squeezer, pieces, between = zlib.compressobj(6), [], "["
    for value in values:
        refuse_masks(value, "the state")
        text = between + json.dumps(value, separators=(",", ":"))
        pieces.append(squeezer.compress(text.encode("ascii")))
        between = ","
    pieces += squeezer.compress(b"]" if between == "," else b"[]"), squeezer.flush()
    return b64encode(b"".join(pieces)).decode("ascii")


def unpack(text: str) -> Json:
    """The inverse of `pack`. Raises `Malformed`."""
    try:
        return parse_json(receive([b64decode(text, validate=True)], "deflate", MOST_ANSWER), own=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"the packed text is damaged ({error})") from None
