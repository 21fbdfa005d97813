"""Attachments that take the place of what stood in the object: what else to write, and what not to take away."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import keyed_parent, leaf_at
from reconciler.types.json import Json, Object, within
from reconciler.types.kind import KindSpec
from reconciler.types.state import Entry


def to_enable(
    spec: KindSpec, leaves: Mapping[str, Json], document: Object, edits: Mapping[str, Edit], moved: Collection[str]
) -> tuple[str, ...]:
    """Pointers to write though nothing differs: the live object does not show them, and something beside them gives
    way to what is attached.

    A hidden value reads as the default of today, but an object of before may still stand on the default of then.
    """
    if spec.attachments is None or spec.attachments not in moved:
        return ()
    return tuple(
        path
        for path in spec.before_attaching
        if leaves.get(path) is not None
        and path not in edits
        and leaf_at(spec, document, path) is None
        and any(edit.remove and within(edit.path, path.rpartition("/")[0]) for edit in edits.values())
    )


def attached_by_hand(
    spec: KindSpec,
    entry: Entry | None,
    leaves: Mapping[str, Json],
    desired: Json,
    live: Json,
    *,
    copies: bool = False,
) -> tuple[Json, ...]:
    """What is attached beside the manifest's set, where that set takes the place of tools inside the object.

    Up to then attachments were not the manifest's, so nobody meant those to go: they stay, and are taken note of.
    `copies`: the object, never applied from here, holds inline copies of what the manifest attaches.
    """
    path = spec.attachments
    if path is None or not isinstance(live, list) or (entry is not None and path in entry.sent):
        return ()
    sent = entry.sent if entry is not None else {}
    if not copies and not any(keyed_parent(spec, one) is not None and one not in leaves for one in sent):
        return ()
    wanted = desired if isinstance(desired, list) else []
    return tuple(item for item in live if item not in wanted)
