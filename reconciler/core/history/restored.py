"""What a rollback makes of one object, what of it cannot be written back, and what it says of objects left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import enclosing_item
from reconciler.core.resource_diff.resource_plan import atomic_parent
from reconciler.types.address import Address, ResourceRef
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, lookup, within
from reconciler.types.live import Listing
from reconciler.types.manifest import Resource
from reconciler.types.state import Entry


@dataclass(frozen=True, slots=True)
class Restored:
    """What one object is to be again."""

    resource: Resource
    whole: Resource | None = None
    """With everything that is known of it; None where that is not all of it, so that it cannot be made again."""
    held: Entry | None = None
    """Its entry in state, None where there is none."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Digest of each secret that was sent then, by path."""
    lost: tuple[str, ...] = ()
    """Secrets that were written since and cannot be put back: their reference is nowhere recorded."""
    lacking: tuple[str, ...] = ()
    """Why it cannot be made again: secrets without a reference, fields that were never shown, or nothing is known."""
    touched: frozenset[str] = frozenset()
    """What runs have written since."""
    apart: tuple[str, ...] = ()
    """What the API keeps apart from the object and no run has looked at."""
    changed: tuple[str, ...] = ()
    """What somebody had changed when the first run since came: that is what is put back."""
    unrestorable: tuple[str, ...] = ()
    """What is another by now and no run has kept: of an object that went unseen, and was made again."""
    unknown: Mapping[str, bool] = field(default_factory=dict)
    """Every secret whose reference is nowhere recorded, and whether a run has written another one there since."""

    def spoilt(self, live: Object) -> dict[str, str]:
        """Objects that the API takes only whole, which cannot be written back without a secret that nobody knows:
        where each stands -> the secret. One that no run has written over is kept by the API, as long as what it
        belongs to is of the same type. `live` is the object now, in canonical words."""
        spec, found = self.resource.kind, dict[str, str]()
        for path, overwritten in self.unknown.items():
            above, holder = atomic_parent(spec, path), path.rpartition("/")[0]
            if above is None or above == path or not any(within(leaf, above) for leaf in self.resource.leaves):
                continue
            now, then = lookup(live, holder), lookup(self.resource.spec, holder)
            kept = isinstance(now, dict) and isinstance(then, dict) and now.get("type") == then.get("type")
            if overwritten or not kept:
                found.setdefault(above, path)
        return found

    def without(self, places: Collection[str]) -> Resource:
        """The resource that leaves these as they are."""
        sent = self.held.sent if self.held is not None else {}
        left = {path for path in self.resource.leaves if any(within(path, place) for place in places)}
        kept = tuple(path for path in sent if any(within(path, place) for place in places))
        return replace(
            self.resource,
            leaves={path: value for path, value in self.resource.leaves.items() if path not in left},
            kept=(*(path for path in self.resource.kept if path not in kept), *kept),
        )


def vanished_items(resource: Resource, live: Object) -> set[str]:
    """Where named items stood of which only parts are to be put back, and which somebody took away since: a part
    makes no item. `live` is the object now, in canonical words."""
    spec, leaves = resource.kind, resource.leaves
    spoken_of = {item for path in leaves if (item := enclosing_item(spec, path)) is not None}
    rows = {item: field_at(spec, item.rpartition("/")[0]) for item in spoken_of if lookup(live, item) is None}
    return {item for item, row in rows.items() if row is None or f"{item}/{row.item_key}" not in leaves}


def without(resource: Resource, gone: Collection[Address], tools: Listing | None) -> Resource:
    """The resource without references to what is not made again, and without tools that the account has no more."""
    spec = resource.kind
    names = frozenset(map(str, gone))
    changed: dict[str, Json] = {}
    for path, value in resource.leaves.items():
        if isinstance(value, list):
            kept = [item for item in value if not _refers(item, names)]
            if path == spec.attachments and tools is not None:
                kept = [item for item in kept if not isinstance(item, str) or item in tools.objects]
            if kept != value:
                changed[path] = kept
        elif _refers(value, names):
            changed[path] = None
    if not changed:
        return resource
    dropped = tuple(path for path, value in changed.items() if value is None)
    return replace(
        resource,
        spec=apply_edits(
            spec, resource.spec, [Edit(path, item, remove=item is None) for path, item in changed.items()]
        ),
        leaves={path: changed.get(path, value) for path, value in resource.leaves.items() if path not in dropped},
        refs=tuple(ref for ref in resource.refs if ref not in gone),
        kept=(*resource.kept, *dropped),
    )


def _refers(value: Json, names: Collection[str]) -> bool:
    return isinstance(value, ResourceRef) and value.address in names


def not_made(address: Address, why: Sequence[str]) -> Diagnostic:
    """The warning that an object managed then is gone and is not created again, with the reasons."""
    return Diagnostic(
        "E-rollback",
        Severity.WARNING,
        f"{address} was managed then and is gone; it is not made again: {'; '.join(why)}",
        hint="write its manifest and apply it, if it is to be there",
        address=address,
    )


def gone_untouched(address: Address) -> Diagnostic:
    """The warning that a managed object is gone without any run having changed it."""
    return Diagnostic(
        "E-rollback",
        Severity.WARNING,
        f"{address} is gone, and no run took it away or wrote to it since: the history does not know what it was",
        hint="`reconciler apply` makes it again from its manifest; without one, `reconciler state rm` forgets it",
        address=address,
    )


def torn(address: Address) -> Diagnostic:
    """The error that the targets take in one of two objects that exchange an address, and leave out the other."""
    return Diagnostic(
        "E-target",
        Severity.ERROR,
        f"{address} is another object now, which is to go back as well and is left out",
        hint="take both in, or neither",
        address=address,
    )
