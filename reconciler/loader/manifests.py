"""The front door: files -> one `ManifestSet` for one workspace, with everything that is wrong in them."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from reconciler.core.fields.check import check_fields, server_field_warning, without_server_fields
from reconciler.core.words import canonical_words
from reconciler.errors import UsageError
from reconciler.loader import checks, overlays
from reconciler.loader.decode import MAX_BYTES
from reconciler.loader.documents import read_documents
from reconciler.loader.envelope import Draft, read_document
from reconciler.loader.files import Tree, Unreadable, WorkTree, check_given, find_manifests, inside, relative
from reconciler.loader.findings import FIELD, FILE, OVERLAY, SIZE, TOOLS, Findings
from reconciler.loader.lifecycle import check_lifecycle, choose_id, lifecycle_of
from reconciler.loader.references import Included, References
from reconciler.loader.secrets import LiteralSecrets, RunSecrets
from reconciler.loader.spans import Places, in_order
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import Object, join
from reconciler.types.manifest import Manifest, ManifestSet, Moved, Removed
from reconciler.types.ports import Secrets
from reconciler.types.project import Project, Workspace
from reconciler.types.source import Source, Span


def load_manifests(
    project: Project,
    workspace: Workspace | str,
    *,
    paths: Sequence[str | os.PathLike[str]] | None = None,
    ref: str | None = None,
    allow_literal_secrets: bool = False,
    environ: Mapping[str, str] | None = None,
    texts: Mapping[str, bytes] | None = None,
) -> tuple[ManifestSet, Secrets]:
    """Read the manifests of a project for one workspace.

    `paths` (relative to the project's root, or absolute) limit what is read; None or empty is the whole project.
    With `ref` all files come from that commit. `environ` is where `{env: X}` is looked up (the process's own
    environment by default); it is read by the returned `Secrets` only. `texts` (absolute path -> bytes) stand in for
    files as they lie there, and for files that are not there yet: what a migration would make of them.

    What is wrong with files is in `ManifestSet.diagnostics`, each with its span; the manifests that are in order are
    returned beside it. Raises `UsageError` for a path, commit or workspace that does not exist.
    """
    chosen = _workspace(project, workspace)
    tree, close = open_tree(project, ref)
    if texts:
        from reconciler.loader.overlaid import OverlaidTree

        tree = OverlaidTree(tree, texts)
    try:
        with _without_collector():
            run = _Run(project, chosen, tree, allow_literal_secrets)
            result = run.load(paths)
    finally:
        close()
    return result, RunSecrets(os.environ if environ is None else environ, project.home, run.literals)


def secrets_of(project: Project, environ: Mapping[str, str] | None = None) -> Secrets:
    """Resolves references without any manifest: for saved plans."""
    return RunSecrets(os.environ if environ is None else environ, project.home)


def place(
    project: Project,
    diagnostics: Sequence[Diagnostic],
    *,
    manifests: Sequence[Manifest] = (),
    ref: str | None = None,
) -> tuple[Diagnostic, ...]:
    """Fill in the spans of findings that other parts made (lint rules, the planner); the others stay as they are."""
    if all(item.span is not None or item.source is None for item in diagnostics):
        return tuple(diagnostics)
    tree, close = open_tree(project, ref)
    try:
        return _places(project, tree).place(diagnostics, {item.address: item.overlays for item in manifests})
    finally:
        close()


def open_tree(project: Project, ref: str | None) -> tuple[Tree, _Close]:
    """The files to read, and what to call when they were read."""
    if ref is None:
        return WorkTree(), _Close()
    from reconciler.loader.gitref import GitTree

    tree = GitTree(project.home if os.path.isdir(project.home) else project.root, ref)  # noqa: PTH112
    return tree, _Close(tree)


class _Close:
    def __init__(self, tree: object = None) -> None:
        self._tree = tree

    def __call__(self) -> None:
        close = getattr(self._tree, "close", None)
        if close is not None:
            close()


def _workspace(project: Project, workspace: Workspace | str) -> Workspace:
    if isinstance(workspace, Workspace):
        return workspace
    if workspace not in project.workspaces:
        raise UsageError(f"unknown workspace {workspace!r}; known: {', '.join(project.workspaces)}")
    return project.workspaces[workspace]


def _places(project: Project, tree: Tree) -> Places:
    def read(path: str) -> bytes | None:
        try:
            return tree.read(os.path.normpath(os.path.join(project.home, path)))  # noqa: PTH118
        except Unreadable:
            return None

    def shown(path: str) -> str:
        if project.home == project.root:
            return path
        return relative(os.path.normpath(os.path.join(project.home, path)), project.root)  # noqa: PTH118

    return Places(read, shown)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Nothing built here is cyclic; collecting while thousands of objects are made costs a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(slots=True)
class _Items:
    drafts: list[Draft] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)


class _Run:
    """One reading of a project."""

    def __init__(self, project: Project, workspace: Workspace, tree: Tree, allow_literals: bool) -> None:
        self.project = project
        self.workspace = workspace
        self.tree = tree
        self.home = project.home
        self.findings = Findings()
        self.literals: LiteralSecrets = {}
        self.digests: dict[str, bytes] = {}
        self.places = _places(project, tree)
        self.allow_literals = allow_literals

    def load(self, paths: Sequence[str | os.PathLike[str]] | None) -> ManifestSet:
        """Find, read, resolve, merge, check: in this order, so that each step sees only what the last one passed."""
        whole = self.project.manifests or (self.home,)
        given = [os.path.realpath(os.path.join(self.project.root, path)) for path in paths or ()]  # noqa: PTH118
        for path, text in zip(given, paths or (), strict=True):
            check_given(self.tree, path, os.fspath(text))
        partial = bool(given) and not all(any(inside(home, path) for path in given) for home in whole)
        boundaries = (self.home, *(self._boundary(path) for path in given if not inside(path, self.home)))
        items = self.read(given or list(whole), boundaries, explicit=given)
        references = References(
            Included(self.tree, self.home, boundaries, self.digests),
            self.literals,
            self.findings,
            allow_literals=self.allow_literals,
        )
        bases = checks.unique(items.drafts, self.places.locate, self.findings)
        layers = overlays.attach(bases, self.overlays(boundaries), self.findings, partial=partial)
        manifests = {
            address: self.manifest(draft, layers.get(address, ()), references) for address, draft in bases.items()
        }
        checks.check_references(
            manifests,
            [address for address in manifests if address in references.referring],
            references.targets,
            lambda: self.elsewhere(whole, given),
            self.findings,
        )
        checks.check_claims(manifests, self.findings)
        checks.check_moves(manifests, items.moved, items.removed, self.findings)
        sources = {address: manifest.overlays for address, manifest in manifests.items()}
        self.read_digest_of_project()
        return ManifestSet(
            tuple(manifests.values()),
            tuple(items.moved),
            tuple(items.removed),
            in_order(self.places.place(self.places.show(self.findings.items), sources)),
            self.digest(),
            self.tree.commit,
            tuple(relative(path, self.home) for path in given) if partial else None,
        )

    def _boundary(self, path: str) -> str:
        return path if self.tree.is_folder(path) else os.path.dirname(path)  # noqa: PTH120

    def overlay_folders(self) -> list[str]:
        """Every workspace's overlay folders: none of them holds base manifests."""
        return [
            os.path.normpath(os.path.join(self.home, folder))  # noqa: PTH118
            for workspace in self.project.workspaces.values()
            for folder in workspace.overlays
        ]

    def read(self, starts: Sequence[str], boundaries: tuple[str, ...], *, explicit: Sequence[str] = ()) -> _Items:
        skip = [*self.overlay_folders(), *self.project.own_files]
        files: dict[str, None] = {}
        for start in starts:
            if self.tree.is_folder(start):
                boundary = next((item for item in boundaries if inside(start, item)), start)
                files.update(
                    dict.fromkeys(find_manifests(self.tree, start, boundary, self.home, self.findings, skip=skip))
                )
            elif start not in skip:
                files[start] = None
        items = _Items()
        for path in sorted(files):
            self._collect(path, items, given=path in explicit)
        return items

    def _collect(self, path: str, items: _Items, *, given: bool = False, overlay: bool = False) -> None:
        shown = relative(path, self.home)
        data = self._bytes(path, shown)
        if data is None:
            return
        for document in read_documents(data, shown, self.findings):
            for item in read_document(document, shown, self.findings, given=given, overlay=overlay):
                if isinstance(item, Draft):
                    items.drafts.append(item)
                elif isinstance(item, Moved):
                    items.moved.append(item)
                else:
                    items.removed.append(item)

    def _bytes(self, path: str, shown: str) -> bytes | None:
        try:
            data = self.tree.read(path)
        except Unreadable as problem:
            code = SIZE if f"{MAX_BYTES // (1024 * 1024)} MB" in str(problem) else FILE
            self.findings.error(code, f"the file cannot be read: {problem}", span=Span(shown, 1, 1))
            return None
        self.digests[shown] = sha256(data).digest()
        return data

    def overlays(self, boundaries: tuple[str, ...]) -> list[Draft]:
        """The workspace's overlays: folders in the order of the project file, files by name."""
        items = _Items()
        for number, folder in enumerate(self.workspace.overlays):
            start = os.path.normpath(os.path.join(self.home, folder))  # noqa: PTH118
            if not self.tree.is_folder(start):
                file = relative(self.project.file, self.home) if self.project.file else folder
                self.findings.error(
                    OVERLAY,
                    f"the overlay folder {folder} does not exist",
                    source=Source(file),
                    pointer=join("workspaces", self.workspace.name, "overlays", str(number)),
                    hint="paths are relative to the project file",
                )
                continue
            for path in sorted(find_manifests(self.tree, start, self.home, self.home, self.findings, overlay=True)):
                self._collect(path, items, overlay=True)
        for source in [move.source for move in items.moved] + [drop.source for drop in items.removed]:
            summary = "Moved and Removed documents do not belong into overlays"
            self.findings.error(OVERLAY, summary, source=source, pointer="/kind")
        return items.drafts

    def manifest(self, base: Draft, layers: Sequence[Draft], references: References) -> Manifest:
        """One manifest with its overlays merged in."""
        spec = self.canonical(base, references)
        lifecycle = check_lifecycle(base, self.findings) if base.lifecycle else {}
        id = self.id_of(base)
        for layer in layers:
            merged = overlays.merge(spec, self.canonical(layer, references))
            spec = merged if isinstance(merged, dict) else {}
            if layer.lifecycle:
                changed = overlays.merge(lifecycle, check_lifecycle(layer, self.findings))
                lifecycle = changed if isinstance(changed, dict) else {}
            id = self.id_of(layer) or id
        return Manifest(
            base.address,
            spec,
            base.body,
            base.source,
            tuple(layer.source for layer in layers),
            id,
            base.labels,
            lifecycle_of(lifecycle),
        )

    def canonical(self, draft: Draft, references: References) -> Object:
        """The draft's body resolved, checked, in canonical words, without what the server assigns."""
        folder = os.path.dirname(os.path.normpath(os.path.join(self.home, draft.source.path)))  # noqa: PTH118, PTH120
        references.resolve(draft, folder)
        self.findings.items += check_fields(
            draft.kind, draft.body, address=draft.address, source=draft.source, loading=True
        )
        spec, clashes = canonical_words(draft.kind, draft.body)
        if "tools" in draft.body and "tool_ids" in draft.body:
            clashes = tuple(pointer for pointer in clashes if pointer != "/tools")
            self.findings.error(
                TOOLS,
                "tools and tool_ids name the same set twice",
                source=draft.source,
                pointer="/tool_ids",
                hint="keep tools (names and references)",
                address=draft.address,
            )
        for pointer in clashes:
            self.findings.error(
                FIELD,
                f"two spellings of {pointer} with different values",
                source=draft.source,
                pointer=pointer,
                hint="keep one of them",
                address=draft.address,
            )
        spec, dropped = without_server_fields(draft.kind, spec)
        self.findings.items += [server_field_warning(pointer, draft.address, draft.source) for pointer in dropped]
        return spec

    def id_of(self, draft: Draft) -> str | None:
        if draft.id is None:
            return None
        several = self.project.file is not None and len(self.project.workspaces) > 1
        return choose_id(draft, self.workspace.name, self.project.workspaces, self.findings, several=several)

    def elsewhere(self, whole: Sequence[str], given: Sequence[str]) -> frozenset[Address]:
        """Addresses in the files that were not asked for; what is wrong in them is not said now."""
        if not given:
            return frozenset()
        other = _Run(self.project, self.workspace, self.tree, self.allow_literals)
        return frozenset(draft.address for draft in other.read(whole, (self.home, *whole)).drafts)

    def read_digest_of_project(self) -> None:
        if self.project.file is not None:
            self._bytes(self.project.file, relative(self.project.file, self.home))

    def digest(self) -> str:
        """Over the path and the bytes of every file that was read."""
        total = sha256()
        for path, digest in sorted(self.digests.items()):
            total.update(path.encode("utf-8", "surrogateescape") + b"\0" + digest)
        return f"sha256:{total.hexdigest()}"
