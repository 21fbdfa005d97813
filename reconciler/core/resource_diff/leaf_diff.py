"""The leaves of a manifest compared with those of the live object: which differ, and who changed each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import has_parent, json_equal, keyed_parent, leaf_at
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.diff import three_way
from reconciler.core.diff.three_way import Leaf, Sync, Verdict
from reconciler.core.diff.vendor_changes import (
    Difference,
    VendorContext,
    may_involve_vendor,
    merged_counterpart,
    vendor_changes,
    without_vendor,
)
from reconciler.core.resource_diff.findings import Findings, Subject, note_difference, to_write
from reconciler.types.change import Adoption, Block, Direction
from reconciler.types.json import Json, Object, within
from reconciler.types.kind import KindSpec
from reconciler.types.plan import DriftField, Incomplete, Obstacle
from reconciler.types.state import Entry


def compare_leaves(subject: Subject) -> Findings:
    """Findings for the leaves of the manifest: those that differ, and those that could not be compared."""
    found = Findings()
    spec, document, resend = subject.spec, subject.document, subject.context.resend_secrets
    for path, value in subject.compared.items():
        current = leaf_at(spec, document, path)
        if value is not None and not resend and (value is current or json_equal(value, current)):
            continue  # the common case; all the rules begin with this one
        verdict = _verdict(subject, path, value, current)
        if verdict != _IN_SYNC:
            found += _classify(subject, Difference(path, value, current, verdict))
    return found


_IN_SYNC = Verdict(Sync.SAME)


def _verdict(subject: Subject, path: str, value: Json, current: Json) -> Verdict:
    """The three-way verdict on one leaf: in sync, or changed by git, live, or both."""
    row, book = field_at(subject.spec, path), subject.context.book
    # What is only observed is held against the manifest alone: nothing of it was ever sent.
    entry = None if subject.observing else subject.entry
    leaf = Leaf(
        path,
        value,
        current,
        entry.sent.get(path) if entry else None,
        entry.seen_at(path) if entry else None,
        has_parent(subject.document, path),
        tracked=entry is not None,
    )
    verdict = three_way.compare(subject.spec, leaf, book)
    if subject.context.resend_secrets and verdict.sync is Sync.SAME and three_way.is_secret(row, value):
        return verdict if verdict.obstacle is Obstacle.SECRET_MISSING else Verdict(Sync.GIT)
    return verdict


def _classify(subject: Subject, difference: Difference) -> Findings:
    """The findings about a leaf that is not plainly in sync."""
    path, verdict = difference.path, difference.verdict
    incomplete: tuple[Incomplete, ...] = ()
    if verdict.obstacle is not None:
        absent = ", ".join(subject.context.book.missing(difference.desired))
        incomplete = (Incomplete(verdict.obstacle, subject.resource.address, path, absent),)
    found = Findings(
        notes=(f"{path}: {verdict.note}",) if verdict.note else (),
        assumed=(path,) if verdict.assumed else (),
        incomplete=incomplete,
    )
    if verdict.sync is Sync.SAME:
        return found + note_difference(subject, path, difference.live, difference.desired) if verdict.noted else found
    row = field_at(subject.spec, path)
    if row is not None and row.immutable and not subject.observing:
        if difference.live is None and not verdict.desired_moved:
            # Not shown again, and what was sent is still what is wanted.
            return found + Findings(absent=difference.desired is not None)
        found += Findings(blocks=(_immutable_block(subject, path, difference.live, difference.desired),))
    return found + Findings(differences=(difference,))


def settle(subject: Subject, found: Findings) -> Findings:
    """Adopt the vendor's own changes; write every other leaf that differs."""
    differences, vendors = _vendor_adoptions(subject, found.differences)
    if differences is not found.differences:
        found = replace(found, differences=tuple(differences))
    for difference in differences:
        found += _write_or_adopt(subject, difference, vendors.get(difference.path), copies=bool(found.copies))
    for path in merged_counterpart(subject.spec, subject.managed, subject.document, found.edits):
        found += _write_anyway(subject, path)
    return found


def _write_or_adopt(subject: Subject, difference: Difference, adoption: Adoption | None, *, copies: bool) -> Findings:
    told = adoption is not None and difference.path not in subject.spec.catalogue_tables
    found = Findings(absent=difference.live is None and difference.desired is not None and not told)
    kept: tuple[Json, ...] = ()
    if difference.path == subject.spec.attachments:
        kept = attached_by_hand(
            subject.spec, subject.entry, subject.resource.leaves, difference.desired, difference.live, copies=copies
        )
    if kept:
        shown = ", ".join(str(item) for item in kept)
        found += Findings(
            notes=(f"{difference.path}: {shown} was attached by hand and stays; add it to tools, or detach it",)
        )
        wanted, held = (item if isinstance(item, list) else [] for item in (difference.desired, difference.live))
        if all(item in held for item in wanted):
            return found + note_difference(subject, difference.path, difference.live, difference.desired)
    if adoption is None:
        return found + to_write(
            subject, difference.path, difference.verdict, difference.live, difference.desired, kept
        )
    drift = DriftField(difference.path, Direction.VENDOR, adoption.manifest, adoption.live, note=adoption.note)
    return found + Findings(adopt=(adoption,), drift=(drift,) if difference.sync in (Sync.LIVE, Sync.BOTH) else ())


def _write_anyway(subject: Subject, path: str) -> Findings:
    """The edit of a leaf that need not be written by itself, but has to accompany another write."""
    current = leaf_at(subject.spec, subject.document, path)
    return to_write(subject, path, Verdict(Sync.GIT), current, subject.managed[path])


def _vendor_adoptions(
    subject: Subject, differences: Sequence[Difference]
) -> tuple[Sequence[Difference], Mapping[str, Adoption]]:
    """The differences left for git, and the vendor's own by path. A leaf that the manifest changed too stays
    git's."""
    context, entry = subject.context, subject.entry
    if (
        not differences
        or context.catalogue is None
        or subject.observing
        or not may_involve_vendor(subject.spec, differences)
    ):
        return differences, {}
    catalogue = context.catalogue()
    if entry is not None:
        differences = without_vendor(subject.spec, differences, entry, catalogue, context.book)
    look = VendorContext(
        subject.spec, subject.resource.address, catalogue, subject.managed, subject.document,
        tracked=entry is not None,
    )  # fmt: skip
    return differences, vendor_changes(differences, look)


def _immutable_block(subject: Subject, path: str, current: Json, value: Json) -> Block:
    kind_word = subject.spec.manifest_kinds[0]
    was = f"is {current!r} and " if isinstance(current, str) and current else ""
    return Block(
        "immutable",
        f"{path} {was}cannot be changed on an object that exists",
        f"write the new one as a {kind_word} of another name and point its users at it (without metadata.id an "
        f"object in the state is made anew by itself), or add {path} to lifecycle.ignore",
    )


def write_enabling(subject: Subject, found: Findings) -> Findings:
    """Add edits of leaves that must be written before the attachments of this plan."""
    if subject.observing:
        return found
    moved = {field.path for field in found.fields}
    for path in to_enable(subject.spec, subject.managed, subject.document, found.edits, moved):
        found += _write_anyway(subject, path)
    return found


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
        for path in spec.written_before_attaching
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
    if not copies and not any(keyed_parent(spec, pointer) is not None and pointer not in leaves for pointer in sent):
        return ()
    wanted = desired if isinstance(desired, list) else []
    return tuple(item for item in live if item not in wanted)
