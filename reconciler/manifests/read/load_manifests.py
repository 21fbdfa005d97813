"""The front door: files -> one `ManifestSet` for one workspace, with everything that is wrong in them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from reconciler.core.planning.resource_verdicts import ReadFrom, ResourceVerdicts, is_plain
from reconciler.errors import UsageError
from reconciler.manifests.read import build_manifests, cross_checks
from reconciler.manifests.read.build_manifests import ManifestBuilder
from reconciler.manifests.read.discover import Discovered, Discovery
from reconciler.manifests.read.manifest_references import Included, References
from reconciler.manifests.read.parse_cache import Documents
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.read.secrets_in_manifests import LiteralSecrets, RunSecrets
from reconciler.manifests.read.source_spans import Places, in_order
from reconciler.manifests.read.unselected_manifests import declared, referred, used_files
from reconciler.manifests.tree.file_tree import Tree, Unreadable, check_given, placed, relative
from reconciler.manifests.tree.git_tree import open_tree
from reconciler.manifests.tree.problems import FILE, SIZE, Findings
from reconciler.manifests.tree.repository import inside
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Source
from reconciler.types.manifest import Elsewhere, Manifest, ManifestSet
from reconciler.types.ports import Secrets
from reconciler.types.project import Project, Workspace


def load_manifests(
    project: Project,
    workspace: Workspace | str,
    *,
    paths: Sequence[str | os.PathLike[str]] | None = None,
    ref: str | None = None,
    allow_literal_secrets: bool = False,
    environ: Mapping[str, str] | None = None,
    texts: Mapping[str, bytes] | None = None,
    known: Documents | None = None,
    verdicts: ResourceVerdicts | None = None,
) -> tuple[ManifestSet, Secrets]:
    """Read the manifests of a project for one workspace.

    `paths` (relative to the project's root, or absolute) limit what is read; None or empty is the whole project.
    With `ref` all files come from that commit. `environ` is where `{env: X}` is looked up (the process's own
    environment by default); it is read by the returned `Secrets` only. `texts` (absolute path -> bytes) stand in for
    files as they lie there, and for files that are not there yet: what a migration would make of them. `known` keeps
    what was parsed for the next reading. `verdicts` stand for what an earlier run found in sync: of those manifests
    no more is known than they hold.

    What is wrong with files is in `ManifestSet.diagnostics`, each with its span; the manifests that are in order are
    returned beside it. Raises `UsageError` for a path, commit or workspace that does not exist.
    """
    chosen = _workspace(project, workspace)
    tree, close = _tree(project, ref, texts)
    try:
        with without_collector():
            result = None
            while result is None:  # once more where a verdict does not hold
                run = _Run(project, chosen, tree, allow_literal_secrets, known, verdicts)
                result = run.load(paths)
    finally:
        close()
    if result.paths is not None:
        result = replace(result, elsewhere=lambda: _declared(project, chosen, ref, texts))
    return result, RunSecrets(os.environ if environ is None else environ, project.home, run.literals)


def _declared(
    project: Project, workspace: Workspace, ref: str | None, texts: Mapping[str, bytes] | None
) -> Elsewhere:
    """What the files of the whole project speak of; read anew, because hardly any run asks."""
    tree, close = _tree(project, ref, texts)
    try:
        findings = Findings()
        return declared(Discovery(project, workspace, tree, findings).read(whole(project)), findings)
    finally:
        close()


def _tree(project: Project, ref: str | None, texts: Mapping[str, bytes] | None) -> tuple[Tree, Callable[[], None]]:
    tree, close = open_tree(project, ref)
    if texts:
        from reconciler.manifests.tree.file_tree import OverlaidTree

        tree = OverlaidTree(tree, texts)
    return tree, close


def whole(project: Project) -> tuple[str, ...]:
    """Where the manifests of the project lie."""
    return project.manifests or (project.home,)


def _workspace(project: Project, workspace: Workspace | str) -> Workspace:
    if isinstance(workspace, Workspace):
        return workspace
    if workspace not in project.workspaces:
        raise UsageError(f"unknown workspace {workspace!r}; known: {', '.join(project.workspaces)}")
    return project.workspaces[workspace]


@contextmanager
def without_collector() -> Iterator[None]:
    """For readings and comparisons: nothing that they build is cyclic, and looking for cycles again and again while
    thousands of objects are made costs up to a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Run:
    """One reading of a project."""

    def __init__(
        self,
        project: Project,
        workspace: Workspace,
        tree: Tree,
        allow_literals: bool,
        known: Documents | None,
        verdicts: ResourceVerdicts | None = None,
    ) -> None:
        self.project = project
        self.workspace = workspace
        self.tree = tree
        self.home = project.home
        self.findings = Findings()
        self.literals: LiteralSecrets = {}
        self.places = places_of(project, tree)
        self.allow_literals = allow_literals
        self.known = known
        self.verdicts = verdicts
        self.others: dict[Address, RawManifest] | None = None

    def load(self, paths: Sequence[str | os.PathLike[str]] | None) -> ManifestSet | None:
        """Find, read, resolve, merge, check: in this order, so that each step sees only what the last one passed.
        None where what manifests include, or what lies over them, is not what verdicts rest on."""
        if self.verdicts is not None:
            self.verdicts.begin()
        given = [placed(self.tree, self.project.base, self.home, os.fspath(path)) for path in paths or ()]
        for path, text in zip(given, paths or (), strict=True):
            check_given(self.tree, path, os.fspath(text))
        partial = bool(given) and not all(any(inside(home, path) for path in given) for home in whole(self.project))
        boundaries = (self.home, *(self._boundary(path) for path in given if not inside(path, self.home)))
        discovery = Discovery(self.project, self.workspace, self.tree, self.findings, self.known, self.verdicts)
        included = Included(self.tree, self.home, boundaries, discovery.reach.and_around(*given), discovery.digests)
        references = References(
            included,
            self.literals,
            self.findings,
            self.workspace.kinds,
            allow_literals=self.allow_literals,
            values=self.workspace.values,
        )
        builder = ManifestBuilder(self.project, self.workspace, references, self.findings, discovery.documents)
        items = discovery.read(given or whole(self.project), explicit=given, each=builder.prepare)
        bases = cross_checks.unique(items.drafts, self.places.locate, self.findings)
        over = discovery.overlays()
        layers = cross_checks.attach(bases, over.drafts, self.findings, partial=partial)
        if self.verdicts is not None and self.verdicts.drop(outdated(bases, layers, included, discovery.digests)):
            return None
        manifests = {address: builder.manifest(draft, layers.get(address, ())) for address, draft in bases.items()}
        cross_checks.check_references(
            manifests,
            [address for address in manifests if address in references.referring],
            lambda: frozenset(self.rest() if given else ()),
            self.findings,
        )
        cross_checks.check_claims(manifests, self.findings)
        cross_checks.check_twins(manifests, self.places, self.findings)
        if self.project.answered and self.project.file is not None and not given:
            file = Source(relative(self.project.file, self.home))
            cross_checks.check_answers(
                self.project.answered, manifests, list(self.workspace.kinds), file, self.findings
            )
        cross_checks.check_moves(manifests, items.moved, items.removed, self.findings)
        discovery.report_passed([*items.passed, *over.passed], lambda: set(used_files(self.project, self.tree)))
        discovery.report_beside()
        discovery.read_project_file()
        found = [diagnostic for diagnostic in self.findings.items if not self.is_told(diagnostic, included)]
        told = self.places.place(self.places.show(found), manifests)
        if self.verdicts is not None:
            drafts = [draft for draft in items.drafts if draft.source.path in discovery.manifests_only]
            where = {id(one): other for one, other in zip(found, told, strict=True)}
            own = {address: [where.get(id(one), one) for one in said] for address, said in builder.said.items()}
            others = {id(one) for said in builder.said.values() for one in said}
            rest = [one for one in self.findings.items if id(one) not in others]
            self.verdicts.was_read(read_from(drafts, manifests, references, own, rest))
        return ManifestSet(
            tuple(manifests.values()),
            tuple(items.moved),
            tuple(items.removed),
            in_order((*builder.recalled, *told)),
            discovery.digest(),
            self.tree.commit,
            {os.fspath(text): relative(path, self.home) for path, text in zip(given, paths or (), strict=True)},
            tuple(relative(path, self.home) for path in given) if partial else None,
            referred(manifests, self.rest, lambda draft: self.beside(draft, over, included), self.workspace.kinds)
            if partial
            else (),
        )

    def is_told(self, finding: Diagnostic, included: Included) -> bool:
        """Whether it is about a file as a whole that a manifest includes: that it cannot be read is said there."""
        if finding.address is not None or finding.span is None or finding.code not in (FILE, SIZE):
            return False
        return os.path.normpath(os.path.join(self.home, finding.span.path)) in included.unread  # noqa: PTH118

    def _boundary(self, path: str) -> str:
        return path if self.tree.is_folder(path) else os.path.dirname(path)  # noqa: PTH120

    def rest(self) -> Mapping[Address, RawManifest]:
        """The drafts of the whole project, read when something asks; what is wrong in them is not said now."""
        if self.others is None:
            other = Discovery(self.project, self.workspace, self.tree, Findings(), self.known)
            self.others = {draft.address: draft for draft in reversed(other.read(whole(self.project)).drafts)}
        return self.others

    def beside(self, draft: RawManifest, over: Discovered, included: Included) -> Manifest:
        """A manifest that was not asked for. Raises `ValueError` where it is not in order."""
        findings = Findings()
        references = References(
            included,
            self.literals,
            findings,
            self.workspace.kinds,
            allow_literals=self.allow_literals,
            values=self.workspace.values,
        )
        layers = cross_checks.attach({draft.address: draft}, over.drafts, findings, partial=True)
        builder = ManifestBuilder(self.project, self.workspace, references, findings)
        made = builder.manifest(draft, layers.get(draft.address, ()))
        if findings.has_errors:
            raise ValueError(findings.items[0].summary)
        return made


def outdated(
    bases: Mapping[Address, RawManifest],
    layers: Mapping[Address, Sequence[RawManifest]],
    included: Included,
    digests: Mapping[str, bytes],
) -> Iterator[Address]:
    """The manifests whose verdicts rest on other overlays or included files than there are now."""
    for address, base in bases.items():
        verdict = base.verdict
        if verdict is None or not (verdict.overlays or verdict.included or address in layers):
            continue
        sources = [layer.source for layer in layers.get(address, ())]
        same = verdict.overlays == tuple((one.path, one.document, one.base) for one in sources)
        found = [digests[one.path] for one in sources] if same else []
        if not same or (*found, *map(included.digest, verdict.included)) != verdict.digests:
            yield address


def read_from(
    drafts: Sequence[RawManifest],
    manifests: Mapping[Address, Manifest],
    references: References,
    own: Mapping[Address, Sequence[Diagnostic]],
    others: Sequence[Diagnostic],
) -> dict[str, list[ReadFrom | None]]:
    """By file, what each manifest was read from, with the findings about its `own` text; None for one that refers to
    something or that `others` are about. What was not parsed is left out."""
    included, digests = references.included, references.included.digests
    said: set[object] = {item.address for item in others}
    said |= {place.path for item in others for place in (item.source, item.span) if place is not None}
    found: dict[str, list[ReadFrom | None]] = {}
    for draft in drafts:
        if draft.verdict is not None:
            continue
        manifest = manifests[draft.address]
        readers = [
            draft.address,
            *([Address(draft.kind.name, build_manifests.DEFAULTS)] if manifest.defaults else []),
        ]
        words = {word for reader in readers for word in references.words.get(reader, ())}
        files = tuple(dict.fromkeys(file for reader in readers for file in included.used.get(reader, ())))
        paths = (draft.source.path, *(one.path for one in manifest.overlays), *files)
        usable = (
            draft.address not in said
            and said.isdisjoint((*paths, *(one.path for one in manifest.defaults)))
            and is_plain(manifest, words)
            and all(path in digests for path in paths)
        )
        found.setdefault(draft.source.path, []).append(
            ReadFrom(
                manifest, digests[paths[0]], files, tuple(digests[path] for path in paths[1:]),
                tuple(own.get(draft.address, ())),
            ) if usable else None
        )  # fmt: skip
    return found


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
        return places_of(project, tree).place(diagnostics, {item.address: item for item in manifests})
    finally:
        close()


def places_of(project: Project, tree: Tree) -> Places:
    """Where things stand in the files of `tree`, shown relative to the root of the project."""

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
