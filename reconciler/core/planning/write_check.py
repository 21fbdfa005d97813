"""Judging what the account shows after a write, before it becomes "seen"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import (
    effective_value,
    is_at_default,
    is_masked,
    is_unset,
    json_equal,
    leaf_at,
    leaves,
    may_be_omitted,
    normalize,
)
from reconciler.core.canonical.field_tree import field_at, is_undeclared
from reconciler.core.canonical.references import bind
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.diff.three_way import hidden, is_secret, only_defaults
from reconciler.core.fields.field_check import spelling_hint
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, FieldChange
from reconciler.types.json import Json, Object, is_mask, join, lookup, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject

DRAFT_MARKS = ("publish_url", "is_draft", "is_draft_view", "has_unpublished_changes")
UNDOCUMENTED = re.compile(r"observed|vendor client|[\w-]+ example")
"""Sources that tell of a field, but not that the API takes it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`pending`: not there (yet), read again. `vanished`: a member outside the patch is gone. `notes`: said once."""

    pending: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    draft: bool = False

    @property
    def good(self) -> bool:
        return not self.pending and not self.vanished and not self.draft


def judge(
    change: Change,
    live: LiveObject,
    book: SecretBook,
    ids: Mapping[Address, str],
    *,
    unchanged: bool = False,
) -> Judgement:
    """Compare the object as read back with what was written.

    Equal, or hidden as a secret or a default: good. Unchanged from before, absent, or marked as a draft: pending.
    A member outside the patch that is gone: vanished. Any other value is the server's normal form: good, with a
    note; so is a member of which nothing certain is known and that the server leaves out, once the rest of the same
    write is there. `unchanged` says that the server answered 304: in its eyes everything is as it should be.
    """
    spec = change.kind
    document = live_document(spec, live)
    pending: list[str] = []
    notes: list[str] = []
    for field in change.fields:
        row = field_at(spec, field.path)
        wanted = bind(_wanted(change, field.path, field.after), ids)
        desired = normalize(row, book.fill(wanted))
        current = leaf_at(spec, document, field.path)
        if is_there(spec, field.path, desired, current) or (desired is not None and hidden(row, current, wanted)):
            continue
        absent = current is None or is_unset(row, current)
        if desired is not None and (absent or _as_before(field.before, current)):
            if not unchanged:
                pending.append(field.path)
        elif desired is None:
            # Removed; what stands there now is what the server fills in, unless nothing moved at all.
            if _stayed(spec, field.path, field.before, current):
                pending.append(field.path)
        elif field.sensitive or is_secret(row, field.after):
            notes.append(f"{field.path}: the server shows another value than was sent")
        else:
            notes.append(f"{field.path}: the server shows {_short(current)} for {_short(desired)}")
    left_out = {path for path in pending if is_doubtful(spec, path) and leaf_at(spec, document, path) is None}
    if len(left_out) < len(change.fields) and left_out.issuperset(pending):
        # A write arrives whole or not at all: this is what the server does not keep, not what it does not show yet.
        hints = {path: spelling_hint(spec, path) for path in pending}
        notes += [
            f"{path}: the API does not keep this field{f'; {hint}' if hint else ''}" for path, hint in hints.items()
        ]
        pending = []
    draft = is_draft(live.body) and not unchanged
    vanished = _vanished(spec, change, document) if change.action is Action.UPDATE else ()
    return Judgement(tuple(pending), vanished, tuple(notes), draft)


def spelling_hints(change: Change, said: str) -> str | None:
    """What unknown fields of a change that was refused with these words may have been meant to be."""
    hints = (
        f"{field.path}: {hint}"
        for field in change.fields
        if (split(field.path) or [""])[-1] in said and (hint := spelling_hint(change.kind, field.path)) is not None
    )
    return "; ".join(hints) or None


def is_draft(body: Json) -> bool:
    """Whether an answer says that it is about an unpublished draft."""
    return any(lookup(body, join(mark)) for mark in DRAFT_MARKS)


def is_doubtful(spec: KindSpec, path: str) -> bool:
    """Whether the API may ignore this field: no table knows it, no page of the vendor's documents it, or it is
    deprecated. Not what does something of its own (tools, references) or travels in a request of its own."""
    if any(within(path, pointer) for pointer in (*spec.patched_alone, *spec.separate_pointers)):
        return False
    if is_undeclared(spec, path):
        return True
    tokens = split(path)
    rows = (field_at(spec, join(*tokens[:depth])) for depth in range(len(tokens), 0, -1))
    row = next((field for field in rows if field is not None), None)
    if row is None or row.keyed or row.ref is not None:
        return False
    return row.deprecated is not None or UNDOCUMENTED.fullmatch(row.source) is not None


def _wanted(change: Change, path: str, shown: Json) -> Json:
    """The value that was written: the plan shows a secret literal only as `(sensitive)`."""
    managed = change.managed or {}
    return managed.get(path, None if is_mask(shown) else shown)


def wanted_at(change: Change, field: FieldChange, book: SecretBook, ids: Mapping[Address, str]) -> Json:
    """The value that `change` writes at a field, as far as its references are known."""
    row = field_at(change.kind, field.path)
    return normalize(row, book.fill(bind(_wanted(change, field.path, field.after), ids)))


def is_there(spec: KindSpec, path: str, desired: Json, current: Json) -> bool:
    """Whether the account shows `desired` at `path`, in a form that means the same."""
    row = field_at(spec, path)
    if desired is None:
        return is_at_default(row, current) or only_defaults(spec, path, current)
    if json_equal(effective_value(row, desired), effective_value(row, current)):
        return True
    return current is None and may_be_omitted(row, desired)


def _as_before(before: Json, current: Json) -> bool:
    return before is not None and not is_mask(before) and json_equal(before, current)


def _stayed(spec: KindSpec, path: str, before: Json, current: Json) -> bool:
    """Whether something that was to go is still there, beyond what the server fills in of itself."""
    row = field_at(spec, path)
    if row is not None and row.presence_field is not None and is_masked(current):
        return True
    if not isinstance(before, dict) or not isinstance(current, dict):
        return _as_before(before, current) and not may_be_omitted(field_at(spec, path), current)
    held, left = (_leaves_below(spec, path, value) for value in (before, current))
    return any(
        path in held and _as_before(held[path], value) and not may_be_omitted(field_at(spec, path), value)
        for path, value in left.items()
    )


def _leaves_below(spec: KindSpec, path: str, value: Json) -> dict[str, Json]:
    return leaves(spec, apply_edits(spec, {}, [Edit(path, value)]))


def _vanished(spec: KindSpec, change: Change, document: Object) -> tuple[str, ...]:
    """Members that the object had, that the patch did not touch, and that are gone."""
    if change.before is None:
        return ()
    touched = [field.path for field in change.fields]
    wanted = leaves(spec, change.after) if change.after is not None else {}
    return tuple(
        path
        for path, value in leaves(spec, change.before).items()
        if value not in (None, "", [], {})
        and not is_mask(value)
        and not may_be_omitted(field_at(spec, path), value)
        and not is_masked(value)
        and path not in spec.separate_pointers
        and wanted.get(path) is not None
        and not any(within(path, other) or within(other, path) for other in touched)
        and leaf_at(spec, document, path) is None
    )


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"
