"""Live values written into the manifests that speak of them: the least change of the text, comments kept.

A value that comes from an included file is written to that file; one that an overlay decides is written there, where
that can be done without saying anything else.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import json_equal, normalize
from reconciler.core.canonical.field_tree import UNKNOWN, Node, looks_secret, node_at
from reconciler.core.canonical.references import LITERAL, is_reserved, is_written_reference, write_references
from reconciler.core.export.live_values import unfilled_object
from reconciler.errors import ReconcilerError
from reconciler.manifests.edit.editable_file import rewrite
from reconciler.manifests.read.envelope import Document, read_documents
from reconciler.manifests.read.source_pointer import Misplaced, RawPlace, find_place, is_literal
from reconciler.manifests.read.unselected_manifests import file_with_text, included_files
from reconciler.manifests.tree.file_tree import Unreadable, WorkTree
from reconciler.manifests.tree.problems import Findings
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, Object, escape, join, lookup
from reconciler.types.kind import Field
from reconciler.types.manifest import Edit, EditRefused, Manifest, RemoveValue, SetValue
from reconciler.types.project import Project

IGNORE = "/lifecycle/ignore"


@dataclass(frozen=True, slots=True)
class NewValue:
    """`value` (None: nothing) is to stand at the canonical `pointer` of `manifest`; `ids`: how ids are written."""

    manifest: Manifest
    pointer: str
    value: Json
    ids: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class FileText:
    """A file before and after. `path` is absolute, `shown` relative to the project."""

    path: str
    shown: str
    before: bytes
    after: bytes


def accept_values(
    project: Project,
    manifests: Sequence[Manifest],
    values: Sequence[NewValue],
    left: Sequence[tuple[Manifest, str]] = (),
) -> tuple[FileText, ...]:
    """The files after `values` were written into them, and the pointers of `left` into `lifecycle.ignore`; nothing is
    written yet.

    Raises `ReconcilerError` naming the first that cannot be written without changing something else.
    """
    accepting = _Accepting(project, manifests)
    for value in values:
        with _explained(value.manifest, value.pointer, "accepted"):
            accepting.accept(value)
    for manifest, pointer in left:
        with _explained(manifest, pointer, "ignored"):
            accepting.ignore(manifest, pointer)
    return accepting.changed()


@contextmanager
def _explained(manifest: Manifest, pointer: str, what: str) -> Iterator[None]:
    try:
        yield
    except (EditRefused, Misplaced) as problem:
        raise ReconcilerError(
            f"{manifest.address}{pointer} cannot be {what}: {problem}",
            hint="edit the file by hand, or `reconciler apply` to put the manifest's value back",
        ) from None


class _Accepting:
    """The files that were touched so far, with what they hold now."""

    def __init__(self, project: Project, manifests: Sequence[Manifest]) -> None:
        self.home = project.home
        self.manifests = manifests
        self.before: dict[str, bytes] = {}
        self.now: dict[str, bytes] = {}

    def changed(self) -> tuple[FileText, ...]:
        return tuple(
            FileText(self.absolute(path), path, self.before[path], data)
            for path, data in self.now.items()
            if data != self.before[path]
        )

    def absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.home, path))  # noqa: PTH118

    def read(self, path: str) -> bytes:
        if path not in self.now:
            try:
                self.before[path] = self.now[path] = WorkTree().read(self.absolute(path))
            except Unreadable as problem:
                raise Misplaced(f"{path} cannot be read: {problem}") from None
        return self.now[path]

    def document(self, source: Source) -> Document:
        found = read_documents(self.read(source.path), source.path, Findings())
        for document in found:
            if document.number == source.document:
                return document
        raise Misplaced(f"{source.path} has no document {source.document + 1} any more")

    def accept(self, value: NewValue) -> None:
        source = self.source_of(value)
        document = self.document(source)
        place = find_place(value.manifest.kind, document, source.base, value.pointer)
        if place.shared:
            raise Misplaced(f"it comes from {place.shared}")
        if place.file is not None and value.value is not None:
            self.accept_file(value, source, place.file)
            return
        edits = self.edits(value, place)
        if edits:
            data = rewrite(self.read(source.path), source.path, [(source.document, edit) for edit in edits])
            self.now[source.path] = data

    def ignore(self, manifest: Manifest, pointer: str) -> None:
        """The pointer into the `lifecycle.ignore` of the document that declares the object."""
        document = self.document(manifest.source)
        if not isinstance(document.value, dict) or "kind" not in document.value:
            raise Misplaced(f"{manifest.source.path} is a bare body: give it `kind:` and `metadata:` first")
        listed = lookup(document.value, IGNORE)
        if listed is not None and not isinstance(listed, list):
            raise Misplaced(f"{IGNORE} is no list")
        edit = SetValue(f"{IGNORE}/-", pointer) if listed else SetValue(IGNORE, [pointer])
        source = manifest.source
        self.now[source.path] = rewrite(self.read(source.path), source.path, [(source.document, edit)])

    def source_of(self, value: NewValue) -> Source:
        """The document whose word counts: the last overlay that speaks of this place, else the manifest."""
        spec = value.manifest.kind
        for source in reversed(value.manifest.overlays):
            try:
                place = find_place(spec, self.document(source), source.base, value.pointer)
            except Misplaced:
                raise Misplaced(f"the overlay {source.path} decides it") from None
            if not place.exists:
                continue
            if value.value is None or isinstance(value.value, dict) or isinstance(place.value, dict):
                raise Misplaced(f"the overlay {source.path} decides a part of it")
            return source
        return value.manifest.source

    def edits(self, value: NewValue, place: RawPlace) -> list[Edit]:
        row = node_at(value.manifest.kind, value.pointer).row
        new = value.value
        if new is None:
            return self.removal(value, place)
        if isinstance(new, str) and new in value.ids:
            return [SetValue(place.pointer, value.ids[new])]
        if isinstance(new, list):
            names = {
                manifest.address.name: manifest
                for manifest in self.manifests
                if row is not None and manifest.address.kind == row.ref
            }
            return list_edits(row, place, new, value.ids, names)
        node = node_at(value.manifest.kind, value.pointer)
        if isinstance(new, dict) and isinstance(place.value, dict):
            return object_edits(node, place, new)
        if isinstance(new, dict) and row is not None and row.atomic:
            new = unfilled_object(row, new)
        return [SetValue(place.pointer, new if place.taken else write_references(node, new))]

    def removal(self, value: NewValue, place: RawPlace) -> list[Edit]:
        if not place.exists:
            return []
        if place.in_body:
            raise Misplaced("the text below the front matter cannot be taken away; delete it by hand")
        return [RemoveValue(place.pointer, prune=True, floor=value.manifest.source.base)]

    def accept_file(self, value: NewValue, source: Source, target: str) -> None:
        """The live text into the file that the manifest includes."""
        if not isinstance(value.value, str):
            raise Misplaced(f"it comes from the file {target}, and the live value is no text")
        folder = os.path.dirname(self.absolute(source.path))  # noqa: PTH120
        path = os.path.relpath(os.path.join(folder, target), self.home).replace(os.sep, "/")  # noqa: PTH118
        users = self.users_of(self.absolute(path))
        if len(users) > 1:
            raise Misplaced(f"the file {path} is included {len(users)} times ({', '.join(users)})")
        self.now[path] = file_with_text(self.read(path), value.value, path)

    def users_of(self, path: str) -> list[str]:
        """Where a file is included, all manifests and their overlays considered."""
        found: list[str] = []
        real = os.path.realpath(path)
        for manifest in self.manifests:
            for source in (manifest.source, *manifest.overlays):
                folder = os.path.dirname(self.absolute(source.path))  # noqa: PTH120
                for target in included_files(lookup(self.document(source).value, source.base)):
                    if os.path.realpath(os.path.join(folder, target)) == real:  # noqa: PTH118
                        found.append(str(manifest.address))
        return found


def list_edits(
    row: Field | None, place: RawPlace, new: list[Json], ids: Mapping[str, Json], names: Collection[str]
) -> list[Edit]:
    """A set loses and gains single items; any other list is written anew.

    `ids` says how a live id is written; `names` are the manifests' names, by which tools may be mentioned.
    """
    written = [ids.get(item, item) if isinstance(item, str) else _data(UNKNOWN, item, place) for item in new]
    old = place.value
    if row is None or not row.set_like or not isinstance(old, list) or not old or not new:
        return [SetValue(place.pointer, written)]
    kept = [item for item in old if any(_means(item, value, names) for value in written)]
    if not kept:
        return [SetValue(place.pointer, written)]
    gone = [index for index, item in enumerate(old) if not any(_means(item, value, names) for value in written)]
    more = [value for value in written if not any(_means(item, value, names) for item in old)]
    return [
        *(RemoveValue(f"{place.pointer}/{number}") for number in reversed(gone)),
        *(SetValue(f"{place.pointer}/-", item) for item in more),
    ]


def _means(old: Json, new: Json, names: Collection[str]) -> bool:
    """Whether an item as written is the one wanted: equal, or a name for the same reference."""
    if isinstance(old, str) and isinstance(new, dict) and old in names:
        return str(new.get("ref", "")).partition(".")[2] == old
    return json_equal(old, new)


def object_edits(node: Node, place: RawPlace, new: Object) -> list[Edit]:
    """Member by member. Secrets stay as they are written: the live value does not show them."""
    row = node.row
    edits: list[Edit] = []
    plain = unfilled_object(row, new) if row is not None and row.atomic else new
    if not place.taken and _reads_otherwise(node, place.value, plain):
        return [] if _says(node, place.value, new) else [SetValue(place.pointer, write_references(node, plain))]
    if row is not None and row.atomic:
        if not isinstance(place.value, dict):
            raise Misplaced("it is no mapping")
        _members(node, place, place.pointer, place.value, plain if isinstance(plain, dict) else {}, new, edits)
        return edits
    assert isinstance(place.value, dict)
    _members(node, place, place.pointer, place.value, new, new, edits)
    return edits


def _members(
    node: Node, place: RawPlace, pointer: str, old: Object, new: Object, filled: Object, edits: list[Edit]
) -> None:
    """`filled` is the live value with what the server fills in: what is written out and equal to it stays."""
    for key, member in old.items():
        child = node.child(key)
        if (child.row is not None and child.row.secret) or looks_secret(child.row, new.get(key)):
            continue
        live = new.get(key, filled.get(key) if _fits(child, member, filled.get(key)) else None)
        here = pointer + join(key)
        if not place.taken and live is not None and _reads_otherwise(child, member, live):
            if not _says(child, member, live):
                edits.append(SetValue(here, write_references(child, live)))
        elif isinstance(member, dict) and isinstance(live, dict):
            inner = filled.get(key)
            _members(child, place, here, member, live, inner if isinstance(inner, dict) else live, edits)
        elif live is None and member is not None:
            edits.append(RemoveValue(here))
        elif not json_equal(normalize(child.row, member), normalize(child.row, live)):
            edits.append(SetValue(here, _data(child, live, place)))
    for key, live in new.items():
        if key not in old and live is not None:
            edits.append(SetValue(f"{pointer}/{escape(key)}", _data(node.child(key), live, place)))


def _data(node: Node, live: Json, place: RawPlace) -> Json:
    """A live value as it is written there."""
    return live if place.taken else write_references(node, live)


def _reads_otherwise(node: Node, written: Json, live: Json) -> bool:
    """Whether single members cannot be edited: what stands there, or what is to, is no mapping to a reader."""
    return is_written_reference(written) or (isinstance(live, dict) and is_reserved(node, live))


def _says(node: Node, written: Json, live: Json) -> bool:
    """Whether a literal says what is live."""
    return (
        isinstance(written, dict)
        and is_literal(written)
        and json_equal(normalize(node.row, written[LITERAL]), normalize(node.row, live))
    )


def _fits(node: Node, written: Json, live: Json) -> bool:
    return isinstance(written, dict) or json_equal(normalize(node.row, written), normalize(node.row, live))
