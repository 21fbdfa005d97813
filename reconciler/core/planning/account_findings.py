"""Findings of a plan besides its changes: drift, incomplete comparisons, unmanaged objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.core.canonical.canonical_form import effective_value, has_parent, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.references import resources_of
from reconciler.core.canonical.vocabulary import live_document, object_digest
from reconciler.core.diff.three_way import hidden, is_secret, moved_behind_masks, was_removed_outside
from reconciler.core.diff.vendor_changes import replaced_entry, why_replaced
from reconciler.core.planning.assemble_changes import drift_item, gone_item, plan_resource
from reconciler.core.planning.records import Compared, PlanRequest
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext, ignored
from reconciler.core.secrets.secret_book import SecretBook, is_unseen
from reconciler.core.state.entry_records import name_given
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.change import Action, Change, Direction, Reason
from reconciler.types.json import SENSITIVE, Json
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manifest
from reconciler.types.plan import DriftField, DriftItem, Incomplete, Obstacle, Unmanaged
from reconciler.types.state import Entry


def drift_from_state(
    address: Address,
    entry: Entry,
    live: LiveObject,
    book: SecretBook,
    catalogue: Callable[[], Catalogue] | None = None,
) -> DriftItem | None:
    """What moved since the last apply. Without the manifest the value before is only known by its digest, save where
    the vendor exchanged it for a successor that the catalogue knows."""
    spec = live.kind
    document = live_document(spec, live)
    fields: list[DriftField] = []
    for path in sorted(entry.sent):
        if ignored(path, entry.lifecycle.ignore) or (path in spec.separate_pointers and path[1:] not in document):
            continue
        row = field_at(spec, path)
        current = leaf_at(spec, document, path)
        seen = entry.seen_at(path)
        secret = path in entry.secret_paths or is_secret(row, current)
        gone = (secret or (row is not None and row.by_look != "")) and (
            was_removed_outside(row, current, entry.sent[path], entry.seen.get(path))
            or moved_behind_masks(current, entry.sent[path], entry.seen.get(path), book)
        )
        if not gone and (hidden(row, current) or (secret and _tells_nothing(entry, path, current))):
            continue
        seen = entry.sent[path] if is_unseen(seen) else seen
        shown = effective_value(row, current, parent_present=has_parent(document, path))
        if gone or (seen is not None and book.matches(shown, seen) is False):
            table = live.kind.catalogue_tables.get(path)
            if table is not None and catalogue is not None:
                old = replaced_entry(catalogue(), table, seen, current, book)
                if old is not None:
                    why = why_replaced(catalogue(), table, old, current)
                    fields.append(DriftField(path, Direction.VENDOR, old, current, note=why))
                    continue
            fields.append(
                DriftField(
                    path,
                    Direction.LIVE,
                    before=SENSITIVE if secret else None,
                    after=SENSITIVE if secret and current is not None else current,
                    before_unknown=True,
                    sensitive=secret,
                )
            )
    vendors = bool(fields) and all(field.direction is Direction.VENDOR for field in fields)
    reason = Reason.VENDOR.value if vendors else None
    return DriftItem(address, spec, entry.id, tuple(fields), reason) if fields else None


def incomplete_from_state(address: Address, entry: Entry, live: LiveObject, book: SecretBook) -> Iterator[Incomplete]:
    """Leaves whose digest was made with a key that is not here, where the account shows the value: it may have moved.
    A value that the account hides tells nobody anything, so it is not missed."""
    spec = live.kind
    document = live_document(spec, live)
    for path in sorted(entry.secret_paths & entry.sent.keys()):
        seen = entry.seen_at(path)
        current = leaf_at(spec, document, path)
        if ignored(path, entry.lifecycle.ignore) or current is None or hidden(field_at(spec, path), current):
            continue
        seen = entry.sent[path] if is_unseen(seen) else seen
        if seen is not None and book.matches(current, seen) is None:
            yield Incomplete(Obstacle.DIGEST_KEY, address, path)


def _tells_nothing(entry: Entry, path: str, current: Json) -> bool:
    """Whether a place that only state knows as a secret is hidden: absent, or a list that was shown without the
    secrets in it when it was written, which no digest of the whole can be held against."""
    if current is None:
        return path in entry.secrets
    return isinstance(current, dict | list) and is_unseen(entry.seen_at(path))


def drift_items(
    compared: Compared, request: PlanRequest, catalogue: Callable[[], Catalogue] | None
) -> tuple[DriftItem, ...]:
    """The drift of the account, by the manifests if there are any, else by the digests of the state."""
    planned, state, book = compared.planned, compared.desired.state, compared.bound.context.book
    bound = compared.bound.context
    declared = (
        {manifest.address: manifest for manifest in request.manifests.manifests}
        if request.options.refresh_only
        else {}
    )
    found: list[DriftItem | None] = []
    for address in sorted(planned.keys() | compared.desired.scope.deletable):
        entry = state.resources.get(address)
        if entry is None:
            continue
        if entry.id in compared.account.seen.gone:
            found.append(gone_item(address, bound.kinds.get(address.kind), entry))
        elif address in planned:
            found.append(drift_item(address, entry, planned[address]))
        elif (live := compared.live.get((address.kind, entry.id))) is not None:
            item = drift_from_state(address, entry, live, book, catalogue)
            if item is not None and address in declared:
                context = DiffContext(book, bound.kinds, bound.vocabulary, catalogue=catalogue)
                item = _with_vendor(item, entry, live, declared[address], context)
            found.append(item)
    return tuple(
        _with_editor(replace(item, source=state.resources[item.address].source or ""), compared)
        for item in found
        if item is not None
    )


def _with_editor(item: DriftItem, compared: Compared) -> DriftItem:
    """The item with when its object was last changed and by whom, as far as the account tells."""
    live = compared.live.get((item.address.kind, item.id))
    if live is None:
        return item
    editor = live.body.get(item.kind.updated_by_member)
    edited = shown_moment(parse_moment(live.body.get(item.kind.updated_at_member)))
    return replace(item, edited=edited, editor=editor if isinstance(editor, str) else None)


def _with_vendor(
    item: DriftItem, entry: Entry, live: LiveObject, manifest: Manifest, context: DiffContext
) -> DriftItem:
    """The item with what the vendor moved told apart by the manifest, which knows more of it than the state."""
    vendors = {
        field.path: field
        for resource in resources_of([manifest]).values()
        for field in plan_resource(resource, Binding(entry.id, Reason.CHANGED, entry), live, context).drift
        if field.direction is Direction.VENDOR
    }
    return replace(item, changes=tuple(vendors.get(field.path, field) for field in item.changes))


def find_incomplete(compared: Compared) -> tuple[Incomplete, ...]:
    """What could not be compared: of resources, of entries without a manifest, and of what was not to be read."""
    return tuple(sorted(_incomplete(compared), key=lambda item: (str(item.address or ""), item.path)))


def _incomplete(compared: Compared) -> Iterator[Incomplete]:
    for name, error in compared.unlisted.items():
        yield Incomplete(Obstacle.UNREADABLE, detail=unlisted_text(name, error.message))
    for (name, id), why in compared.unseen.items():
        yield Incomplete(Obstacle.UNREADABLE, detail=f"what {name} {id} uses is not known: {why}")
    for address, why in compared.unread.items():
        yield Incomplete(Obstacle.UNREADABLE, address, "", why)
    for planned in compared.planned.values():
        yield from planned.incomplete
    for address in compared.desired.scope.deletable - compared.planned.keys():
        entry = compared.desired.state.resources[address]
        if (live := compared.live.get((address.kind, entry.id))) is not None:
            yield from incomplete_from_state(address, entry, live, compared.bound.context.book)


def unlisted_text(name: str, why: str) -> str:
    """The text about a kind whose list was refused."""
    return f"{name} objects cannot be listed: {why}"


def find_unmanaged(compared: Compared, since: datetime | None = None) -> tuple[Unmanaged, ...]:
    """User objects that neither a manifest nor the state claims. Those are new that were made after `since`, else
    after the last run that the state remembers; all of them where that is not known."""
    entries = compared.desired.state.history.entries
    since = since or (parse_moment(entries[-1].header.at) if entries else None)
    bindings = compared.bound.matching.bindings.items()
    known = {(address.kind, binding.id) for address, binding in bindings}
    known |= {(address.kind, entry.id) for address, entry in compared.desired.state.resources.items()}
    return tuple(
        _unmanaged(name, live, since)
        for name, listing in compared.account.seen.listings.items()
        for live in listing.objects.values()
        if (name, live.id) not in known
    )


def _unmanaged(kind: str, live: LiveObject, since: datetime | None) -> Unmanaged:
    made = parse_moment(live.body.get(live.kind.created_at_member))
    return Unmanaged(kind, live.id, live.name, shown_moment(made), since is None or made is None or made >= since)


def parse_moment(value: Json) -> datetime | None:
    """A time as an API writes it, ISO 8601 with or without a zone (UTC then) or RFC 1123; None for anything else."""
    if not isinstance(value, str):
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(value)
        except (ValueError, TypeError, OverflowError):
            continue
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return None


def shown_moment(moment: datetime | None) -> str | None:
    """`2026-10-01 08:30 UTC`."""
    try:
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if moment is not None else None
    except (ValueError, OverflowError):
        return None


def find_namesakes(compared: Compared, changes: Sequence[Change]) -> dict[str, tuple[str, ...]]:
    """For each create the ids of the objects that bear its name already."""
    account, book = compared.account, compared.bound.context.book
    lists = {**account.seen.listings, **account.whole}
    return {
        str(change.address): tuple(objects_of(lists.get(change.address.kind), name_given(change, book)))
        for change in changes
        if change.action is Action.CREATE
    }


def find_references(compared: Compared, changes: Sequence[Change]) -> dict[str, str]:
    """Digests of the live objects that the plan refers to without changing them."""
    touched = {(change.address.kind, change.id) for change in changes if change.requests}
    found: dict[str, str] = {}
    for change in changes:
        for used in change.depends_on if change.requests and change.action is not Action.DELETE else ():
            live = _managed(compared, used)
            if live is not None and (used.kind, live.id) not in touched:
                found[f"{used.kind}/{live.id}"] = object_digest(live.kind, live)
    return found


def _managed(compared: Compared, address: Address) -> LiveObject | None:
    """The object that the state holds at an address, as its list shows it."""
    entry = compared.desired.state.resources.get(address)
    listing = compared.account.seen.listings.get(address.kind)
    return listing.objects.get(entry.id) if entry is not None and listing is not None else None
