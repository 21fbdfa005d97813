"""What a plan says about one resource: the action, why, the fields, the patch and the requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from reconciler.types.address import Address
from reconciler.types.diagnostic import Span
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Lifecycle


class Action(Enum):
    """The value is the symbol that stands before the address in a text plan."""

    NOOP = " "
    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"
    FORGET = "."
    """Leaves state, the live object stays."""


class Direction(Enum):
    """Who moved since the last apply."""

    GIT = "git"
    LIVE = "live"
    BOTH = "both"
    VENDOR = "vendor"
    """The vendor itself: not written, offered to the manifest."""


class Reason(Enum):
    """Why this action; for display and reports, never steering apply."""

    NEW = "new"
    ADOPTED_BY_ID = "adopted_by_id"
    ADOPTED_BY_NAME = "adopted_by_name"
    PENDING = "pending"
    """An earlier run created it and could not record the outcome."""
    CHANGED = "changed"
    DELETED_OUTSIDE = "deleted_outside"
    NOT_IN_MANIFESTS = "delete_because_no_manifest"
    DESTROY = "destroy"
    REMOVED = "removed"
    ADDED_SINCE = "added_since"
    """A rollback goes back to before this object was made or imported."""
    MOVED = "moved"
    OBSERVE = "observe"
    REPLACED = "replaced"
    """A field that is fixed at creation changes: a new object is made, the old one deleted."""
    REPOINTED = "repointed"
    """Only references changed, because what they point to gets a new id in this plan."""
    VENDOR = "vendor"
    """Nothing is written: all that differs was changed by the vendor itself."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One leaf that differs, in canonical words."""

    path: str
    direction: Direction
    before: Json = None
    """The live value; null when absent, `(sensitive)` when secret."""
    after: Json = None
    """The desired value; null when removed. Secrets are references, unknown ids null (`after_unknown`)."""
    sensitive: bool = False
    after_unknown: bool = False
    note: str | None = None
    why: str | None = None
    """Of what goes: the manifest that wants it gone, or the one that no longer says it."""
    wanted: bool = False
    """Whether a manifest speaks of the place; `span` is where."""
    span: Span | None = None

    @property
    def remark(self) -> str | None:
        """Note and reason for people, with the line where it is known."""
        why = self.why
        if why is not None and self.span is not None:
            why = f"wanted at {self.span}"
        return "; ".join(part for part in (self.note, why) if part) or None


@dataclass(frozen=True, slots=True)
class Adoption:
    """One leaf that the vendor itself changed: it stays as it is, and the manifest is to follow."""

    path: str
    manifest: Json
    live: Json
    """Null where the server shows nothing (any more)."""
    reason: str
    command: str
    """What writes the live value into the manifest."""

    @property
    def note(self) -> str:
        """The reason, and on a line of its own the way."""
        return f"{self.reason}\nto adopt it: {self.command}"


@dataclass(frozen=True, slots=True)
class PatchOp:
    """One RFC 6902 operation, in wire words, valid against the object as it was read."""

    op: str
    path: str
    value: Json = None
    source: str | None = None
    """`from` of a move."""

    def to_json(self) -> Object:
        if self.op == "move":
            return {"op": "move", "from": self.source, "path": self.path}
        if self.op == "remove":
            return {"op": "remove", "path": self.path}
        return {"op": self.op, "path": self.path, "value": self.value}


@dataclass(frozen=True, slots=True)
class Request:
    """One write that apply will send. Apply fills placeholders and nothing else."""

    method: str
    path: str
    """Below the base URL; an id not known yet is `{persona.x}`."""
    address: Address
    body: Json = None
    """With references where the value is known only at apply."""
    purpose: str = "update"
    """create | update | conferencing | attach | detach | delete, or the name of a part"""


@dataclass(frozen=True, slots=True)
class Block:
    """Why a change may not be applied as it stands."""

    rule: str
    """A policy (deletes | protect | mass_change | allowed_hosts ...) or a rule of the planner (probable_rename |
    observe | immutable ...)."""
    message: str
    hint: str
    pointer: str | None = None
    """Canonical JSON pointer into the resource, where the block is about one value."""
    span: Span | None = None
    """Where that value stands in the manifest, as far as it was looked up."""

    @property
    def place(self) -> str:
        """Pointer and place in the file, as far as they are known; empty for a block about no value."""
        return ", ".join(str(part) for part in (self.pointer, self.span) if part)


@dataclass(frozen=True, slots=True)
class Change:
    """One resource in a plan."""

    address: Address
    kind: KindSpec = field(compare=False, repr=False)
    """What its object is; its name is in the address."""
    action: Action
    reason: Reason | None = None
    id: str | None = None
    """Live id; None until created."""
    importing: str | None = None
    """The id that this plan takes into state."""
    previous: Address | None = None
    """The address it had before a move."""
    replaces: Address | None = None
    """A create that takes the place of another object: where the entry of that one is kept until it is deleted."""
    gives_way_to: Address | None = None
    """A delete that ends such a replacement: the address of the object that took its place."""
    before: Object | None = None
    """Canonical live document without server-owned fields; secrets `(sensitive)`."""
    after: Object | None = None
    """Canonical document as it will be; secrets are markers, unknown ids null."""
    fields: tuple[FieldChange, ...] = ()
    patch: tuple[PatchOp, ...] = ()
    requests: tuple[Request, ...] = ()
    managed: Object | None = None
    """Pointer -> desired value (markers included) of every leaf that is ours after this change: what apply records
    as sent. None for deletes and forgets."""
    lifecycle: Lifecycle = Lifecycle()
    source: str | None = None
    name: str | None = None
    """The name that will be sent with a create, or that the live object bears."""
    level: int = 0
    """Dependency level; deletes run the other way round."""
    depends_on: tuple[Address, ...] = ()
    live_digest: str | None = None
    """Digest of the live object as planned against; None for creates."""
    detailed: bool = False
    """Whether `live_digest` is of a GET of this one object (else of its item in the list)."""
    parents: tuple[str, ...] = ()
    """Objects that this change creates on the way to its leaves."""
    blocked: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    adopt: tuple[Adoption, ...] = ()
    """Leaves that the vendor changed: none of them is in `fields`, in the patch or in a request. Apply takes note of
    what is live, so that they are told once."""
    kept: tuple[str, ...] = ()
    """Paths whose digests stay in state as they are."""

    @property
    def is_difference(self) -> bool:
        """Whether this counts for `--detailed-exitcode`."""
        moved = self.importing is not None or self.previous is not None
        return self.action is not Action.NOOP or moved or bool(self.adopt)
