"""Objects that are items of another object: the API lists the guardrails of a legacy set as guardrails, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.kind_table import KINDS
from reconciler.core.resource_diff.resource_plan import live_document
from reconciler.types.json import lookup
from reconciler.types.kind import KindSpec
from reconciler.types.live import Listing


def shadows(listed: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Kind of the holder, pointer of its list, kind that its items are shown as: for each of the `listed` kinds."""
    known = set(listed)
    for name, spec in KINDS.all().items():
        for pointer, shown in spec.shown_as:
            if shown in known:
                yield name, pointer, shown


def item_ids(listing: Listing, pointer: str, shown: KindSpec) -> set[str]:
    """Ids that the items at `pointer` bear as objects of the kind `shown`."""
    spec = KINDS.get(listing.kind)
    found: set[str] = set()
    for live in listing.objects.values():
        items = lookup(live_document(spec, live), pointer)
        for item in items.values() if isinstance(items, dict) else ():
            if isinstance(item, dict):
                found.update(id for word in shown.id_words if isinstance(id := item.get(word), str))
    return found
