"""The manifest files of a project as they lie on disk, base and overlays, and the editor that changes their text."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.core.canonical.raw_edit import rebase
from reconciler.core.diff.three_way import is_secret
from reconciler.core.linting import codes_at, split_lines
from reconciler.manifests.edit.editable_file import EditableFile
from reconciler.manifests.edit.manifest_writer import write_document
from reconciler.manifests.read.envelope import Document, read_document, read_documents
from reconciler.manifests.read.raw_manifest import PassedOver, RawManifest
from reconciler.manifests.read.source_spans import Places, in_order, locate
from reconciler.manifests.tree.file_search import Search
from reconciler.manifests.tree.file_tree import SUFFIXES, Tree, Unreadable, WorkTree, check_given, placed, relative
from reconciler.manifests.tree.problems import FILE, Findings
from reconciler.manifests.tree.repository import inside, link_boundary_of
from reconciler.types.diagnostic import Diagnostic, Source, Span
from reconciler.types.json import Json, Object, index_of, lookup, pointers
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.manifest import Edit, EditRefused
from reconciler.types.project import Project


@dataclass(frozen=True, slots=True)
class RawFile:
    """One manifest file."""

    path: str
    """Relative to the project's home."""
    place: str
    """Absolute, links resolved: what has to be written."""
    data: bytes
    overlay: bool
    selected: bool


@dataclass(frozen=True, slots=True)
class RawFiles:
    """All of them."""

    files: tuple[RawFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    folder: str
    """Where new files belong, relative to the home: what was asked for, or the folder of all manifests."""
    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By workspace: the paths of its overlays, in the order in which they are merged."""


def read_sources(project: Project, paths: Sequence[str] = (), tree: Tree | None = None) -> RawFiles:
    """Every manifest file of the project, overlays of all workspaces included; those under `paths` are selected.

    They are read from `tree`, or as they lie on disk.

    Raises `UsageError` for a path that does not exist.
    """
    tree, home, findings = tree or WorkTree(), project.home, Findings()
    whole = list(project.manifests or (home,))
    given = [placed(tree, project.base, home, path) for path in paths]
    for path, text in zip(given, paths, strict=True):
        check_given(tree, path, text)
    layers = sorted(
        {
            os.path.normpath(os.path.join(home, folder))  # noqa: PTH118
            for workspace in project.workspaces.values()
            for folder in workspace.overlays
        }
    )
    skip = [*layers, *map(tree.real, layers), *project.own_files]
    found: dict[str, bool] = {}
    reach = link_boundary_of(project)
    search = Search(tree, reach.and_around(*given), home, findings, skip, project.exclude)
    for start in (*whole, *given):
        if tree.is_folder(start):
            found.update({path: False for path in search.files(start) if path not in found})
        elif start not in skip:
            found.setdefault(start, any(inside(start, layer) for layer in layers))
    search = Search(tree, reach, home, findings, exclude=project.exclude, overlay=True)
    inside_layer: dict[str, list[str]] = {}
    for layer in layers:
        if tree.is_folder(layer):
            inside_layer[layer] = sorted(search.files(layer))
            found.update(dict.fromkeys(inside_layer[layer], True))
    order = {
        workspace.name: tuple(
            dict.fromkeys(
                relative(path, home)
                for folder in workspace.overlays
                for path in inside_layer.get(os.path.normpath(os.path.join(home, folder)), ())  # noqa: PTH118
            )
        )
        for workspace in project.workspaces.values()
    }
    files: list[RawFile] = []
    for path in sorted(found):
        if not path.lower().endswith(SUFFIXES):
            continue
        selected = not given or any(inside(path, start) for start in given)
        try:
            data = tree.read(path)
        except Unreadable as problem:
            if selected:
                shown = Span(relative(path, home), 1, 1)
                findings.error(FILE, f"the file cannot be read: {problem}", span=shown, hint=problem.hint)
            continue
        files.append(RawFile(relative(path, home), tree.real(path), data, found[path], selected))
    start = next((path for path in given if tree.is_folder(path)), given[0] if given else whole[0])
    folder = start if tree.is_folder(start) else os.path.dirname(start)  # noqa: PTH120
    errors = tuple(diagnostic for diagnostic in findings.items if diagnostic.is_error)
    return RawFiles(tuple(files), errors, relative(folder, home) if folder != home else "", order)


class OpenManifests:
    """The manifests of one file, open for editing: the file is read once, and given back once."""

    def __init__(self, path: str, data: bytes, kinds: Kinds, *, overlay: bool) -> None:
        self.kinds = kinds
        self.path = path
        self.overlay = overlay
        self.drafts: list[RawManifest] = []
        self.problems: list[Diagnostic] = []
        self.speaks = False
        """Whether a document of ours stands in it: a manifest, or one that moves or removes an address."""
        self._data = data
        findings = Findings()
        documents = read_documents(data, path, findings)
        self._broken = next((diagnostic for diagnostic in findings.items if diagnostic.is_error), None)
        for document in documents:
            self.drafts += self._read(document, findings)
        errors = [diagnostic for diagnostic in findings.items if diagnostic.is_error]
        self.problems = list(in_order(Places(lambda _: data, str).place(errors)) if errors else ())
        self._file = (
            EditableFile(data, path, documents, values=True) if self._broken is None and self.drafts else None
        )

    def edit(self, index: int, edits: Sequence[Edit]) -> Callable[[], None]:
        """Change the manifest of that number; the edits' pointers lead into its body.

        All or nothing; what is given back takes it back again. Raises `EditRefused`.
        """
        before = self.drafts[index]
        if self._file is None:
            problem = self._broken
            place = problem.span if problem is not None and problem.span is not None else Span(self.path, 1, 1)
            raise EditRefused(problem.summary if problem is not None else "nothing can be edited here", place)
        base, number = before.source.base, before.source.document
        restore = self._file.edit(number, [rebase(edit, base) for edit in edits])
        found = self._again(self._file.documents[number], base)
        if len(found) != 1 or found[0].address.kind != before.address.kind:
            restore()
            raise EditRefused("the file would hold other manifests", self.place(index, ""))
        self.drafts[index] = found[0]

        def undo() -> None:
            restore()
            self.drafts[index] = before

        return undo

    def data(self) -> bytes:
        """The bytes of the file as it is now. Raises `EditRefused` where they do not say what they should."""
        return self._data if self._file is None else self._file.data()

    def kept(self, index: int) -> dict[str, frozenset[str]]:
        """Places of a manifest's body beside which a comment says that something stays, each with the codes."""
        draft = self.drafts[index]
        if self._file is None:
            return {}
        text, source = self._file.text_of(draft.source.document, draft.source.base)
        if "keep" not in text or "reconciler:" not in text:
            return {}
        lines = split_lines(text)
        codes = {pointer: codes_at(lines, locate(text, source, pointer).line) for pointer in pointers(draft.body)}
        return {pointer: found for pointer, found in codes.items() if found}

    def place(self, index: int, pointer: str) -> Span:
        """Line and column of a place in the body of a manifest."""
        draft = self.drafts[index]
        if self._file is None:
            return Span(self.path, 1, 1)
        return self._file.place(draft.source.document, draft.source.base, pointer, draft.kind)

    def head(self, index: int, pointer: str) -> Span:
        """Line and column of a place beside the body of a manifest, such as `/lifecycle`."""
        draft = self.drafts[index]
        return (
            Span(self.path, 1, 1)
            if self._file is None
            else self._file.place(draft.source.document, "", pointer, draft.kind)
        )

    def _again(self, document: Document, base: str) -> list[RawManifest]:
        """The one manifest at `base` of a document that was changed."""
        holder, _, token = base.rpartition("/")
        items = lookup(document.value, holder)
        at = index_of(token, len(items)) if isinstance(items, list) else None
        if not isinstance(items, list) or at is None:
            return self._read(document, Findings())
        found = self._read(Document([items[at]], document.number), Findings())
        return [replace(manifest, source=Source(self.path, document.number, base)) for manifest in found]

    def _read(self, document: Document, findings: Findings) -> list[RawManifest]:
        items = read_document(document, self.path, findings, self.kinds, overlay=self.overlay)
        self.speaks = self.speaks or any(not isinstance(item, PassedOver) for item in items)
        return [item for item in items if isinstance(item, RawManifest)]


class TextEditor:
    """Opens manifest files for editing, and writes new ones; `secrets` gathers literal secrets that it met."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds = kinds
        self.secrets: set[str] = set()

    def open(self, path: str, data: bytes, *, overlay: bool) -> OpenManifests:
        """One file with its manifests, and its errors with their places. Never raises."""
        found = OpenManifests(path, data, self.kinds, overlay=overlay)
        for draft in found.drafts:
            self.secrets |= set(_literals(draft.kind, draft.body))
        return found

    def render(self, document: Object, comment: str) -> bytes:
        """A new YAML file."""
        return write_document(document, comment).encode()


def _literals(kind: KindSpec, body: Object) -> list[str]:
    """Literal texts at secret places."""
    found: list[str] = []

    def walk(node: Node, value: Json) -> None:
        if isinstance(value, dict):
            for key, member in value.items():
                walk(node.child(node.renames.get(key, key)), member)
        elif isinstance(value, str) and len(value) > 3 and is_secret(node.row, value):
            found.append(value)

    walk(build_field_tree(kind), body)
    return found
