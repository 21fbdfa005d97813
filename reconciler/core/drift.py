"""Drift of an entry that has no manifest at hand: live against what was seen, path by path."""

from __future__ import annotations

from reconciler.core.canonical import effective, has_parent, leaf_at
from reconciler.core.compare import hidden
from reconciler.core.digest import digest
from reconciler.core.planner import ignored, live_document
from reconciler.core.redact import SENSITIVE
from reconciler.core.secretbook import HIDDEN, SecretBook
from reconciler.core.shape import field_at, unlisted
from reconciler.kinds import kind
from reconciler.types.address import Address
from reconciler.types.change import Direction
from reconciler.types.json import lookup
from reconciler.types.live import LiveObject
from reconciler.types.plan import DriftField, DriftItem
from reconciler.types.state import Entry


def drift_from_state(address: Address, entry: Entry, live: LiveObject, book: SecretBook) -> DriftItem | None:
    """What moved since the last apply. Without the manifest the value before is only known by its digest."""
    spec = kind(address.kind)
    document = live_document(spec, live)
    fields: list[DriftField] = []
    for path in sorted(entry.sent):
        if ignored(path, entry.lifecycle.ignore) or (path in spec.apart and path[1:] not in document):
            continue
        row = field_at(spec, path)
        current = leaf_at(spec, document, path)
        if hidden(row, current):
            continue
        seen = entry.seen_at(path)
        seen = entry.sent[path] if seen == HIDDEN else seen
        secret = ":" in (seen or "") or (row is not None and row.secret)
        shown = effective(row, current, parent_present=has_parent(document, path))
        if seen is not None and book.equal(book.digest(shown, secret=secret), seen) is False:
            fields.append(
                DriftField(
                    path,
                    Direction.LIVE,
                    before=SENSITIVE if secret else None,
                    after=SENSITIVE if secret else current,
                    before_unknown=True,
                    sensitive=secret,
                )
            )
    return DriftItem(address, entry.id, tuple(fields)) if fields else None


def rests_on_absence(entry: Entry, live: LiveObject) -> bool:
    """Whether something that we wrote is missing from a list item, which may show less than the object holds."""
    if live.detailed:
        return False
    spec = kind(live.kind)
    document = live_document(spec, live)
    if any(lookup(document, path) is None for path in unlisted(spec) & entry.sent.keys()):
        return True
    return any(
        entry.seen_at(path) not in (None, HIDDEN, digest(None), digest(effective(field_at(spec, path), None)))
        and path not in spec.apart
        and leaf_at(spec, document, path) is None
        for path in entry.sent
    )
