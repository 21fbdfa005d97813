"""Live values taken into an entry of the state, and nothing else: what `--refresh-only` writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.canonical.canonical_form import effective, has_parent, is_masked, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.kind_table import kind
from reconciler.core.resource_diff.resource_plan import live_document, object_digest
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.types.change import Action, Change, Direction, FieldChange, Reason
from reconciler.types.live import LiveObject
from reconciler.types.mask import SENSITIVE
from reconciler.types.plan import DriftItem
from reconciler.types.state import Entry


def refresh_change(entry: Entry, item: DriftItem, live: LiveObject) -> Change:
    """The step that takes in what moved; nothing is sent, and all else of the entry stays."""
    spec = kind(item.address.kind)
    return Change(
        address=item.address,
        action=Action.NOOP,
        reason=Reason.CHANGED,
        id=entry.id,
        fields=tuple(
            FieldChange(one.path, one.direction, SENSITIVE if one.sensitive else one.after, sensitive=one.sensitive)
            for one in item.changes
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
    spec = kind(live.kind)
    document = live_document(spec, live)
    sent, seen = dict(entry.sent), dict(entry.seen)
    for field in fields:
        path, row = field.path, field_at(spec, field.path)
        current = leaf_at(spec, document, path)
        if path not in sent or is_masked(current):
            continue
        value = effective(row, current, parent_present=has_parent(document, path))
        new = book.digest(value, secret=":" in sent[path])
        if field.direction is Direction.VENDOR:
            seen[path] = new
        else:
            sent[path] = new
            seen.pop(path, None)
    return replace(entry, sent=sent, seen=seen)
