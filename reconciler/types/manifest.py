"""Manifests as they are written, resources as a plan wants them, origins of values, and edits as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Source, Span
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec

DIRTY = "-dirty"
"""Behind a commit in whose work tree the files were changed, as `git describe --dirty` writes it."""


class Manage(Enum):
    """How much of an object is ours."""

    FULL = "full"
    OBSERVE = "observe"
    """Compare and report, never write."""


class Adopt(Enum):
    """Which live object of its name a manifest without state may take over."""

    ANY = "any"
    SAME = "same"
    """Only one whose content is what the manifest says; any other is left to whoever made it."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Remembered in state, so that it survives the removal of the manifest."""

    protect: bool = False
    ignore: tuple[str, ...] = ()
    """Canonical JSON pointers: written on create, then neither compared nor written."""
    manage: Manage = Manage.FULL
    adopt: Adopt = Adopt.ANY


@dataclass(frozen=True, slots=True)
class Manifest:
    """One resource as written, for one workspace (its overlays merged in)."""

    address: Address
    kind: KindSpec = field(compare=False, repr=False)
    spec: Object
    """The API body in canonical words (`kinds`), overlays merged. `{env}`, secret `{file}` and literal secrets are
    `SecretRef`s, `{ref}` is a `ResourceRef`, other `{file}` references are their text."""
    written: Object
    """The body in the author's own words (markers as above), without overlays: what lints of spelling look at."""
    source: Source
    overlays: tuple[Source, ...] = ()
    id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    defaults: tuple[Source, ...] = ()
    """What lies under the manifest, from the lowest to the highest."""


@dataclass(frozen=True, slots=True)
class Moved:
    """`kind: Moved`: rename without re-creation."""

    before: Address
    after: Address
    source: Source


@dataclass(frozen=True, slots=True)
class Removed:
    """`kind: Removed`: forget without destroying."""

    address: Address
    source: Source


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What the files of a project say of addresses, where only a part of them was asked for."""

    places: Mapping[Address, str]
    """The file that declares, moves or removes an address."""
    unread: tuple[str, ...] = ()
    """Files with errors in them: nobody knows what they declare."""


@dataclass(frozen=True, slots=True)
class ManifestSet:
    """Everything that one run read from the files."""

    manifests: tuple[Manifest, ...] = ()
    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    inputs_digest: str = ""
    """Digest over the files that were read; for reports only."""
    commit: str | None = None
    """The git commit the files came from (`--ref`); for reports only."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Every path of the command line as it was written -> the same relative to the project's home."""
    paths: tuple[str, ...] | None = None
    """The paths given on the command line, relative to the project; None means the whole project."""
    beside: tuple[Manifest, ...] = ()
    """Manifests outside of the paths that those inside refer to: they say what names mean, and what is not there at
    all is made along. Nothing else is done with them."""
    elsewhere: Callable[[], Elsewhere] | None = field(default=None, compare=False)
    """Reads what the whole project declares; None where that is what was read."""


@dataclass(frozen=True, slots=True)
class Resource:
    """`leaves` is `spec` flattened: canonical pointer -> normal value, markers for secrets and unknown ids."""

    address: Address
    kind: KindSpec = field(compare=False, repr=False)
    spec: Object
    leaves: dict[str, Json]
    name: str
    """The name sent with a create: the spec's own, else that of the manifest."""
    id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    source: Source | None = None
    refs: tuple[Address, ...] = ()
    """What it refers to, in this project."""
    kept: tuple[str, ...] = ()
    """Paths of the entry in state that this run leaves alone: neither compared nor written nor forgotten."""
    lent: frozenset[str] = frozenset()
    """Leaves that are written and do not become ours."""
    touched: frozenset[str] | None = None
    """Only within these may items of a list be taken away; None: the spec says all there is."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One layer that speaks of a field."""

    place: str
    """`manifests/desk.yaml:7:12`"""
    layer: str
    """manifest | overlay | defaults"""
    through: str = ""
    """How it says it, where it does not stand there itself: `value face_id`, `file prompts/desk.md`."""


@dataclass(frozen=True, slots=True)
class Why:
    """Where the value of a field comes from: the first origin decides, the others lie below it."""

    address: Address
    pointer: str
    value: Json
    origins: tuple[Origin, ...]


class EditRefused(Exception):
    """A file is left as it is: `message` says why, `span` where."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(f"{span}: {message}")
        self.message = message
        self.span = span


@dataclass(frozen=True, slots=True)
class SetValue:
    """Put `value` at `pointer`. Missing parents are created as mappings; the token `-` appends to a list."""

    pointer: str
    value: Json


@dataclass(frozen=True, slots=True)
class RemoveValue:
    """Take the member or item at `pointer` away."""

    pointer: str
    prune: bool = False
    """Also take away the parents that hold nothing else, but never `floor` or anything above it."""
    floor: str = ""


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Call the member at `pointer` by `name`; its value and its place stay."""

    pointer: str
    name: str


@dataclass(frozen=True, slots=True)
class MoveValue:
    """Take the value at `pointer` to `target`, where nothing is yet. Parents left empty are taken away (`prune`)."""

    pointer: str
    target: str
    prune: bool = True
    floor: str = ""


Edit: TypeAlias = SetValue | RemoveValue | RenameKey | MoveValue


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A manifest to be written into a file of its own."""

    path: str
    """Wanted path, relative to the folder for new files, with forward slashes."""
    document: Object
    comment: str = ""
    """One line for the head of the file."""
