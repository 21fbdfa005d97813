"""The inputs of one comparison (`Subject`) and its results so far (`Findings`): edits, fields, drift, blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import leaf_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.diff.three_way import Verdict
from reconciler.core.diff.vendor_changes import Difference
from reconciler.core.resource_diff.resource_plan import (
    Binding,
    DiffContext,
    Left,
    atomic_parent,
    field_change,
    ignored,
    unknown_ids,
)
from reconciler.core.state.entry_records import is_name_hidden
from reconciler.types.change import Adoption, Block, Direction, FieldChange
from reconciler.types.json import SENSITIVE, Json, Object, lookup, within
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manage, Resource
from reconciler.types.plan import DriftField, Incomplete
from reconciler.types.state import Entry


@dataclass(frozen=True, slots=True)
class Subject:
    """One resource with its live object: the constant input of all steps of a comparison."""

    resource: Resource
    live: LiveObject
    binding: Binding
    context: DiffContext
    document: Object
    """The live object as a canonical document."""
    compared: Mapping[str, Json]
    """The leaves of the manifest, less those that `lifecycle.ignore` leaves alone."""
    managed: Object
    """The compared leaves that become managed once they are written."""

    @property
    def spec(self) -> KindSpec:
        return self.resource.kind

    @property
    def entry(self) -> Entry | None:
        return self.binding.entry

    @property
    def secret_paths(self) -> frozenset[str]:
        """Pointers at which the last apply sent a secret."""
        return self.entry.secret_paths if self.entry is not None else frozenset()

    @property
    def name(self) -> str | None:
        """The name of the object; None if it comes from a secret, now or at the last apply."""
        hidden = is_name_hidden(self.spec, self.resource.leaves, self.entry)
        return None if hidden else self.live.name

    @property
    def observing(self) -> bool:
        return self.resource.lifecycle.manage is Manage.OBSERVE

    def was_secret(self, path: str) -> bool:
        """Whether a secret was sent at, above or below `path`: the account may show it in the clear."""
        return any(within(path, other) or within(other, path) for other in self.secret_paths)


def subject_of(resource: Resource, live: LiveObject, binding: Binding, context: DiffContext) -> Subject:
    """The subject of a comparison, with the live object as a canonical document and ignored leaves left out."""
    ignore, lent = resource.lifecycle.ignore, resource.lent
    compared = resource.leaves
    if ignore:
        compared = {path: value for path, value in compared.items() if not ignored(path, ignore)}
    managed = {path: value for path, value in compared.items() if path not in lent} if lent else compared
    return Subject(resource, live, binding, context, live_document(resource.kind, live), compared, managed)


@dataclass(frozen=True, slots=True)
class Findings:
    """The results of a comparison so far. Every step returns them with its own added."""

    edits: Mapping[str, Edit] = field(default_factory=dict)
    """Edits to send, by path."""
    fields: tuple[FieldChange, ...] = ()
    """Differing leaves as a person sees them."""
    drift: tuple[DriftField, ...] = ()
    noted: tuple[DriftField, ...] = ()
    """Leaves that differ and stay as they are: an apply took note of them, or others may add to them."""
    adopt: tuple[Adoption, ...] = ()
    """Changes by the vendor that the state records as accepted."""
    differences: tuple[Difference, ...] = ()
    """Leaves of the manifest that differ from the live object, whoever changed them."""
    copies: tuple[str, ...] = ()
    """Inline tools that equal a tool which the manifest attaches."""
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    dropped: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    incomplete: tuple[Incomplete, ...] = ()
    absent: bool = False

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            {**self.edits, **other.edits},
            self.fields + other.fields,
            self.drift + other.drift,
            self.noted + other.noted,
            self.adopt + other.adopt,
            self.differences + other.differences,
            self.copies + other.copies,
            self.left + other.left,
            self.notes + other.notes,
            self.blocks + other.blocks,
            self.dropped + other.dropped,
            self.assumed + other.assumed,
            self.incomplete + other.incomplete,
            self.absent or other.absent,
        )


def to_write(
    subject: Subject, path: str, verdict: Verdict, current: Json, value: Json, kept: tuple[Json, ...] = ()
) -> Findings:
    """One leaf that differs, with the edit that writes it; as drift too, where the account moved. `kept` are items of
    an attachment set that stay beside the manifest's and are not shown."""
    spec, direction = subject.spec, verdict.sync.direction
    change = field_change(spec, path, direction, current, value, secret=subject.was_secret(path))
    if path == spec.attachments:
        held = [item for item in current if item not in kept] if isinstance(current, list) else []
        change = FieldChange(path, direction, held, value, after_unknown=unknown_ids(value))
    drift: tuple[DriftField, ...] = ()
    if direction is not Direction.GIT or subject.observing:
        before = change.after if not change.sensitive else SENSITIVE
        drift = (
            DriftField(
                path,
                direction if not subject.observing else Direction.LIVE,
                before=None if verdict.desired_moved else before,
                after=change.before,
                before_unknown=verdict.desired_moved,
                sensitive=change.sensitive,
            ),
        )
    return Findings(edit_of(subject, path, value), (change,), drift)


def note_difference(subject: Subject, path: str, current: Json, value: Json) -> Findings:
    """One leaf that differs and stays as it is. A secret is known by its digest only, and never taken into a
    manifest."""
    change = field_change(subject.spec, path, Direction.LIVE, current, value, secret=subject.was_secret(path))
    return Findings(noted=() if change.sensitive else (DriftField(path, Direction.LIVE, None, change.before),))


def edit_of(subject: Subject, path: str, value: Json) -> dict[str, Edit]:
    """The edit of one leaf; a leaf inside an atomic object is written with the whole object."""
    if path in subject.spec.separate_pointers:
        return {}
    if value is None:
        held = leaf_at(subject.spec, subject.document, path)
        return {path: Edit(path, remove=True)} if held is not None else {}
    return edit_of_whole(subject, path) or {path: Edit(path, value)}


def edit_of_whole(subject: Subject, path: str) -> dict[str, Edit]:
    """The edit of the atomic object around `path`; empty if there is none."""
    atomic = atomic_parent(subject.spec, path)
    return {} if atomic is None else {atomic: Edit(atomic, lookup(subject.resource.spec, atomic))}
