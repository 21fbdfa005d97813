"""What state keeps of an object after it was applied, adopted or found in sync: digests of what was sent and seen."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.canonical.canonical_form import effective, has_parent, leaf_at, normal
from reconciler.core.canonical.field_tree import field_at, unlisted
from reconciler.core.canonical.references import bind
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.diff.three_way import desired_digest, hidden, is_secret, seen_digest
from reconciler.core.secrets.secret_book import HIDDEN, UNKNOWN, SecretBook, has_secret
from reconciler.core.serialization.digest import digest
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Action, Change
from reconciler.types.json import Json, lookup
from reconciler.types.kind import Field
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manage
from reconciler.types.state import Entry

FORMER_IDS = 10


def record(
    change: Change,
    live: LiveObject,
    old: Entry | None,
    book: SecretBook,
    ids: Mapping[Address, str],
) -> Entry:
    """The state entry after `change`, from the object as it was read back.

    A secret that is not available here, or whose old digest was made under another key, keeps its old digests; one
    of an object that is only now adopted is noted as unknown.
    """
    spec = change.kind
    document = live_document(spec, live)
    sent: dict[str, str] = {}
    seen: dict[str, str] = {}
    assumed: list[str] = []
    secrets: dict[str, Mapping[str, str]] = {}
    written = {field.path for field in change.fields}
    managed = change.managed or {}
    if change.lifecycle.manage is Manage.OBSERVE:
        managed = {}
    for path in change.kept:
        _keep(path, old, sent, seen, secrets)
        if old is not None and path in old.assumed:
            assumed.append(path)
    for path, desired in managed.items():
        row = field_at(spec, path)
        value = normal(row, bind(desired, ids))
        current = leaf_at(spec, document, path)
        before = old.sent.get(path) if old is not None else None
        if has_secret(value) and book.missing(value):
            _keep(path, old, sent, seen, secrets)
            if old is None:
                sent[path] = UNKNOWN
                seen[path] = seen_digest(row, value, current, book, parent_present=has_parent(document, path))
                assumed.append(path)
            elif path in old.assumed:
                assumed.append(path)
            continue
        new = desired_digest(row, value, book)
        unknown = before is None or before == UNKNOWN
        if not unknown and path not in written and _is_beyond(row, value, current, str(before), book):
            _keep(path, old, sent, seen, secrets)
            continue
        shown = seen_digest(row, value, current, book, parent_present=has_parent(document, path))
        sent[path] = new
        if isinstance(desired, SecretRef) and desired.kind != "literal":
            secrets[path] = desired.written()
        if shown != new:
            seen[path] = shown
        if hidden(row, current, value) and path not in written and (old is None or path in old.assumed):
            assumed.append(path)
    hidden_name = has_secret((change.managed or {}).get(spec.name_field)) or ":" in sent.get(spec.name_field, "")
    return Entry(
        id=live.id,
        sent=sent,
        seen=seen,
        lifecycle=change.lifecycle,
        source=change.source,
        parents=_parents(change, old, sent),
        assumed=tuple(assumed),
        name=None if hidden_name else live.name or change.name,
        refs=tuple(str(address) for address in change.depends_on),
        former=_former(live, old),
        secrets=secrets,
    )


def digests_to_write(change: Change, old: Entry | None, book: SecretBook) -> tuple[str, ...]:
    """The paths at which carrying out `change` would record a new digest of a secret."""
    if change.lifecycle.manage is Manage.OBSERVE:
        return ()
    spec = change.kind
    written = {field.path for field in change.fields}
    known = old.sent if old is not None else {}
    return tuple(
        path
        for path, value in (change.managed or {}).items()
        if value is not None
        and is_secret(field_at(spec, path), value)
        and not book.missing(value)
        and (path in written or known.get(path, UNKNOWN) == UNKNOWN)
    )


def _is_beyond(row: Field | None, value: Json, current: Json, before: str, book: SecretBook) -> bool:
    """Whether `before` was made with a key that is not here and stays as it is: this run has no key to make another
    with, or nobody can see that the account holds what would be digested."""
    filled = effective(row, book.fill(value) if has_secret(value) else value)
    if ":" not in before or book.matches(filled, before) is not None:
        return False
    return book.digests.lacks_key or hidden(row, current, value)


def _former(live: LiveObject, old: Entry | None) -> tuple[str, ...]:
    """Manifests may still name the object that this one replaces by its id."""
    if old is None:
        return ()
    return old.former if old.id == live.id else (*old.former, old.id)[-FORMER_IDS:]


def _keep(
    path: str,
    old: Entry | None,
    sent: dict[str, str],
    seen: dict[str, str],
    secrets: dict[str, Mapping[str, str]],
) -> None:
    if old is not None and path in old.sent:
        sent[path] = old.sent[path]
        if path in old.secrets:
            secrets[path] = old.secrets[path]
        if path in old.seen:
            seen[path] = old.seen[path]


def _parents(change: Change, old: Entry | None, sent: Mapping[str, str]) -> tuple[str, ...]:
    """Objects that we created and that still hold something of ours."""
    created = set(change.parents) | set(old.parents if old is not None else ())
    if change.after is not None and change.action is Action.CREATE:
        created |= set(_objects(change.after, ""))
    return tuple(sorted(parent for parent in created if any(path.startswith(parent + "/") for path in sent)))


def _objects(value: Json, path: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = [path] if path.count("/") > 1 else []
    for key, member in value.items():
        found += _objects(member, f"{path}/{key}")
    return found


def rests_on_absence(entry: Entry, live: LiveObject) -> bool:
    """Whether something that we wrote is missing from a list item, which may show less than the object holds."""
    if live.detailed:
        return False
    spec = live.kind
    document = live_document(spec, live)
    if any(lookup(document, path) is None for path in unlisted(spec) & entry.sent.keys()):
        return True
    return any(
        entry.seen_at(path) not in (None, HIDDEN, digest(None), digest(effective(field_at(spec, path), None)))
        and path not in spec.apart
        and leaf_at(spec, document, path) is None
        for path in entry.sent
    )
