"""What a run over a part of the manifests knows of the rest: what stands where, and what the part refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.core.canonical.field_tree import field_at
from reconciler.manifests.read.cross_checks import references
from reconciler.manifests.read.discover import Discovered
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import Address
from reconciler.types.kind import Kinds
from reconciler.types.manifest import Elsewhere, Manifest


def referred(
    manifests: Mapping[Address, Manifest],
    rest: Callable[[], Mapping[Address, RawManifest]],
    make: Callable[[RawManifest], Manifest],
    kinds: Kinds,
) -> tuple[Manifest, ...]:
    """The manifests of the rest that those of the part refer to, directly or through each other, by address or name.

    `rest` is called only where something is not in the part. `make` raises `ValueError` for a manifest that is not in
    order; it is left out, as if it were not there.
    """
    found: dict[Address, Manifest] = {}
    todo = list(manifests.values())
    while todo:
        one = todo.pop()
        for address in _named(one, {*manifests, *found}, rest, kinds):
            if address in manifests or address in found or (draft := rest().get(address)) is None:
                continue
            try:
                found[address] = make(draft)
            except ValueError:
                continue
            todo.append(found[address])
    return tuple(found.values())


def _named(
    one: Manifest, known: Iterable[Address], rest: Callable[[], Mapping[Address, RawManifest]], kinds: Kinds
) -> Iterator[Address]:
    for _, text in references(one.spec):
        yield Address.parse(text)
    spec = one.kind
    row = field_at(spec, spec.attachments) if spec.attachments is not None else None
    items = one.spec.get(spec.attachments[1:]) if spec.attachments is not None else None
    names = [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
    if row is None or row.ref is None or not names:
        return
    unknown = set(names) - {address.name for address in known if address.kind == row.ref}
    field = kinds.get(row.ref).name_field[1:]
    for address, draft in rest().items() if unknown else ():
        if address.kind == row.ref and (address.name in unknown or draft.body.get(field) in unknown):
            yield address


def declared(items: Discovered, findings: Findings) -> Elsewhere:
    """Which file speaks of which address, and which files could not be read."""
    places = {one.address: one.source.path for one in items.removed}
    places |= {one.before: one.source.path for one in items.moved}
    places |= {one.address: one.source.path for one in items.drafts}
    wrong = {one.span or one.source for one in findings.items if one.is_error}
    return Elsewhere(places, tuple(sorted({place.path for place in wrong if place is not None})))
