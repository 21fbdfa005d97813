"""What one change of a saved plan shows, held against the object that it is about: before, after, patch, fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from reconciler.core.canonical.canonical_form import (
    comparable_document,
    effective_value,
    is_at_default,
    is_masked,
    json_equal,
    leaf_at,
    leaves,
    normalize,
)
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import enclosing_item
from reconciler.core.canonical.references import differs_in_ids, reference_texts
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.diff.json_patch import apply_patch
from reconciler.core.diff.three_way import hidden
from reconciler.core.planning.write_check import is_there
from reconciler.core.resource_diff.resource_plan import atomic_parent, field_change
from reconciler.core.secrets.redact_document import marked, redact
from reconciler.core.secrets.secret_book import UNKNOWN, SecretBook, has_secret
from reconciler.types.change import Action, Change, Direction, FieldChange, Reason
from reconciler.types.json import Json, Object, is_mask, lookup, masks, within
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.state import Entry

EMPTY: tuple[Json, ...] = (None, {}, [])


def wrong_create(change: Change) -> Iterator[str]:
    """In what the create of an object contradicts itself."""
    spec = change.kind
    if change.before is not None or change.patch or change.after is None:
        yield "a new object has a patch, or nothing to be made of"
        return
    shown = {path: value for path, value in leaves(spec, change.after).items() if value is not None}
    fields = {field.path: field for field in change.fields}
    if fields.keys() != shown.keys():
        yield "the fields that it shows are not those of the new object"
    for path, value in shown.items():
        wanted = field_change(spec, path, Direction.GIT, None, value)
        told = fields.get(path)
        if told is not None and not (agree(told.after, wanted.after) and told.before is None):
            yield f"{path} is shown as another value than would be sent"
    for path, ours in (change.managed or {}).items():
        current = leaf_at(spec, change.after, path)
        if not agree(current, ours) and not (is_mask(current) and has_secret(ours)):
            yield f"{path} would be recorded as another value than is sent"
    name = lookup(change.after, spec.name_field)
    if isinstance(name, str) and not is_mask(name) and name != change.name:
        yield "its name is not the one that would be sent"
    if not _referred(change) <= {str(address) for address in change.depends_on}:
        yield "it refers to what it does not depend on"


def wrong_delete(change: Change, live: LiveObject | None, secrets: Collection[str]) -> Iterator[str]:
    """In what a delete does not show the object that goes."""
    if change.patch or change.fields or change.after is not None:
        yield "an object that goes has changes of its own"
    if live is not None and change.before is not None:
        spec = change.kind
        wanted = redact(spec, live_document(spec, live), secrets)
        apart = [pointer[1:] for pointer in spec.separate_pointers]
        held, real = (
            {key: value for key, value in item.items() if key not in apart} for item in (change.before, wanted)
        )
        if not agree(held, real):
            yield "it does not show the object that goes as it is"
    elif change.action is Action.DELETE:
        yield "it does not show the object that goes"


def wrong_update(change: Change, entry: Entry | None, live: LiveObject | None, book: SecretBook) -> Iterator[str]:
    """In what a change of an object, or one that writes nothing, contradicts itself or the object."""
    spec = change.kind
    if change.action is Action.NOOP and change.patch:
        yield "it has a patch and writes nothing"
    if change.action is Action.UPDATE and (change.before is None or change.after is None):
        yield "it does not show what it changes"
    if live is None:
        return
    yield from _untrue(spec, change, live_document(spec, live), entry, book)
    if change.before is None or change.after is None:
        return
    try:
        patched = apply_patch(change.patch, live.body)
    except Exception as error:  # whatever the library says of operations that do not fit
        yield f"its patch cannot be applied ({type(error).__name__})"
        return
    document = live_document(spec, live)
    before = comparable_document(spec, document)
    after = comparable_document(spec, live_document(spec, replace(live, body=patched)))
    secrets = _secrets(change, entry)
    shown = redact(spec, after, secrets, keep=True)
    yield from _differing(spec, change, change.before, redact(spec, before, secrets), "stood before")
    if change.action is Action.UPDATE:  # what is only observed is shown beside what it is wanted to be
        yield from _differing(spec, change, change.after, shown, "would stand after")
        yield from _unsaid(spec, change, before, after, shown)
    for field in change.fields:
        # A whole item is shown without what only the server fills in (its id, its dates).
        whole = enclosing_item(spec, field.path) == field.path
        if wrong := _wrong_field(spec, change, field, before if whole else document, after, entry, book):
            yield f"{field.path} {wrong}"
    if change.action is Action.UPDATE and change.reason is Reason.REPOINTED and not all(
        field.after_unknown and _repointed(spec, change, field) for field in change.fields
    ):  # fmt: skip
        yield "more than references changes"
    if not _referred(change) <= {str(address) for address in change.depends_on}:
        yield "it refers to what it does not depend on"
    if any(isinstance(lookup(before, parent), dict) for parent in change.parents):
        yield "it says to make what is there already"


def agree(shown: Json, wanted: Json) -> bool:
    """Whether people were shown `wanted`; an id that is not known yet is shown as nothing."""
    if is_mask(shown) or is_mask(wanted):
        return is_mask(shown) and is_mask(wanted)
    if isinstance(wanted, dict) and isinstance(shown, dict):
        return all(agree(shown.get(key), wanted.get(key)) for key in {**shown, **wanted})
    if isinstance(wanted, list) and isinstance(shown, list):
        return len(shown) == len(wanted) and all(map(agree, shown, wanted))
    if shown in EMPTY and shown is not False and (wanted in EMPTY or any(True for _ in reference_texts(wanted))):
        return True
    return json_equal(shown, wanted)


def _secrets(change: Change, entry: Entry | None) -> frozenset[str]:
    """Where secrets stand: by what the change says, and by what the state remembers."""
    found = set(marked(change.after or {})) | (set(entry.secret_paths) if entry is not None else set())
    for path, value in (change.managed or {}).items():
        found |= {path + pointer[len("/value") :] for pointer in marked({"value": value})}
    return frozenset(found)


def _differing(spec: KindSpec, change: Change, shown: Object, wanted: Object, when: str) -> Iterator[str]:
    held, real = leaves(spec, shown), leaves(spec, wanted)
    for path in {**held, **real}:
        if any(within(path, other) for other in spec.separate_pointers) or agree(held.get(path), real.get(path)):
            continue
        unseen = next(masks(held.get(path)), None) is not None
        if unseen and any(within(path, other) or within(other, path) for other in change.lifecycle.ignore):
            continue  # a reference of the manifest that is left alone stands nowhere in the plan
        yield f"{path} is not shown as it {when}"


def _unsaid(spec: KindSpec, change: Change, before: Object, after: Object, shown: Object) -> Iterator[str]:
    """Leaves that the patch writes and that no field tells, and values that nobody could see."""
    held, left, seen = leaves(spec, before), leaves(spec, after), leaves(spec, shown)
    carried = {path for companion in spec.companions for path in companion.pointers}
    told = {field.path for field in change.fields}
    told |= {atomic for path in told if (atomic := atomic_parent(spec, path)) is not None}
    for path in {**held, **left}:
        row = field_at(spec, path)
        old, new = held.get(path), left.get(path)
        if json_equal(effective_value(row, old), effective_value(row, new)) or (old in EMPTY and new in EMPTY):
            continue
        if new is None and is_at_default(row, old):
            continue
        if (
            is_mask(seen.get(path))
            and not is_masked(new)
            and not any(json_equal(new, value) for value in held.values())
        ):
            yield f"{path} would get a value that is not shown"
        if any(within(path, other) or within(other, path) for other in told):
            continue
        if not (path in carried and json_equal(new, (change.managed or {}).get(path))):
            yield f"{path} would be written and is not shown"


def _wrong_field(
    spec: KindSpec,
    change: Change,
    field: FieldChange,
    before: Object,
    after: Object,
    entry: Entry | None,
    book: SecretBook,
) -> str | None:
    row, path = field_at(spec, field.path), field.path
    managed = change.managed or {}
    if row is not None and (row.server_owned or (row.immutable and change.action is Action.UPDATE)):
        return "cannot be written"
    if _disowned(spec, field, managed, entry, book):
        return "was changed by the manifest, not in the account"
    if path in spec.separate_pointers:
        wanted = managed.get(path, [] if path == spec.attachments else None)
        return None if agree(field.after, wanted) else "is shown as another value than would be sent"
    current, new = leaf_at(spec, before, path), leaf_at(spec, after, path)
    known = entry.secret_paths if entry is not None else frozenset[str]()
    secret = any(within(path, other) or within(other, path) for other in known)
    wanted = managed.get(path, new if change.action is Action.UPDATE else field.after)
    said = field_change(spec, path, field.direction, current, wanted, secret=secret)
    if not (agree(field.before, said.before) or agree(field.before, effective_value(row, said.before))):
        return "is not shown as it stands now"
    if not (agree(field.after, said.after) or (is_mask(field.after) and has_secret(wanted))):
        return "is shown as another value than would be sent"
    if (
        change.action is Action.UPDATE
        and (row is None or row.presence_field is None)
        and not _arrives(spec, path, wanted, new)
    ):
        return "is shown, and would not be written"
    return None


def _arrives(spec: KindSpec, path: str, wanted: Json, new: Json) -> bool:
    return is_there(spec, path, wanted, new) or json_equal(wanted, new) or agree(new, wanted)


def _disowned(
    spec: KindSpec, field: FieldChange, managed: Mapping[str, Json], entry: Entry | None, book: SecretBook
) -> bool:
    """Whether the field claims to be somebody's edit of the account (which counts for no ratio) and is not."""
    if field.direction is not Direction.LIVE or entry is None:
        return False
    sent = entry.sent.get(field.path)
    if sent is None:
        return field.after is not None or enclosing_item(spec, field.path) is None
    value = managed.get(field.path)
    if has_secret(value) and book.missing(value):
        return False
    return book.matches(effective_value(field_at(spec, field.path), book.fill(value)), sent) is False


def _untrue(spec: KindSpec, change: Change, document: Object, entry: Entry | None, book: SecretBook) -> Iterator[str]:
    """Leaves that would be recorded as applied and are neither written nor what the account or the state has."""
    told = [
        *(field.path for field in change.fields),
        *(adoption.path for adoption in change.adopt),
        *spec.separate_pointers,
    ]
    for path, value in (change.managed or {}).items():
        if any(within(path, other) or within(other, path) for other in told) or (
            has_secret(value) and book.missing(value)
        ):
            continue
        row, current = field_at(spec, path), leaf_at(spec, document, path)
        wanted = normalize(row, book.fill(value) if has_secret(value) else value)
        sent = entry.sent.get(path, UNKNOWN) if entry is not None else UNKNOWN
        as_sent = sent != UNKNOWN and book.matches(effective_value(row, wanted), sent) is not False
        assumed = sent == UNKNOWN and hidden(row, current, value)
        if not (as_sent or assumed or is_there(spec, path, wanted, current)):
            yield f"{path} would be recorded as another value than the account has"


def _repointed(spec: KindSpec, change: Change, field: FieldChange) -> bool:
    row = field_at(spec, field.path)
    return (row is not None and row.ref is not None) or differs_in_ids(
        field.before, (change.managed or {}).get(field.path)
    )


def _referred(change: Change) -> set[str]:
    """Addresses of everything that the requests refer to and has no id yet."""
    return {str(text) for request in change.requests for text in reference_texts(request.body)}
