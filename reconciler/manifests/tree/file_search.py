"""Which files under a folder are manifests: every one is read, or it is said why not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.core.text import any_matches
from reconciler.manifests.tree.file_tree import OVERLAYS, SUFFIXES, Tree, Unreadable, relative
from reconciler.manifests.tree.problems import FILE, Findings
from reconciler.manifests.tree.repository import GIT, LinkBoundary, inside
from reconciler.types.diagnostic import Span

LINES = (".jsonl", ".ndjson")
"""Never a manifest, and often taken for one."""
READ = (*SUFFIXES, *LINES)
MARKDOWN = frozenset({"md", "markdown", "mdown", "mdwn", "mkd", "mkdn", "mdx", "mdc", "rmd", "qmd"})
_KIN = MARKDOWN | {
    *("yaml", "yml", "yamls", "json", "jsonc", "json5", "hjson", "toml", "txt", "text", "cue", "jsonnet"),
    *("j2", "jinja", "jinja2", "tpl", "tmpl", "gotmpl", "template", "erb", "hbs", "mustache", "liquid"),
}
"""Parts of the names of files that are written like manifests, or made into them."""
_COPIES = ("~", ".bak", ".orig", ".rej", ".swp", ".tmp")
"""What editors and merges leave behind is meant for nobody."""
MOST = 5
"""So many links of a circle are named."""
STEPS = 1_000
"""After so many links on the way to one file they are taken to lead in a circle."""


@dataclass(slots=True)
class Search:
    """Walks folders of one project. Hidden entries, folders called `overlays` (unless `overlay`), the paths in `skip`
    and what the project file excludes are left out.

    A link is followed where it leads into `reach`, a folder once; any other is an error, as are folders that cannot
    be read and submodules that are not there. Findings bear paths relative to `home`.
    """

    tree: Tree
    reach: LinkBoundary
    home: str
    findings: Findings
    skip: Sequence[str] = ()
    exclude: Sequence[str] = ()
    overlay: bool = False
    _walked: set[str] = field(default_factory=set)
    """Folders, without links."""
    _folders: list[str] = field(default_factory=list)
    """Links to folders, still to be followed."""
    _links: list[str] = field(default_factory=list)
    """Links to files, still to be read."""
    _files: set[str] = field(default_factory=set)
    _missed: set[str] = field(default_factory=set)
    """Submodules that were said not to be there."""
    _circles: set[str] = field(default_factory=set)
    """Links in a circle that was said."""

    def files(self, start: str) -> Iterator[str]:
        """Manifest files, and those that may have been meant as such, under the folder `start`, at any depth.

        What a link leads to is read at its own place where it has one among the manifests; so links come last.
        """
        if self.tree.is_folder(start) and not self._allowed(start):
            return
        self._absent(start, start)
        yield from self._walk(start)
        while self._folders:
            self._folders.sort(reverse=True)
            path = self._folders.pop()
            self._absent(path, start)
            yield from self._walk(path)
        for path in self._links:
            real = self.tree.real(path)
            if real not in self._files or os.path.basename(real) != os.path.basename(path):  # noqa: PTH119
                yield path
        self._links.clear()

    def _walk(self, start: str) -> Iterator[str]:
        folders = [start]
        while folders:
            folder = folders.pop()
            real = self.tree.real(folder)
            if real in self._walked:
                continue
            self._walked.add(real)
            entries = self._entries(folder)
            if not entries:
                self._absent(folder, start)
            for path, is_folder, is_link in entries:
                name = os.path.basename(path)  # noqa: PTH119
                if name == GIT and folder != start:
                    self._absent(folder, start)
                if self.passes(path, is_folder) or (is_link and not self._allowed(path)):
                    continue
                if is_folder:
                    (self._folders if is_link else folders).append(path)
                elif not (name.lower().endswith(READ) or is_kin(name)):
                    continue
                elif is_link:
                    self._links.append(path)
                else:
                    self._files.add(path if real == folder else os.path.join(real, name))  # noqa: PTH118
                    yield path

    def passes(self, path: str, is_folder: bool) -> bool:
        """Whether an entry is none of ours by its name or place."""
        name = os.path.basename(path)  # noqa: PTH119
        if name.startswith(".") or path in self.skip or (is_folder and name == OVERLAYS and not self.overlay):
            return True
        return bool(self.exclude) and any_matches(relative(path, self.home), self.exclude) is not None

    def _entries(self, folder: str) -> list[tuple[str, bool, bool]]:
        try:
            return sorted(self.tree.children(folder))
        except Unreadable as problem:
            self._error(folder, f"the folder cannot be read: {problem}", problem.hint)
            return []

    def _allowed(self, path: str) -> bool:
        """Whether what `path` leads to may be read, and is there."""
        real = self.tree.real(path)
        if real in self.skip:
            return False
        if not self.reach.holds(real):
            self._error(path, "a link that leaves the repository", "replace it by what it points to")
            return False
        if self.tree.is_folder(path) or self.tree.is_file(path):
            return True
        around = circle(self.tree, path)
        if path not in around:
            self._error(path, "a link that leads nowhere", "mend or remove it")
        elif self._circles.isdisjoint(around):
            self._circles |= around
            others = sorted(os.path.basename(one) for one in around if one != path)  # noqa: PTH119
            through = f", over {', '.join(others[:MOST])}" if others else ""
            self._error(path, f"a link that leads back to itself{through}", "mend or remove it")
        return False

    def _absent(self, folder: str, start: str) -> None:
        for module in self.tree.absent(folder):
            path = module.path
            if path in self._missed:
                continue
            self._missed.add(path)
            if inside(path, start) and any(self.passes(step, True) for step in _steps(path, start)):
                continue
            self._error(path, module.why, "run `git submodule update --init --recursive`")

    def _error(self, path: str, summary: str, hint: str | None) -> None:
        self.findings.error(FILE, summary, span=Span(relative(path, self.home), 1, 1), hint=hint)


def _steps(path: str, start: str) -> Iterator[str]:
    """`path` and the folders above it, up to below `start`."""
    while path != start:
        yield path
        path = os.path.dirname(path)  # noqa: PTH120


def circle(tree: Tree, path: str) -> frozenset[str]:
    """The links of the circle that `path` leads into; none where its way comes to an end."""
    here, trail = os.sep, list[str]()
    rest = _parts(path)
    while rest:
        part = rest.pop()
        here = os.path.dirname(here) if part == os.pardir else os.path.join(here, part)  # noqa: PTH118, PTH120
        target = tree.link(here)
        if target is None:
            continue
        if len(trail) == STEPS:
            return frozenset(trail[trail.index(here) :] if here in trail else trail)
        trail.append(here)
        here = os.sep if os.path.isabs(target) else os.path.dirname(here)  # noqa: PTH117, PTH120
        rest += _parts(target)
    return frozenset()


def _parts(path: str) -> list[str]:
    return [part for part in path.replace(os.sep, "/").split("/") if part not in ("", os.curdir)][::-1]


def is_kin(name: str) -> bool:
    """Whether a file of this name may have been meant as a manifest, although it is read as none."""
    plain = name.lower()
    return not plain.endswith(_COPIES) and not _KIN.isdisjoint(plain.split(".")[1:])
