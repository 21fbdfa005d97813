"""Entries of the state: made by an apply or an adoption, moved to other addresses, set aside, accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from sys import intern

from reconciler.core.canonical.canonical_form import effective_value, has_parent, is_masked, leaf_at, normalize
from reconciler.core.canonical.field_tree import absent_from_lists, field_at
from reconciler.core.canonical.references import bind
from reconciler.core.canonical.vocabulary import live_document, object_digest
from reconciler.core.diff.three_way import desired_digest, hidden, is_secret, seen_digest
from reconciler.core.secrets.secret_book import HIDDEN, UNKNOWN, SecretBook, has_secret
from reconciler.core.serialization.digest import digest
from reconciler.types.address import ASIDE, ASIDE_PATTERN, Address, SecretRef
from reconciler.types.change import Action, Change, Direction, FieldChange, Reason
from reconciler.types.json import SENSITIVE, Json, lookup
from reconciler.types.kind import Field, KindSpec
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import Manage, Resource
from reconciler.types.plan import DriftItem
from reconciler.types.state import Entry, Intent, Move, State

FORMER_IDS = 10
NONE: Mapping[str, str] = {}
NO_SECRETS: Mapping[str, Mapping[str, str]] = {}
"""One for the thousands of entries that have none."""


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
        value = normalize(row, bind(desired, ids))
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
        sent[path] = intern(new)  # equal values of thousands of objects: one text
        if isinstance(desired, SecretRef) and desired.kind != "literal":
            secrets[path] = desired.written()
        if shown != new:
            seen[path] = intern(shown)
        if hidden(row, current, value) and path not in written and (old is None or path in old.assumed):
            assumed.append(path)
    hidden_name = has_secret((change.managed or {}).get(spec.name_field)) or ":" in sent.get(spec.name_field, "")
    return Entry(
        id=live.id,
        sent=sent,
        seen=seen or NONE,
        lifecycle=change.lifecycle,
        source=change.source,
        parents=_parents(change, old, sent),
        assumed=tuple(assumed),
        name=None if hidden_name else live.name or change.name,
        refs=tuple(str(address) for address in change.depends_on),
        former=_former(live, old),
        secrets=secrets or NO_SECRETS,
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
    filled = effective_value(row, book.fill(value) if has_secret(value) else value)
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
    if any(lookup(document, path) is None for path in absent_from_lists(spec) & entry.sent.keys()):
        return True
    return any(
        entry.seen_at(path) not in (None, HIDDEN, digest(None), digest(effective_value(field_at(spec, path), None)))
        and path not in spec.separate_pointers
        and leaf_at(spec, document, path) is None
        for path in entry.sent
    )


def renamed(state: State, moves: Iterable[Move]) -> State:
    """`state` after `moves`."""
    moves = tuple(moves)
    if not moves:
        return state
    pending = renamed_intents({intent.address: intent for intent in state.pending}, moves)
    resources = renamed_entries(state.resources, moves)
    return replace(state, resources=resources, pending=tuple(pending.values()))


def renamed_entries(resources: Mapping[Address, Entry], moves: Iterable[Move]) -> dict[Address, Entry]:
    """The entries at their new addresses, and every reference to one of them as well."""
    done = {
        move.before: move.after
        for move in moves
        if (entry := resources.get(move.before)) is not None and entry.id == move.id
    }
    if not done:
        return dict(resources)
    texts = {str(before): str(after) for before, after in done.items()}
    left = {address: entry for address, entry in resources.items() if address not in done}
    come = {after: resources[before] for before, after in done.items()}
    return {address: _pointed(entry, texts, done) for address, entry in {**left, **come}.items()}


def renamed_intents(pending: Mapping[Address, Intent], moves: Iterable[Move]) -> dict[Address, Intent]:
    """Open creates at their new addresses."""
    done = {move.before: move.after for move in moves if move.before in pending}
    left = {address: intent for address, intent in pending.items() if address not in done}
    return left | {after: replace(pending[before], address=after) for before, after in done.items()}


def _pointed(entry: Entry, texts: Mapping[str, str], done: Mapping[Address, Address]) -> Entry:
    successor = entry.gives_way_to
    if successor not in done and not any(used in texts for used in entry.refs):
        return entry
    refs = tuple(texts.get(used, used) for used in entry.refs)
    return replace(entry, refs=refs, gives_way_to=done.get(successor, successor) if successor else None)


def refresh_change(entry: Entry, item: DriftItem, live: LiveObject) -> Change:
    """The step that takes in what moved; nothing is sent, and all else of the entry stays."""
    spec = item.kind
    return Change(
        address=item.address,
        kind=spec,
        action=Action.NOOP,
        reason=Reason.CHANGED,
        id=entry.id,
        fields=tuple(
            FieldChange(
                change.path,
                change.direction,
                SENSITIVE if change.sensitive else change.after,
                sensitive=change.sensitive,
            )
            for change in item.changes
        ),
        lifecycle=entry.lifecycle,
        source=entry.source,
        name=None if spec.name_field in entry.secret_paths else live.name,
        level=spec.level,
        live_digest=object_digest(spec, live),
        detailed=live.detailed,
    )


def refreshed(entry: Entry, fields: Iterable[FieldChange], live: LiveObject, book: SecretBook) -> Entry:
    """The entry with the live value at each of `fields` taken as sent: what drifted becomes a pending change of the
    manifests. What the vendor moved is only taken note of, as seen; what is hidden stays as it is known."""
    spec = live.kind
    document = live_document(spec, live)
    sent, seen = dict(entry.sent), dict(entry.seen)
    for field in fields:
        path, row = field.path, field_at(spec, field.path)
        current = leaf_at(spec, document, path)
        if path not in sent or is_masked(current):
            continue
        value = effective_value(row, current, parent_present=has_parent(document, path))
        new = book.digest(value, secret=":" in sent[path])
        if field.direction is Direction.VENDOR:
            seen[path] = new
        else:
            sent[path] = intern(new)  # equal values of thousands of objects: one text
            seen.pop(path, None)
    return replace(entry, sent=sent, seen=seen)


def old_address(address: Address, id: str) -> Address:
    """Where the entry of the object `id` is kept while it gives way to the new one at `address`."""
    name = f"{address.name}{ASIDE}{id}"
    return Address(address.kind, name if ASIDE_PATTERN.fullmatch(name) else f"{address.name}{ASIDE}{digest(id)}")


def set_aside(state: State, replaced: Collection[Address]) -> State:
    """The state as it will be when the entries of the objects that give way are kept under their other address."""
    resources: dict[Address, Entry] = {}
    for address, entry in state.resources.items():
        if address in replaced:
            resources[old_address(address, entry.id)] = replace(entry, gives_way_to=address)
        else:
            resources[address] = entry
    return replace(state, resources=resources)


def name_of(resource: Resource, book: SecretBook) -> str:
    """The name that an object of `resource` bears; where its variable is not here, that of the manifest."""
    return _hidden(resource.kind, resource.leaves, book) or resource.name


def name_given(change: Change, book: SecretBook) -> str:
    """The same of a change that makes an object."""
    return _hidden(change.kind, change.managed or {}, book) or change.name or ""


def name_digest(change: Change, book: SecretBook) -> str | None:
    """What state keeps of a name that comes from a variable; None for one that anybody may read."""
    name = _hidden(change.kind, change.managed or {}, book)
    return None if name is None else book.digest(name, secret=True)


def is_name_hidden(kind: KindSpec, managed: Mapping[str, Json], entry: Entry | None) -> bool:
    """Whether the name of an object of this kind is, or was, a variable's."""
    field = kind.name_field
    return has_secret(managed.get(field)) or (entry is not None and field in entry.secret_paths)


def bears(intent: Intent, name: str | None, book: SecretBook) -> bool:
    """Whether `name` is the one that the open create sent."""
    if intent.digest is None:
        return name == intent.name
    return name is not None and book.matches(name, intent.digest) is True


def made_by(
    intent: Intent, listing: Listing | None, book: SecretBook, held: Collection[str], likely: str | None = None
) -> list[str]:
    """Ids of the objects that may have come of an open create: of its name, not there before, nobody's (`held`).

    `likely` is the name as far as it is known by now: digests of all names are dear.
    """
    objects = listing.objects.values() if listing is not None else ()
    free = [live for live in objects if live.id not in intent.before and live.id not in held]
    if likely is not None and bears(intent, likely, book):
        return [live.id for live in free if live.name == likely]
    return [live.id for live in free if bears(intent, live.name, book)]


def _hidden(kind: KindSpec, leaves: Mapping[str, Json], book: SecretBook) -> str | None:
    value = leaves.get(kind.name_field)
    if not has_secret(value) or book.missing(value):
        return None
    filled = book.fill(value)
    return filled if isinstance(filled, str) and filled else None
