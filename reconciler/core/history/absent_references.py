"""What a rollback puts back, less the references to objects that are not made again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.types.address import Address
from reconciler.types.json import Json
from reconciler.types.live import Listing
from reconciler.types.reference import ResourceRef
from reconciler.types.resource import Resource


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
        spec=apply_edits(spec, resource.spec, [Edit(path, one, remove=one is None) for path, one in changed.items()]),
        leaves={path: changed.get(path, value) for path, value in resource.leaves.items() if path not in dropped},
        refs=tuple(one for one in resource.refs if one not in gone),
        kept=(*resource.kept, *dropped),
    )


def _refers(value: Json, names: Collection[str]) -> bool:
    return isinstance(value, ResourceRef) and value.address in names
