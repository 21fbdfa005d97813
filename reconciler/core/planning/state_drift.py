"""Drift of an entry that has no manifest at hand: live against what was seen, path by path."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.core.canonical.canonical_form import effective, has_parent, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.diff.three_way import hidden, is_secret, moved_behind_masks, was_taken_away
from reconciler.core.diff.vendor_changes import moved_from, why_replaced
from reconciler.core.resource_diff.resource_plan import ignored
from reconciler.core.secrets.secret_book import SecretBook, is_unseen
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.change import Direction, Reason
from reconciler.types.json import SENSITIVE, Json
from reconciler.types.live import LiveObject
from reconciler.types.plan import DriftField, DriftItem, Incomplete, Obstacle
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
        if ignored(path, entry.lifecycle.ignore) or (path in spec.apart and path[1:] not in document):
            continue
        row = field_at(spec, path)
        current = leaf_at(spec, document, path)
        seen = entry.seen_at(path)
        secret = path in entry.secret_paths or is_secret(row, current)
        gone = (secret or (row is not None and row.by_look != "")) and (
            was_taken_away(row, current, entry.sent[path], entry.seen.get(path))
            or moved_behind_masks(current, entry.sent[path], entry.seen.get(path), book)
        )
        if not gone and (hidden(row, current) or (secret and _tells_nothing(entry, path, current))):
            continue
        seen = entry.sent[path] if is_unseen(seen) else seen
        shown = effective(row, current, parent_present=has_parent(document, path))
        if gone or (seen is not None and book.matches(shown, seen) is False):
            table = live.kind.tables.get(path)
            if table is not None and catalogue is not None:
                old = moved_from(catalogue(), table, seen, current, book)
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
