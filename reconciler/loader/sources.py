"""The manifest files of a project as they lie on disk, base and overlays, and the editor that changes their text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.shape import Node, shape
from reconciler.kinds.base import KindSpec
from reconciler.loader.decode import decode
from reconciler.loader.documents import read_documents
from reconciler.loader.drafts import Draft
from reconciler.loader.envelope import read_document
from reconciler.loader.files import Tree, Unreadable, WorkTree, check_given, placed, relative
from reconciler.loader.findings import FILE, Findings
from reconciler.loader.repository import inside, reach_of
from reconciler.loader.rewrite import rewrite
from reconciler.loader.search import LINES, Search
from reconciler.loader.spans import Places, in_order, locate
from reconciler.loader.writing import write_document
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.edit import Edit
from reconciler.types.json import Json, Object
from reconciler.types.project import Project
from reconciler.types.source import Source, Span


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


def read_sources(project: Project, paths: Sequence[str] = (), tree: Tree | None = None) -> RawFiles:
    """Every manifest file of the project, overlays of all workspaces included; those under `paths` are selected.

    They are read from `tree`, or as they lie on disk.

    Raises `UsageError` for a path that does not exist.
    """
    tree, home, findings = tree or WorkTree(), project.home, Findings()
    whole = list(project.manifests or (home,))
    given = [placed(tree, project.root, home, path) for path in paths]
    for path, text in zip(given, paths, strict=True):
        check_given(tree, path, text)
    layers = sorted(
        {
            os.path.normpath(os.path.join(home, folder))  # noqa: PTH118
            for workspace in project.workspaces.values()
            for folder in workspace.overlays
        }
    )
    skip = [*layers, *project.own_files]
    found: dict[str, bool] = {}
    reach = reach_of(project)
    search = Search(tree, reach.and_around(*given), home, findings, skip, project.exclude)
    for start in (*whole, *given):
        if tree.is_folder(start):
            found.update({path: False for path in search.files(start) if path not in found})
        elif start not in skip:
            found.setdefault(start, any(inside(start, layer) for layer in layers))
    search = Search(tree, reach, home, findings, exclude=project.exclude, overlay=True)
    for layer in layers:
        if tree.is_folder(layer):
            found.update(dict.fromkeys(search.files(layer), True))
    files: list[RawFile] = []
    for path in sorted(found):
        if path.lower().endswith(LINES):
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
    errors = tuple(one for one in findings.items if one.is_error)
    return RawFiles(tuple(files), errors, relative(folder, home) if folder != home else "")


class TextEditor:
    """Reads manifests out of bytes and puts changes into them; `secrets` gathers literal secrets that it met."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def bodies(self, path: str, data: bytes, *, overlay: bool) -> tuple[list[Draft], list[Diagnostic]]:
        """The manifests of one file, and its errors with their places."""
        findings = Findings()
        drafts: list[Draft] = []
        for document in read_documents(data, path, findings):
            for item in read_document(document, path, findings, overlay=overlay):
                if isinstance(item, Draft):
                    drafts.append(item)
                    self.secrets |= set(_literals(item.kind, item.body))
        errors = [one for one in findings.items if one.is_error]
        placed = in_order(Places(lambda _: data, str).place(errors)) if errors else ()
        return drafts, list(placed)

    def rewrite(self, path: str, data: bytes, edits: Sequence[tuple[int, Edit]]) -> bytes:
        """The bytes after the edits. Raises `EditRefused`."""
        return rewrite(data, path, edits)

    def line_of(self, path: str, data: bytes, document: int, pointer: str) -> tuple[str, int]:
        """The text of the file, and the line (from 1) of the value at a document pointer."""
        text = decode(data, path, Findings()) or ""
        return text, locate(text, Source(path, document), pointer).line

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
        elif isinstance(value, str) and len(value) > 3 and node.row is not None and node.row.secret:
            found.append(value)

    walk(shape(kind), body)
    return found
