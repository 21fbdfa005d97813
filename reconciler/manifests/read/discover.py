"""Manifest files -> drafts: what lies under the paths asked for and in the overlay folders, with a digest of all."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.manifests.read.detect_kind import LARGEST, by_name
from reconciler.manifests.read.envelope import read_document
from reconciler.manifests.read.parse_cache import Documents
from reconciler.manifests.read.raw_manifest import PassedOver, RawManifest
from reconciler.manifests.tree.decode import MAX_BYTES
from reconciler.manifests.tree.file_search import Search
from reconciler.manifests.tree.file_tree import SUFFIXES, Tree, Unreadable, relative
from reconciler.manifests.tree.problems import FILE, FOREIGN, OVERLAY, SIZE, Findings
from reconciler.manifests.tree.repository import LinkBoundary, link_boundary_of
from reconciler.types.diagnostic import Source, Span
from reconciler.types.json import join
from reconciler.types.manifest import Moved, Removed
from reconciler.types.project import Project, Workspace

if TYPE_CHECKING:
    from reconciler.core.planning.resource_verdicts import ResourceVerdict, ResourceVerdicts


@dataclass(slots=True)
class Discovered:
    """What the documents of some files declare."""

    drafts: list[RawManifest] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    passed: list[PassedOver] = field(default_factory=list)
    """What was read as none of these."""


class Discovery:
    """Reads files of one project; what is wrong with them goes to `findings`."""

    def __init__(
        self,
        project: Project,
        workspace: Workspace,
        tree: Tree,
        findings: Findings,
        known: Documents | None = None,
        verdicts: ResourceVerdicts | None = None,
    ) -> None:
        self.project = project
        self.workspace = workspace
        self.tree = tree
        self.home = project.home
        self.findings = findings
        self.documents = known or Documents()
        self.verdicts = verdicts
        self.digests: dict[str, bytes] = {}
        self.manifests_only: set[str] = set()
        """The files that hold manifests and nothing else."""
        self.reach = link_boundary_of(project)

    def overlay_folders(self) -> list[str]:
        """Every workspace's overlay folders, by every name that they have: none of them holds base manifests."""
        named = [
            os.path.normpath(os.path.join(self.home, folder))  # noqa: PTH118
            for workspace in self.project.workspaces.values()
            for folder in workspace.overlays
        ]
        return [*named, *map(self.tree.real, named)]

    def read(
        self,
        starts: Sequence[str],
        *,
        explicit: Sequence[str] = (),
        each: Callable[[RawManifest], None] = lambda draft: None,
    ) -> Discovered:
        """What the files under `starts` declare; `each` is handed every draft as soon as its file was read."""
        search = self._search(self.reach.and_around(*starts), (*self.overlay_folders(), *self.project.own_files))
        files: dict[str, None] = {}
        for start in starts:
            if self.tree.is_folder(start):
                files.update(dict.fromkeys(search.files(start)))
            elif start not in search.skip:
                files[start] = None
        items = Discovered()
        for path in sorted(files):
            known = len(items.drafts)
            self._collect(path, items, given=path in explicit)
            for draft in items.drafts[known:]:
                each(draft)
        return items

    def _collect(self, path: str, items: Discovered, *, given: bool = False, overlay: bool = False) -> None:
        shown = relative(path, self.home)
        if not path.lower().endswith(SUFFIXES):
            items.passed += self._unread(path, shown)
            return
        data = self._bytes(path, shown)
        if data is None:
            return
        if self.verdicts is not None and not overlay:
            verdicts = self.verdicts.of_file(shown, self.digests[shown])
            if verdicts:
                items.drafts += [self._unparsed(shown, verdict) for verdict in verdicts]
                return
        passed: list[PassedOver] = []
        before = len(items.drafts)
        ours = True
        documents = self.documents.read(data, shown, self.digests[shown], self.findings)
        for document in documents:
            for item in read_document(
                document, shown, self.findings, self.workspace.kinds, given=given, overlay=overlay
            ):
                if isinstance(item, RawManifest):
                    item.known = document.known
                    items.drafts.append(item)
                    continue
                ours = False
                if isinstance(item, Moved):
                    items.moved.append(item)
                elif isinstance(item, Removed):
                    items.removed.append(item)
                else:
                    passed.append(item)
        self.documents.expect(shown, len(items.drafts) - before if ours else 0)
        if ours:
            self.manifests_only.add(shown)
        items.passed += passed[:1] if len(passed) == len(documents) else passed

    def _unparsed(self, shown: str, verdict: ResourceVerdict) -> RawManifest:
        return RawManifest(
            verdict.address,
            self.workspace.kinds.get(verdict.kind),
            {},
            Source(shown, verdict.document, verdict.base),
            labels=dict(verdict.labels),
            verdict=verdict,
        )

    def _unread(self, path: str, shown: str) -> list[PassedOver]:
        """A file that is read as no manifest because of its name, where it was meant as one."""
        try:
            looks = by_name(os.path.basename(path), self.tree.start(path, LARGEST), self.workspace.kinds)  # noqa: PTH119
        except Unreadable:
            return []
        return [] if looks is None else [PassedOver(Source(shown), *looks)]

    def report_passed(self, passed: Sequence[PassedOver], used: Callable[[], Collection[str]]) -> None:
        """Say which files are read as nothing at all, save those that are `used` (absolute paths) otherwise."""
        known: set[str] | None = None
        for over in passed:
            if known is None:
                known = {self.tree.real(path) for path in used()}
            if self.tree.real(os.path.normpath(os.path.join(self.home, over.source.path))) not in known:  # noqa: PTH118
                summary = f"passed over: {over.looks}"
                self.findings.warning(FOREIGN, summary, source=over.source, pointer="", hint=over.hint)

    def report_beside(self) -> None:
        """Say which other project files are not read, save those that are said already."""
        said = {item.source.path for item in self.findings.items if item.source is not None}
        for path in self.project.beside:
            shown = relative(path, self.home)
            if shown not in said:
                own = relative(self.project.file or "", self.project.root)
                self.findings.warning(
                    FOREIGN,
                    f"passed over: it is called like a project file, and the one that counts is {own}",
                    span=Span(shown, 1, 1),
                    hint="keep one of the two, or give the one that is meant with --project",
                )

    def overlays(self) -> Discovered:
        """The workspace's overlays: folders in the order of the project file, files by name."""
        items = Discovered()
        for index, folder in enumerate(self.workspace.overlays):
            start = os.path.normpath(os.path.join(self.home, folder))  # noqa: PTH118
            if not self.tree.is_folder(start):
                file = relative(self.project.file, self.home) if self.project.file else folder
                self.findings.error(
                    OVERLAY,
                    f"the overlay folder {folder} does not exist",
                    source=Source(file),
                    pointer=join("workspaces", self.workspace.name, "overlays", str(index)),
                    hint="paths are relative to the project file",
                )
                continue
            for path in sorted(self._search(self.reach, (), overlay=True).files(start)):
                self._collect(path, items, overlay=True)
        for source in [move.source for move in items.moved] + [drop.source for drop in items.removed]:
            summary = "Moved and Removed documents do not belong into overlays"
            self.findings.error(OVERLAY, summary, source=source, pointer="/kind")
        return items

    def _search(self, reach: LinkBoundary, skip: Sequence[str], *, overlay: bool = False) -> Search:
        return Search(self.tree, reach, self.home, self.findings, skip, self.project.exclude, overlay)

    def _bytes(self, path: str, shown: str) -> bytes | None:
        try:
            data = self.tree.read(path)
        except Unreadable as problem:
            code = SIZE if f"{MAX_BYTES // (1024 * 1024)} MB" in str(problem) else FILE
            self.findings.error(
                code, f"the file cannot be read: {problem}", span=Span(shown, 1, 1), hint=problem.hint
            )
            return None
        self.digests[shown] = sha256(data).digest()
        return data

    def read_project_file(self) -> None:
        """Take the project file into the digest."""
        if self.project.file is not None:
            self._bytes(self.project.file, relative(self.project.file, self.home))

    def digest(self) -> str:
        """Over the path and the bytes of every file that was read."""
        total = sha256()
        for path, digest in sorted(self.digests.items()):
            total.update(path.encode("utf-8", "surrogateescape") + b"\0" + digest)
        return f"sha256:{total.hexdigest()}"
