"""The leaves of the manifest against those of the live object: which differ, and whose doing each difference is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import has_parent, keyed_parent, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.diff import three_way
from reconciler.core.diff.three_way import Leaf, Sync, Verdict
from reconciler.core.diff.vendor_changes import (
    Difference,
    Look,
    concerns,
    merged_along,
    vendor_changes,
    without_vendor,
)
from reconciler.core.fields.outdated import TABLES
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.types.change import Adoption, Block, Direction
from reconciler.types.incomplete import Incomplete, Obstacle
from reconciler.types.json import Json, Object, within
from reconciler.types.kind import KindSpec
from reconciler.types.plan import DriftField
from reconciler.types.state import Entry


def compare_leaf(work: Work, path: str, value: Json) -> None:
    current = leaf_at(work.spec, work.document, path)
    if value == current and isinstance(value, str) and not work.context.resend_secrets:
        return  # the common case; all the rules begin with this one
    row = field_at(work.spec, path)
    parent_present = has_parent(work.document, path)
    # What is only observed is held against the manifest alone: nothing of it was ever sent.
    entry = None if work.observing else work.entry
    leaf = Leaf(
        path,
        value,
        current,
        entry.sent.get(path) if entry else None,
        entry.seen_at(path) if entry else None,
        parent_present,
        tracked=entry is not None,
    )
    verdict = three_way.compare(work.spec, leaf, work.context.book)
    missing = verdict.obstacle is Obstacle.SECRET_MISSING
    if work.context.resend_secrets and verdict.sync is Sync.SAME and three_way.is_secret(row, value) and not missing:
        verdict = Verdict(Sync.GIT)
    if verdict.obstacle is not None:
        absent = ", ".join(work.context.book.missing(value))
        work.incomplete.append(Incomplete(verdict.obstacle, work.resource.address, path, absent))
    if verdict.note:
        work.notes.append(f"{path}: {verdict.note}")
    if verdict.assumed:
        work.assumed.append(path)
    if verdict.sync is Sync.SAME:
        if verdict.noted:
            work.note_difference(path, current, value)
        return
    if row is not None and row.immutable and not work.observing:
        if current is None and not verdict.desired_moved:
            work.absent = work.absent or value is not None
            return  # not shown again, and what was sent is still what is wanted
        work.blocks.append(_fixed(work, path, current, value))
    work.differences.append(Difference(path, value, current, verdict))


def settle(work: Work) -> None:
    """Leave the vendor's own changes to the manifest; everything else that differs is to be written."""
    vendors = _vendors(work)
    for one in work.differences:
        adoption = vendors.get(one.path)
        told = adoption is not None and one.path not in TABLES
        work.absent = work.absent or (one.live is None and one.desired is not None and not told)
        if one.path == work.spec.attachments and _only_by_hand(work, one):
            work.note_difference(one.path, one.live, one.desired)
            continue
        if adoption is None:
            work.add_field(one.path, one.verdict, one.live, one.desired)
            work.edit(one.path, one.desired)
            continue
        work.adopt.append(adoption)
        if one.sync in (Sync.LIVE, Sync.BOTH):
            work.drift.append(
                DriftField(one.path, Direction.VENDOR, adoption.manifest, adoption.live, note=adoption.note)
            )
    for path in merged_along(work.spec, work.managed, work.document, work.edits):
        _write_anyway(work, path)


def _write_anyway(work: Work, path: str) -> None:
    """Write a leaf that does not differ, or that was taken note of, because another one is written."""
    value = work.managed[path]
    work.add_field(path, Verdict(Sync.GIT), leaf_at(work.spec, work.document, path), value)
    work.edit(path, value)


def _only_by_hand(work: Work, one: Difference) -> bool:
    """Whether what was attached by hand is all that differs; it stays attached in any case."""
    work.kept = attached_by_hand(
        work.spec, work.entry, work.resource.leaves, one.desired, one.live, copies=bool(work.copies)
    )
    if work.kept:
        shown = ", ".join(str(item) for item in work.kept)
        work.notes.append(f"{one.path}: {shown} was attached by hand and stays; add it to tools, or detach it")
    wanted, held = (item if isinstance(item, list) else [] for item in (one.desired, one.live))
    return bool(work.kept) and all(item in held for item in wanted)


def _vendors(work: Work) -> dict[str, Adoption]:
    """What of the differences is the vendor's doing. A wish of git for what the vendor changed stays git's."""
    if not work.differences or work.context.catalogue is None or work.observing:
        return {}
    if not concerns(work.spec, work.differences):
        return {}
    catalogue = work.context.catalogue()
    if work.entry is not None:
        work.differences = without_vendor(work.differences, work.entry, catalogue, work.context.book)
    look = Look(
        work.spec, work.resource.address, catalogue, work.managed, work.document, tracked=work.entry is not None
    )
    return vendor_changes(work.differences, look)


def _fixed(work: Work, path: str, current: Json, value: Json) -> Block:
    kind_word = work.spec.manifest_kinds[0]
    was = f"is {current!r} and " if isinstance(current, str) and current else ""
    return Block(
        "immutable",
        f"{path} {was}cannot be changed on an object that exists",
        f"write the new one as a {kind_word} of another name and point its users at it (without metadata.id an "
        f"object in the state is made anew by itself), or add {path} to lifecycle.ignore",
    )


def write_enabling(work: Work) -> None:
    """Write what has to be in place before the attachments of this plan."""
    moved = {field.path for field in work.fields}
    for path in to_enable(work.spec, work.managed, work.document, work.edits, moved):
        _write_anyway(work, path)


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
