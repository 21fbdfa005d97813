"""One object of a rollback: its thread -> the resource that puts back what was written since, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from reconciler.core.canonical import at_default, leaves
from reconciler.core.edit import Edit, apply_edits
from reconciler.core.history.threads import Thread, related
from reconciler.core.shape import field_at, is_undeclared
from reconciler.kinds import kind
from reconciler.kinds.base import KindSpec
from reconciler.types.address import Address
from reconciler.types.json import REF, SECRET, Json, Object, lookup, ref_of, within
from reconciler.types.manifest import Lifecycle
from reconciler.types.mask import is_mask
from reconciler.types.resource import Resource
from reconciler.types.source import Source
from reconciler.types.state import Entry


@dataclass(frozen=True, slots=True)
class Restored:
    """What one object is to be again."""

    resource: Resource
    whole: Resource | None = None
    """With everything that is known of it; None where no run has looked at all of it."""
    held: Entry | None = None
    """Its entry in state, None where there is none."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Digest of each secret that was sent then, by path."""
    lost: tuple[str, ...] = ()
    """Secrets that were written since and cannot be put back: their reference is nowhere recorded."""
    forgotten: tuple[str, ...] = ()
    """The same for a create: all secrets of the object."""
    missing: tuple[str, ...] = ()
    """Fields that a create needs and that the API never showed."""


def restore(
    thread: Thread, now: Entry | None, ids: Mapping[str, Address], there: Collection[Address]
) -> Restored | None:
    """The object at the moment of its thread; None where nothing is known of one that is gone.

    `now` is its entry in state, `ids` what objects were called that may have other ids by now, `there` every address
    that can be referred to.
    """
    spec = kind(thread.then.kind)
    body = thread.body()
    if body is None:
        if not thread.is_known:
            return None
        return Restored(_resource(thread, now, {}, {}, kept=tuple(now.sent) if now else (), there=there), held=now)
    flat = {path: renumbered(spec, path, value, ids) for path, value in leaves(spec, body).items()}
    lost = tuple(path for path, value in flat.items() if _has_sensitive(value))
    known = {path: value for path, value in flat.items() if path not in lost}
    whole = _whole(thread, spec, known, now, there)
    missing = tuple(row.path for row in spec.fields if row.required and not _held(whole.spec, row.path))
    renewed = now is not None and thread.first.id is not None and now.id != thread.first.id
    then = thread.first.entry.sent if thread.first.entry is not None else {}
    secrets = {path: digest for path, digest in then.items() if ":" in digest}
    if (now is None and thread.last.action == "delete") or renewed:
        return Restored(whole, whole, now, secrets, lost, lost, missing)
    partial = _partial(thread, spec, known, now, there, lost)
    hit = tuple(path for path in lost if related(path, thread.touched))
    return Restored(partial, whole, now, secrets, hit, lost, missing)


def _partial(
    thread: Thread,
    spec: KindSpec,
    known: Mapping[str, Json],
    now: Entry | None,
    there: Collection[Address],
    lost: Collection[str],
) -> Resource:
    """Only what was written since; the rest of the entry stays as it is."""
    touched = thread.touched
    sent = now.sent if now is not None else {}
    then = thread.first.entry.sent if thread.first.entry is not None else {}
    # What left state without a write of its own (a secret went with its layer) comes back like what was written.
    wanted = {
        path: value
        for path, value in known.items()
        if related(path, touched) or (path in then and now is not None and path not in sent)
    }
    for path in touched:
        if path not in sent and not related(path, known) and not related(path, lost):
            wanted[path] = None  # it was not there, and no entry asks to take it away again
    for companion in spec.companions:
        if any(within(path, companion.under) for path in touched):
            references = now.secrets if now is not None else {}
            wanted |= {
                path: {SECRET: dict(references[path])}
                for path in companion.carry
                if path in references and path not in wanted and not related(path, touched)
            }
    kept = tuple(path for path in sent if path not in wanted and (path in lost or not related(path, touched)))
    return _resource(
        thread, now, apply_edits(spec, {}, _edits(known)), wanted, kept=kept, touched=touched, there=there
    )


def _whole(
    thread: Thread, spec: KindSpec, known: Mapping[str, Json], now: Entry | None, there: Collection[Address]
) -> Resource:
    """Everything that says something: for an object that is made again."""
    owned = _owned(thread, now)
    said = {
        path: value
        for path, value in known.items()
        if path in owned or not (at_default(field_at(spec, path), value) or is_undeclared(spec, path))
    }
    empty = [Edit(f"/{word}", {}) for word, member in (thread.body() or {}).items() if member == {}]
    return _resource(thread, now, apply_edits(spec, {}, [*empty, *_edits(said)]), said, there=there)


def _resource(
    thread: Thread,
    now: Entry | None,
    body: Object,
    wanted: Mapping[str, Json],
    *,
    there: Collection[Address],
    kept: tuple[str, ...] = (),
    touched: frozenset[str] | None = None,
) -> Resource:
    spec = kind(thread.then.kind)
    then = thread.first.entry or now
    owned = _owned(thread, now)
    name = lookup(body, spec.name_field)
    refs = {Address.parse(text) for text in (then.refs if then is not None else ())} & set(there)
    refs |= {Address.parse(text) for value in wanted.values() for text in _references(value)}
    return Resource(
        address=thread.then if thread.was_managed else thread.latest,
        spec=body,
        leaves=dict(wanted),
        name=name if isinstance(name, str) and name else (then.name if then and then.name else thread.then.name),
        id=thread.last.id if thread.is_gone and thread.last.action == "forget" else None,
        lifecycle=then.lifecycle if then is not None else Lifecycle(),
        source=Source(then.source) if then is not None and then.source is not None else None,
        refs=tuple(sorted(refs)),
        kept=kept,
        lent=frozenset(path for path in wanted if path not in owned),
        touched=touched,
    )


def _owned(thread: Thread, now: Entry | None) -> Collection[str]:
    """Paths that were ours then; for an object that is only since then ours, those that are now."""
    then = thread.first.entry or now
    return then.sent.keys() if then is not None else ()


def renumbered(spec: KindSpec, path: str, value: Json, ids: Mapping[str, Address]) -> Json:
    """`value` with references in place of ids of objects that may have been made again since."""
    row = field_at(spec, path)
    if row is None or (row.ref is None and path != spec.attachments):
        return value
    if isinstance(value, list):
        return [_reference(item, ids) for item in value]
    return _reference(value, ids)


def _reference(value: Json, ids: Mapping[str, Address]) -> Json:
    return {REF: str(ids[value])} if isinstance(value, str) and value in ids else value


def _references(value: Json) -> list[str]:
    found = [ref_of(item) for item in (value if isinstance(value, list) else [value])]
    return [text for text in found if text is not None]


def _edits(flat: Mapping[str, Json]) -> list[Edit]:
    return [Edit(path, value) for path, value in flat.items() if value is not None]


def _held(document: Object, path: str) -> bool:
    return lookup(document, path) is not None


def _has_sensitive(value: Json) -> bool:
    if isinstance(value, dict):
        return any(_has_sensitive(member) for member in value.values())
    if isinstance(value, list):
        return any(_has_sensitive(item) for item in value)
    return is_mask(value)
